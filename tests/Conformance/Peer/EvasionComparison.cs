using System.Text;
using WafOperator.Engine.Tests.Evasion;

namespace WafOperator.Conformance.Peer;

/// <summary>One technique of the evasion suite in both firewalls, each as a whole server.</summary>
internal sealed record EvasionPair(
    EvasionCase Case, EvasionAnswer Engine, int SidecarStatus, int PeerStatus, IReadOnlyList<long> PeerRules)
{
    public bool IsOursStopped => SidecarStatus is not 200;

    public bool IsPeerStopped => PeerStatus is not 200;

    public string OurVerdict => Verdict(SidecarStatus, Engine.IsBlocked ? Engine.Rules : []);

    public string PeerVerdict => Verdict(PeerStatus, PeerStatus is 200 ? [] : PeerRules);

    private static string Verdict(int status, IReadOnlyList<long> rules) => status switch
    {
        200 => "passed",
        0 => "no answer",
        _ when rules.Count == 0 => $"refused ({status})",
        _ => $"blocked ({string.Join(", ", rules.Take(3))}{(rules.Count > 3 ? ", …" : "")})",
    };
}

/// <summary>Sends the evasion suite's requests to ModSecurity, in force at paranoia 1 as the suite runs ours.</summary>
internal static class EvasionComparison
{
    public static IReadOnlyList<EvasionPair> Run()
    {
        using var server = new ModSecurityServer(Comparison.Text(Comparison.InForce));
        using var sidecar = new SidecarServer(server.ApplicationPort);
        var exchanges = EvasionTable.All.Select(item => (
            Peer: server.Client.Send(WireOf(item.Request)), Ours: sidecar.Client.Send(WireOf(item.Request)))).ToList();
        var records = server.Stop();
        return [.. EvasionTable.All.Zip(exchanges, (item, exchange) => new EvasionPair(
            item, EvasionRules.Run(item.Request), exchange.Ours.Status, exchange.Peer.Status,
            [.. (records.GetValueOrDefault(exchange.Peer.ClientPort)?.RuleIds ?? [])
                .Where(static id => id is not 949110).Distinct()]))];
    }

    private static byte[] WireOf(EvasionRequest request)
    {
        var head = new StringBuilder($"{request.Method} {request.Target} HTTP/1.1\r\n");
        foreach (var (name, value) in request.Headers) head.Append($"{name}: {value}\r\n");
        return [.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. request.Body];
    }
}
