using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Events;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Tests;

/// <summary>Events of sidecars over a real socket, into a real spool.</summary>
public sealed class EventsEndpointTests : IAsyncLifetime, IDisposable
{
    private const int SpoolBytes = 4 << 20;

    private static readonly JsonSerializerOptions Unescaped = new(ProtocolJson.Default.Options)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.Create(System.Text.Unicode.UnicodeRanges.All),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-events").FullName;
    private readonly Sink _sink = new();
    private readonly HttpClient _http = new();
    private WebApplication _app = null!;
    private EventSpool _spool = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _spool = new EventSpool(_folder, SpoolBytes, TimeProvider.System);
        var callers = new CallerAuthenticator(new CallerAuthenticatorTests.Reviewer(), TimeProvider.System);
        new EventsEndpoint(callers, _sink, _spool, TimeSpan.FromSeconds(10)).Map(_app);
        await _app.StartAsync();
        _http.BaseAddress = new Uri(_app.Urls.First());
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        _spool.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Events_AreTakenInTheCallersNamespaceOnly()
    {
        using var answer = await PostAsync("shop", Line(Event("bank")) + Line(Event("shop")));

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal(["shop", "shop"], _sink.Events.Select(e => e.Namespace));
        Assert.All(await SpooledAsync(), line => Assert.Equal("shop", line.Namespace));
    }

    public static TheoryData<string, int> BadLines => new()
    {
        { "not json", 400 },
        { "{\"format\":\"other\"}", 400 },
        { Line(Event("shop")).Replace("waf-event/v1", "waf-event/v0", StringComparison.Ordinal), 400 },
        { new string('x', 100 << 10), 413 },
        // Shorter than the bound as it came, longer once it is written: every character becomes an escape.
        { Long('\u0085'), 413 },
    };

    /// <summary>A line alone is refused with a status; among others it is left out, counted and said.</summary>
    [Theory, MemberData(nameof(BadLines))]
    public async Task ALineThatIsNone_IsLeftOut_AndItsNeighboursAreTaken(string bad, int status)
    {
        using var alone = await PostAsync("shop", bad.TrimEnd('\n'));
        Assert.Equal(status, (int)alone.StatusCode);

        using var among = await PostAsync("shop", $"{Line(Event("shop"))}{bad.TrimEnd('\n')}\n{Line(Event("shop"))}");

        Assert.Equal(HttpStatusCode.Accepted, among.StatusCode);
        Assert.Equal("1", Assert.Single(among.Headers.GetValues(EventsEndpoint.DroppedHeader)));
        Assert.Equal(2, _sink.Dropped.Count);
        Assert.Equal(2, (await SpooledAsync()).Count);
    }

    [Fact]
    public async Task ALineIsNotLonger_ThanItWas()
    {
        // What a default encoder makes six bytes of each.
        var sent = Event("shop") with { Message = string.Concat(Enumerable.Repeat("<ü&'+>", 80)) };
        using var answer = await PostAsync("shop", Line(sent));

        Assert.Equal(sent.Message, Assert.Single(await SpooledAsync()).Message);
    }

    [Theory]
    [InlineData("rules", "[null]")]
    [InlineData("rules", "null")]
    [InlineData("models", "[null,null]")]
    [InlineData("exclusions", "[null]")]
    [InlineData("coverage", "{\"limits\":[null],\"uninspected\":null}")]
    [InlineData("behaviour", "{\"risk\":1e308,\"by\":null,\"action\":null}")]
    [InlineData("bot", "{\"reasons\":[null]}")]
    [InlineData("reason", "null")]
    [InlineData("policy", "null")]
    public async Task NullWhereThereShouldBeNone_DoesNoHarm(string name, string value)
    {
        var line = System.Text.Json.Nodes.JsonNode.Parse(Line(Event("shop")))!;
        line[name] = System.Text.Json.Nodes.JsonNode.Parse(value);

        using var answer = await PostAsync("shop", line.ToJsonString() + "\n" + Line(Event("shop")));

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.InRange(_sink.Events.Count, 1, 2);
        Assert.NotEmpty(await SpooledAsync());
    }

    [Fact]
    public async Task ManyBadLines_EndTheCall()
    {
        using var answer = await PostAsync("shop", string.Concat(Enumerable.Repeat("x\n", 5_000)));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.InRange(_sink.Dropped.Count, 1, 200);
    }

