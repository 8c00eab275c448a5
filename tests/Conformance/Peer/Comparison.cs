namespace WafOperator.Conformance.Peer;

/// <summary>What one firewall made of a request.</summary>
/// <param name="RuleIds">Rules that matched and are logged, without those that only sum up.</param>
/// <param name="Log">Their log lines.</param>
/// <param name="Failure">What the test finds wrong, or null when it passes.</param>
internal sealed record Outcome(IReadOnlySet<long> RuleIds, string Log, string? Failure);

/// <summary>One request of the suite in both firewalls. Statuses: 0 where no answer came.</summary>
internal sealed record Pair(CrsTest Test, CrsInput Input, Outcome Ours, Outcome Peer, int PeerStatus, bool PeerRead)
{
    /// <summary>What the whole sidecar answered, where it was asked.</summary>
    public int? SidecarStatus { get; init; }

    public IEnumerable<long> OursOnly => Ours.RuleIds.Except(Peer.RuleIds).Order();

    public IEnumerable<long> PeerOnly => Peer.RuleIds.Except(Ours.RuleIds).Order();

    /// <summary>The peer's log line of a rule.</summary>
    public string PeerLine(long id) => LineOf(Peer, id);

    private static string LineOf(Outcome outcome, long id) =>
        outcome.Log.Split('\n').FirstOrDefault(line => line.Contains($"[id \"{id}\"]", StringComparison.Ordinal)) ?? "";
}

/// <summary>
/// Sends every request of CRS's suite through the engine and through ModSecurity, configured by the same text.
/// </summary>
internal static class Comparison
{
    /// <summary>CRS's defaults, paranoia 1, in force.</summary>
    public const string InForce = "SecRuleEngine On\nSecResponseBodyAccess Off";

    /// <summary>The suite's own set-up: paranoia 4, detection only.</summary>
    public static IReadOnlyList<Pair> RunDetection()
    {
        using var server = new ModSecurityServer(Text(CrsEngine.TestSetup));
        return Run(server, CrsEngine.Of(Text(CrsEngine.TestSetup)), sidecar: null);
    }

    /// <summary>Default settings in force, and the whole sidecar beside the engine.</summary>
    public static IReadOnlyList<Pair> RunInForce()
    {
        using var server = new ModSecurityServer(Text(InForce));
        using var sidecar = new SidecarServer(server.ApplicationPort);
        return Run(server, CrsEngine.Of(Text(InForce)), sidecar);
    }

    /// <summary>Debian's ModSecurity settings, CRS's, then those given, then the rules.</summary>
    public static string Text(string setup) =>
        $"Include {ModSecurityServer.RecommendedRules}\n{CrsEngine.Text(setup)}";

    private static List<Pair> Run(ModSecurityServer server, CrsEngine engine, SidecarServer? sidecar)
    {
        var requests = CrsTestReader.ReadAll(CrsData.TestsFolder())
            .SelectMany(static test => test.Stages.Select(stage => (Test: test, Stage: stage))).ToList();
        var exchanges = requests.ConvertAll(request => (
            Peer: server.Client.Send(WireRequest.Of(request.Stage.Input)),
            Sidecar: sidecar?.Client.Send(WireRequest.Of(request.Stage.Input)).Status));
        var records = server.Stop();
        return [.. requests.Zip(exchanges, (request, exchange) => Judge(
            request.Test, request.Stage, engine, exchange.Peer, records.GetValueOrDefault(exchange.Peer.ClientPort))
            with { SidecarStatus = exchange.Sidecar })];
    }

    private static Pair Judge(CrsTest test, CrsStage stage, CrsEngine engine, RawExchange exchange, PeerRecord? record)
    {
        var ours = engine.Run(stage.Input);
        // Without a record nginx refused the request before ModSecurity saw it; it gives up one that stays unfinished.
        var isRead = record is not null && exchange.Status is not (0 or 408);
        var ids = record?.RuleIds ?? [];
        var peer = new CrsAnswer(
            record?.Log ?? "", !isRead, ids, [], ids.Any(static id => id is 949110 or 959100), Exhausted: false);
        return new Pair(
            test, stage.Input,
            Of(ours, ours.Matches.Select(static match => (long)match.Id), stage.Output, test.RuleId),
            Of(peer, ids, stage.Output, test.RuleId), exchange.Status, isRead);
    }

    private static Outcome Of(CrsAnswer answer, IEnumerable<long> ids, CrsOutput expected, string ruleId) => new(
        ids.Where(static id => !IsSummary(id)).ToHashSet(), answer.Log,
        RegressionTests.Judge(expected, answer, ruleId));

    /// <summary>Rules that add up or report what others found.</summary>
    private static bool IsSummary(long id) =>
        id is 949110 or 949100 or 959100 or 959110 or (>= 980000 and < 981000);
}
