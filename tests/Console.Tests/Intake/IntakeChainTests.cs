using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Postgres;
using WafOperator.Console.Tests.Store;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Events;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Intake;

/// <summary>
/// The way of an event over real sockets: sidecar's call, the operator's spool, the console's fetching, PostgreSQL.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class IntakeChainTests(PostgresServer server) : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-spool").FullName;
    private readonly HttpClient _http = new();
    private readonly CancellationTokenSource _stop = new();
    private WebApplication _operator = null!;
    private EventSpool _spool = null!;
    private PostgresEventStore _store = null!;
    private Task _fetching = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _store = new PostgresEventStore(await server.NewDatabaseAsync());
        await _store.InitializeAsync(default);
        await StartOperatorAsync(1 << 30);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _fetching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _operator.DisposeAsync();
        await _store.DisposeAsync();
    }

    public void Dispose()
    {
        _spool?.Dispose();
        _http.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AnEvent_CanBeFound_WithinFiveSeconds_AndLeavesTheSpool()
    {
        Fetch();
        var sent = Event();
        Assert.Equal(HttpStatusCode.Accepted, await PostAsync(sent));
        var at = DateTimeOffset.UtcNow;

        await EventuallyAsync(async () => await _store.FindAsync("shop", sent.Id, default) is not null);

        Assert.InRange(DateTimeOffset.UtcNow - at, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        // Whose event it is, the operator knows by the caller's token, whatever the event says.
        Assert.Equal("shop", (await _store.FindAsync("shop", sent.Id, default))!.Row.Namespace);
        await EventuallyAsync(() => Task.FromResult(_spool.Batches == 0));
    }

    [Fact]
    public async Task NothingIsLost_WhileConsoleDatabaseAndOperatorComeAndGo()
    {
        Fetch();
        var sent = new List<string>();
        await SendAsync(30);
        await server.StopAsync();
        await SendAsync(200);
        await Task.Delay(1_500);
        // The operator is replaced while the database is away: its spool is a folder.
        await RestartOperatorAsync();
        await SendAsync(200);
        await server.StartAsync();
        await SendAsync(30);

        await EventuallyAsync(async () => await CountAsync() >= sent.Count, seconds: 60);

        Assert.Equal(sent.Order(StringComparer.Ordinal), (await IdsAsync()).Order(StringComparer.Ordinal));

        async Task SendAsync(int count)
        {
            foreach (var some in Enumerable.Range(0, count).Select(_ => Event()).Chunk(10))
            {
                Assert.Equal(HttpStatusCode.Accepted, await PostAsync(some));
                sent.AddRange(some.Select(e => e.Id));
            }
        }
    }

    [Fact]
    public async Task AFullSpool_SendsSendersAway_AndCountsNothingTwice()
    {
        await _operator.DisposeAsync();
        _spool.Dispose();
        await StartOperatorAsync(bytesMax: 20_000);
        var (taken, refused) = (0, 0);
        for (var i = 0; i < 200 && refused == 0; i++)
        {
            if (await PostAsync(Event(), Event()) is HttpStatusCode.Accepted) taken += 2;
            else refused++;
            await Task.Delay(i % 20 == 19 ? 600 : 0);
        }

        Assert.Equal(1, refused);
        Fetch();
        await EventuallyAsync(async () => await CountAsync() == taken);
        await EventuallyAsync(async () => await PostAsync(Event()) is HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task ALineThatIsNoEvent_DoesNotHoldUpTheOthers()
    {
        var good = Event();
        var intake = new EventIntake(_store, TestEvents.KeepFor, TimeProvider.System);
        using var lines = new MemoryStream();
        foreach (var line in new[] { "{", "null", "[]", "{\"id\":1}", "",
            JsonSerializer.Serialize(Event() with { Id = "x" }, ProtocolJson.Default.SecurityEvent) })
            lines.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        lines.Write(JsonSerializer.SerializeToUtf8Bytes(good, ProtocolJson.Default.SecurityEvent));
        lines.Write("\n{\"format\":\"waf-event/v1\",\"id\":\"cut of"u8);
        lines.Position = 0;

        var result = await intake.AddAsync(lines, default);

        Assert.Equal(new IntakeResult(1, 0, 5), result);
        Assert.NotNull(await _store.FindAsync("another", good.Id, default));
    }

    [Fact]
    public async Task ALineThatIsTooLong_IsLeftOut_AndWhatComesBehindItIsKept()
    {
        var (first, second) = (Event(), Event());
        var intake = new EventIntake(_store, TestEvents.KeepFor, TimeProvider.System);
        using var lines = new MemoryStream();
        void Write(string line) => lines.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        Write(JsonSerializer.Serialize(first, ProtocolJson.Default.SecurityEvent));
        Write(new string('x', EventBounds.LineBytesMax + 1));
        Write(JsonSerializer.Serialize(
            Event() with { Message = new string('<', 700_000) }, ProtocolJson.Default.SecurityEvent));
        Write(JsonSerializer.Serialize(second, ProtocolJson.Default.SecurityEvent));
        lines.Position = 0;

        Assert.Equal(new IntakeResult(2, 0, 2), await intake.AddAsync(lines, default));
        Assert.Equal(
            new[] { first.Id, second.Id }.Order(StringComparer.Ordinal),
            (await IdsAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ABatchThatIsDamaged_IsGivenUp_AfterAFewTries()
    {
        var (given, removed) = (0, 0);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var broken = builder.Build();
        broken.MapGet("/v1/batches", (HttpContext context) =>
        {
            given++;
            context.Response.Headers["Waf-Batch"] = "damaged";
            return Results.Bytes(new byte[100], "application/x-ndjson");
        });
        broken.MapDelete("/v1/batches/damaged", () =>
        {
            removed++;
            return Results.NoContent();
        });
        await broken.StartAsync();
        var fetcher = new BatchFetcher(
            new FetchOptions(new Uri(broken.Urls.First() + "/"), "127.0.0.1", null, null),
            new EventIntake(_store, TestEvents.KeepFor, TimeProvider.System), TimeProvider.System,
            NullLogger<BatchFetcher>.Instance);
        _fetching = fetcher.RunAsync(_stop.Token);

        await EventuallyAsync(() => Task.FromResult(removed > 0));

        Assert.True(given >= 3);
    }

    [Fact]
    public async Task Batches_AreTheConsolesOnly()
    {
        foreach (var token in new[] { "shop", "console-of-another-namespace", "nobody" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_http.BaseAddress!, "v1/batches"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var answer = await _http.SendAsync(request);
            Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized });
        }
    }

    private static SecurityEvent Event() => TestEvents.Attack(DateTimeOffset.UtcNow, ns: "another");

    private void Fetch()
    {
        var tokenFile = Path.Combine(_folder, "token");
        File.WriteAllText(tokenFile, "console");
        var fetcher = new BatchFetcher(
            new FetchOptions(_http.BaseAddress!, "127.0.0.1", tokenFile, null),
            new EventIntake(_store, TestEvents.KeepFor, TimeProvider.System), TimeProvider.System,
            NullLogger<BatchFetcher>.Instance);
        _fetching = fetcher.RunAsync(_stop.Token);
    }

    private async Task<HttpStatusCode> PostAsync(params SecurityEvent[] events)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_http.BaseAddress!, "v1/events"))
        {
            Content = new StringContent(
                string.Join('\n', events.Select(e => JsonSerializer.Serialize(e, ProtocolJson.Default.SecurityEvent)))),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "shop");
        using var answer = await _http.SendAsync(request);
        return answer.StatusCode;
    }

    private async Task<int> CountAsync() => (await IdsAsync()).Count;

    private async Task<List<string>> IdsAsync()
    {
        try
        {
            var ids = new List<string>();
            var query = new EventQuery { Scope = AccessScope.All, Limit = 500 };
            while (true)
            {
                var page = await _store.ListAsync(query, default);
                ids.AddRange(page.Items.Select(e => e.Id));
                if (page.Next is null) return ids;
                query = query with { After = PageCursor.Parse(page.Next) };
            }
        }
        catch (StoreException)
        {
            return [];
        }
    }

    private async Task StartOperatorAsync(long bytesMax)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(_http.BaseAddress is { } known ? known.GetLeftPart(UriPartial.Authority)
            : "http://127.0.0.1:0");
        _operator = builder.Build();
        _spool = new EventSpool(Path.Combine(_folder, "spool"), bytesMax, TimeProvider.System);
        var callers = new CallerAuthenticator(new Reviewer(), TimeProvider.System);
        new EventsEndpoint(callers, new Nothing(), _spool).Map(_operator);
        new BatchEndpoint(_spool, callers, "waf-system", "waf-console").Map(_operator);
        await _operator.StartAsync();
        _http.BaseAddress ??= new Uri(_operator.Urls.First() + "/");
    }

    private async Task RestartOperatorAsync()
    {
        await _operator.DisposeAsync();
        _spool.Dispose();
        await StartOperatorAsync(1 << 30);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition, int seconds = 30)
    {
        var until = DateTimeOffset.UtcNow.AddSeconds(seconds);
        while (!await condition())
        {
            Assert.True(DateTimeOffset.UtcNow < until, "it did not come about in time");
            await Task.Delay(50);
        }
    }

    private sealed class Reviewer : ITokenReviewer
    {
        public Task<TokenReviewResult> ReviewAsync(string token, CancellationToken cancellationToken) =>
            Task.FromResult(token switch
        {
            "shop" => new TokenReviewResult(true, "system:serviceaccount:shop:default", null),
            "console" => new TokenReviewResult(true, "system:serviceaccount:waf-system:waf-console", null),
            "console-of-another-namespace" => new TokenReviewResult(true, "system:serviceaccount:shop:waf-console",
                null),
            _ => new TokenReviewResult(false, null, "unknown"),
        });
    }

    private sealed class Nothing : IEventSink
    {
        public void Accept(SecurityEvent securityEvent)
        {
        }

        public void Drop(string ns, string reason)
        {
        }
    }
}
