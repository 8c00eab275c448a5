using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Cli.Running;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;

namespace WafOperator.Cli.Replaying;

/// <summary>What became of a request.</summary>
/// <param name="Status">Status that the client got; 0 when the connection was closed.</param>
/// <param name="Decision">The sidecar's record; null where it refused before there was one.</param>
internal sealed record ReplayedVerdict(int Status, SecurityEvent? Decision)
{
    /// <summary>What Enforce does with it, whatever the policy's mode is.</summary>
    public VerdictKind Verdict => Decision is null ? Status is >= 200 and < 400 ? VerdictKind.Allow : VerdictKind.Block
        : Decision.Verdict is VerdictKind.Allow ? Decision.WouldHave : Decision.Verdict;
}

/// <summary>
/// The sidecar itself, in this process, on ports of the loopback address: in front of an application that answers
/// everything with 204. So a replay decides as a pod does, in all that one request shows.
/// </summary>
internal sealed class ReplaySidecar : IAsyncDisposable
{
    private static readonly TimeSpan DecisionWithin = TimeSpan.FromSeconds(5);

    private readonly WebApplication _application;
    private readonly Proxy.Sidecar _sidecar;
    private readonly DecisionStream _decisions;
    private readonly ReplayConnection _connection;
    private readonly string _folder;

    private ReplaySidecar(
        WebApplication application, Proxy.Sidecar sidecar, DecisionStream decisions, string folder)
    {
        (_application, _sidecar, _decisions, _folder) = (application, sidecar, decisions, folder);
        _connection = new ReplayConnection(sidecar.Endpoints[0]);
    }

    /// <summary>Starts one with a compiled policy.</summary>
    /// <param name="document">The policy.</param>
    /// <param name="rules">Folder with rule sets, or null.</param>
    /// <param name="models">Folder with model packages, or null.</param>
    public static async Task<ReplaySidecar> StartAsync(
        PolicyDocument document, string? rules, string? models, CancellationToken cancellationToken)
    {
        var application = await ApplicationAsync(cancellationToken);
        var decisions = new DecisionStream();
        var folder = Directory.CreateTempSubdirectory("kubectl-waf-");
        var file = Path.Combine(folder.FullName, "policy");
        await File.WriteAllTextAsync(file, "compiled", cancellationToken);
        var sealedDocument = PolicyRevision.Seal(ForReplay(document));
        var sidecar = new Proxy.Sidecar(
            new SidecarOptions
            {
                Listeners =
                    [new ProxyListener("replay", new IPEndPoint(IPAddress.Loopback, 0),
                        new Uri(application.Urls.First()))],
                RulesDirectory = rules,
                ModelsDirectory = models,
                File = new PolicyFileOptions(file, (_, _) => new PolicyFileContent(sealedDocument, [], null)),
                DecisionOutput = decisions,
            },
            TimeProvider.System, NullLoggerFactory.Instance);
        if (sidecar.LoadPolicyFile() is { } refusal)
        {
            await sidecar.DisposeAsync();
            await application.DisposeAsync();
            folder.Delete(recursive: true);
            throw new CliException(
                $"the sidecar refuses the policy: {refusal.ReplaceLineEndings("; ")}",
                "--rules names the folder with the rule sets, such as /usr/share/modsecurity-crs", ExitCodes.Found);
        }

        await sidecar.StartAsync(cancellationToken);
        return new ReplaySidecar(application, sidecar, decisions, folder.FullName)
        {
            IsOff = document.Mode is InspectionMode.Off,
        };
    }

    /// <summary>The policy's mode is Off: requests pass, and nothing is decided or recorded.</summary>
    public bool IsOff { get; private init; }

    /// <summary>Sends one request and waits for what was decided.</summary>
    public async Task<ReplayedVerdict> SendAsync(ReplayedRequest request, CancellationToken cancellationToken)
    {
        while (_decisions.Decisions.TryRead(out _))
        {
            // Late records of requests before this one.
        }

        var (status, id) = await _connection.SendAsync(request, cancellationToken);
        if (IsOff) return new ReplayedVerdict(status, null);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(DecisionWithin);
        try
        {
            while (true)
            {
                var decision = await _decisions.Decisions.ReadAsync(limit.Token);
                // A record of the request before, that came late, says nothing of this one.
                if (id is null || decision.Id == id) return new ReplayedVerdict(status, decision);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ReplayedVerdict(status, null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _connection.Dispose();
        await _sidecar.StopAsync(TimeSpan.Zero);
        await _sidecar.DisposeAsync();
        await _application.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// The policy as it is replayed: every decision is told; the recorded client address is believed; and what depends
    /// on the pace of requests is left out, since a replay has another pace.
    /// </summary>
    internal static PolicyDocument ForReplay(PolicyDocument document) => document with
    {
        Logging = document.Logging with { Decisions = DecisionLogLevel.All },
        ClientIdentity = new ClientIdentity
        {
            TrustedProxies = ["127.0.0.0/8", "::1/128"], TrustedHops = 1, Header = "X-Forwarded-For",
        },
        RateLimits = [],
        Behaviour = null,
    };

    private static async Task<WebApplication> ApplicationAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var application = builder.Build();
        application.Run(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        });
        await application.StartAsync(cancellationToken);
        return application;
    }
}
