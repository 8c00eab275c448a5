using System.Net;
using WafOperator.Http;
using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Evasion;

/// <summary>What came of a request: the deciding rules and the reader's facts.</summary>
internal sealed record EvasionAnswer(bool IsBlocked, bool IsRefused, IReadOnlyList<long> Rules, Anomalies Anomalies)
{
    /// <summary>blocked by rules, refused for a limit, noted as an anomaly only, or passed.</summary>
    public string Verdict => IsBlocked ? "blocked" : IsRefused ? "refused" : Anomalies != Anomalies.None ? "noted"
        : "passed";
}

/// <summary>
/// CRS as Debian installs it at paranoia 1 with its default thresholds, and the rule that refuses bodies which cannot
/// be read, as a policy compiles it.
/// </summary>
internal static class EvasionRules
{
    private const string Folder = "/usr/share/modsecurity-crs/rules";

    private const string Setup = """
        SecRuleEngine On
        SecRequestBodyAccess On
        Include /etc/modsecurity/crs/crs-setup.conf
        SecRule REQBODY_ERROR "!@eq 0" "id:1002,phase:2,t:none,log,deny,status:400"
        Include /usr/share/modsecurity-crs/rules/*.conf
        """;

    private static readonly Lazy<RuleProgram> Program = new(Compile);

    public static EvasionAnswer Run(EvasionRequest input)
    {
        var request = new CanonicalRequest();
        using var transaction = Program.Value.Rent();
        input.FeedHead(request);
        transaction.Begin(request, new ConnectionFacts(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, 1));
        var interruption = transaction.EvaluateRequestHeaders();
        request.AppendBody(input.Body);
        request.EndBody();
        interruption ??= transaction.EvaluateRequestBody();
        var rules = transaction.Matches.Select(match => (long)match.Id).Where(id =>
            id is not (949110 or 980130 or 980140)).Distinct();
        return new EvasionAnswer(interruption is not null, request.MustReject, [.. rules], request.Anomalies);
    }

    private static RuleProgram Compile()
    {
        var sources = new[] { SecLangSource.FromText("evasion", Setup) };
        var parsed = SecLangParser.Parse(sources, new DirectorySourceResolver(Folder, "/etc/modsecurity/crs"));
        Assert.False(parsed.HasErrors, string.Join("\n", parsed.Diagnostics.Take(5)));
        return RuleProgram.Compile(parsed.Document, EngineOptions.Default).Program
            ?? throw new InvalidOperationException("CRS does not compile.");
    }
}