    [Fact]
    public async Task ABodyThatIsTooLong_IsRefused()
    {
        using var answer = await PostAsync(
            "shop", string.Concat(Enumerable.Repeat(Line(Event("shop")), 4_000)) + new string('\n', 600_000));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Empty(_sink.Events);
    }

    /// <summary>
    /// Calls of one namespace are bounded, and those that hold their bodies back are let go; others are served
    /// meanwhile.
    /// </summary>
    [Fact]
    public async Task CallsOfANamespace_AreBounded_AndTakeNothingFromOthers()
    {
        var slow = Enumerable.Range(0, 3 * EventsEndpoint.CallsPerNamespaceMax).Select(_ => SlowPost.SendAsync(
            _http.BaseAddress!, "shop", 500_000, 1_000, "/v1/events")).ToList();
        await Task.WhenAny(slow).WaitAsync(TimeSpan.FromMinutes(1));

        using var other = await PostAsync("bank", Line(Event("bank")));
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);

        var answers = await Task.WhenAll(slow).WaitAsync(TimeSpan.FromSeconds(60));
        var refused = answers.Count(answer => answer.StartsWith("HTTP/1.1 429", StringComparison.Ordinal));
        var ended = answers.Count(answer => answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal));
        Assert.InRange(refused, 1, 2 * EventsEndpoint.CallsPerNamespaceMax);
        Assert.Equal(slow.Count, refused + ended);
        using var again = await PostAsync("shop", Line(Event("shop")));
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
    }

    [Fact]
    public async Task ANamespaceThatFillsItsPart_IsSentAway_AndOthersAreNot()
    {
        // Texts that do not get much shorter when they are compressed.
        var many = string.Concat(Enumerable.Range(0, 500).Select(_ => Line(Event("shop") with
        {
            Message = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(250)),
        })));
        HttpResponseMessage answer;
        var calls = 0;
        do
        {
            answer = await PostAsync("shop", many);
            Assert.True(++calls < 1_000, "the spool is never full");
        }
        while (answer.StatusCode is HttpStatusCode.Accepted && _spool.Bytes < SpoolBytes);

        // Compressed it may take more than was sent: only the bound counts.
        Assert.InRange(_spool.Bytes, 0, SpoolBytes);
        using var other = await PostAsync("bank", Line(Event("bank")));
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    private static SecurityEvent Event(string ns) => new()
    {
        Id = "1", Time = DateTimeOffset.UnixEpoch, Namespace = ns, Policy = "front", Revision = "r1",
        Client = "192.0.2.1", Method = "GET", Path = "/", Verdict = VerdictKind.Block, Reason = "Rules",
    };

    private static string Line(SecurityEvent e) =>
        JsonSerializer.Serialize(e, ProtocolJson.Default.SecurityEvent) + "\n";

    /// <summary>An event of rules whose excerpts consist of a character, in as few bytes as it takes.</summary>
    private static string Long(char c) => JsonSerializer.Serialize(
        Event("shop") with
        {
            Rules = [.. Enumerable.Range(0, 20)
                .Select(i => new RuleMatch { Id = i, Message = new string(c, 500), Data = new string(c, 200) })],
        },
        Unescaped).Replace("\\u0085", "\u0085", StringComparison.Ordinal);

    private async Task<HttpResponseMessage> PostAsync(string token, string lines)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events")
        {
            Content = new StringContent(lines, Encoding.UTF8, "application/x-ndjson"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await _http.SendAsync(request);
    }

    private async Task<List<SecurityEvent>> SpooledAsync()
    {
        var found = new List<SecurityEvent>();
        while (await _spool.TakeAsync(TimeSpan.FromSeconds(2), CancellationToken.None) is { } batch)
        {
            found.AddRange(EventSpoolTests.LinesOf(batch.File)
                .Select(line => JsonSerializer.Deserialize(line, ProtocolJson.Default.SecurityEvent)!));
            _spool.Remove(batch.Name);
        }

        return found;
    }

    private sealed class Sink : IEventSink
    {
        public List<SecurityEvent> Events { get; } = [];

        public List<string> Dropped { get; } = [];

        public void Accept(SecurityEvent securityEvent)
        {
            lock (Events) Events.Add(securityEvent);
        }

        public void Drop(string ns, string reason)
        {
            lock (Dropped) Dropped.Add(reason);
        }
    }
}
