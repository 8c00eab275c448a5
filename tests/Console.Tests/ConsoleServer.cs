using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using WafOperator.Console.Access;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Sqlite;

namespace WafOperator.Console.Tests;

/// <summary>
/// The console on a socket, with its embedded store. Tokens are user names; what users may do is a table, where the
/// cluster
/// would be asked.
/// </summary>
public sealed class ConsoleServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ConsoleServer(WebApplication app, IEventStore store, Uri address) =>
        (_app, Store, Address) = (app, store, address);

    public IEventStore Store { get; }

    public Uri Address { get; }

    /// <summary>Ann sees all and may do all, Sue the namespace shop, Bob the namespace bank without labels.</summary>
    public static async Task<ConsoleServer> StartAsync(ConsoleOptions? options = null)
    {
        var folder = Directory.CreateTempSubdirectory("waf-console").FullName;
        var store = new SqliteEventStore(Path.Combine(folder, "events.db"));
        var table = new AccessTable();
        var gate = new Gatekeeper([table], table, store, TimeProvider.System);
        var app = await ConsoleHost.BuildAsync(
            (options ?? new ConsoleOptions { Store = "" }) with { Listen = "http://127.0.0.1:0" }, store, gate,
            new ClusterObjects(null, gate, TimeProvider.System), CancellationToken.None);
        await app.StartAsync();
        return new ConsoleServer(app, store, new Uri(app.Urls.First()));
    }

    public HttpClient ClientOf(string? user)
    {
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = Address };
        if (user is not null) client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", user);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Store.DisposeAsync();
    }

    /// <summary>Events that are young enough for "today".</summary>
    public Task<AddResult> AddAsync(params Protocols.Events.SecurityEvent[] events) => Store.AddAsync(
        [.. events.Select(e => Console.Intake.EventPreparation.Prepare(e, DateTimeOffset.UtcNow, TestEvents.KeepFor,
            out var why)
            ?? throw new InvalidOperationException(why))],
        CancellationToken.None);

    private sealed class AccessTable : ITokenSource, IAccessRules
    {
        public Task<SignInResult?> ReadAsync(string token, CancellationToken cancellationToken) => token switch
        {
            "ann" or "sue" or "bob" => Task.FromResult<SignInResult?>(SignInResult.Of(new Viewer(token, []))),
            "away" => throw new AccessUnavailableException("the API server cannot be asked", new IOException()),
            _ => Task.FromResult<SignInResult?>(SignInResult.Refused(401, "the token is not valid")),
        };

        public Task<bool> MayAsync(Viewer viewer, ConsoleRight right, string? ns,
            CancellationToken cancellationToken) =>
            Task.FromResult((viewer.Name, ns) switch
            {
                ("ann", _) => true,
                ("sue", "shop") => right is not (ConsoleRight.EditAlerts or ConsoleRight.SeeAudit),
                ("bob", "bank") => right is ConsoleRight.SeeEvents,
                _ => false,
            });
    }
}
