using System.Net;
using System.Text;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Policies.Compilation;
using WafOperator.Resources.Policies;
using WafOperator.SecLang;

namespace WafOperator.Policies.Tests.Rules;

/// <summary>
/// What each field of <c>spec.rules</c> does to rules that read it as OWASP CRS does, in the engine that sidecars run:
/// a rule matches
/// with the field at its default and does not with it set, or the other way round.
/// </summary>
public sealed class RuleSettingTests
{
    /// <summary>The conditions of CRS 3.3.4's rules 911100, 920420, 920450, 920480, 901xxx and 959100.</summary>
    private const string Crs = """
        SecRule REQUEST_METHOD "!@within %{tx.allowed_methods}" "id:1,phase:1,pass,nolog"
        SecRule REQUEST_HEADERS:Content-Type "@rx ^[^;\s]+" "id:2,phase:1,pass,nolog,capture,t:none,\
            setvar:'tx.content_type=|%{tx.0}|',chain"
            SecRule TX:content_type "!@within %{tx.allowed_request_content_type}" "t:lowercase"
        SecRule REQUEST_HEADERS_NAMES "@rx ^.*$" "id:3,phase:1,pass,nolog,capture,t:lowercase,\
            setvar:'tx.header_name_%{tx.0}=/%{tx.0}/',chain"
            SecRule TX:/^header_name_/ "@within %{tx.restricted_headers}" "t:none"
        SecRule REQUEST_HEADERS:Content-Type "@rx charset\s*=\s*([^;\s]+)" \
            "id:4,phase:1,pass,nolog,capture,t:lowercase,chain"
            SecRule TX:1 "!@rx ^%{tx.allowed_request_content_type_charset}$" "t:none"
        SecRule TX:EXECUTING_PARANOIA_LEVEL "@lt 3" "id:5,phase:1,pass,nolog"
        SecRule TX:PARANOIA_LEVEL "@lt 2" "id:6,phase:1,pass,nolog"
        SecRule TX:INBOUND_ANOMALY_SCORE_THRESHOLD "@le 5" "id:7,phase:1,pass,nolog"
        SecRule TX:OUTBOUND_ANOMALY_SCORE_THRESHOLD "@le 4" "id:8,phase:1,pass,nolog"
        SecRule &TX:crs_exclusions_wordpress "@eq 0" "id:9,phase:1,pass,nolog"
        SecRule REQUEST_URI "@contains x" "id:10,phase:1,pass,nolog"
        SecRule &TX:mine "@eq 0" "id:11,phase:1,pass,nolog"
        """;

    public static TheoryData<int, RulesSpec, string> Fields => new()
    {
        { 1, new() { AllowedMethods = ["BREW"] }, "BREW /x" },
        { 1, new() { WebDav = true }, "PROPFIND /x" },
        { 2, new() { AllowedContentTypes = ["image/x-own"] }, "POST /x\nContent-Type: image/x-own" },
        { 3, new() { AllowedHeaders = ["Lock-Token"] }, "GET /x\nLock-Token: 1" },
        { 3, new() { WebDav = true }, "GET /x\nIf: 1" },
        { 4, new() { AllowedCharsets = ["Shift_JIS"] }, "POST /x\nContent-Type: text/plain; charset=shift_jis" },
        { 5, new() { DetectionParanoia = 3 }, "GET /x" },
        { 6, new() { Paranoia = 2 }, "GET /x" },
        { 7, new() { InboundThreshold = 6 }, "GET /x" },
        { 8, new() { OutboundThreshold = 6 }, "GET /x" },
        { 9, new() { Applications = [KnownApplication.WordPress] }, "GET /x" },
        { 10, new() { DisabledRules = ["10"] }, "GET /x" },
        { 11, new() { InlineBefore = "SecAction \"id:100,phase:1,pass,nolog,setvar:tx.mine=1\"" }, "GET /x" },
    };

    [Theory, MemberData(nameof(Fields))]
    public void AField_ChangesWhatRulesThatReadItFind(int rule, RulesSpec set, string request)
    {
        Assert.Contains(rule, Run(new(), request));
        Assert.DoesNotContain(rule, Run(set, request));
    }

    [Fact]
    public void InspectResponses_TurnsTheReadingOfResponsesOn()
    {
        Assert.False(Compile(new()).InspectResponses);
        Assert.True(Compile(new() { InspectResponses = true }).InspectResponses);
        Assert.Contains("SecResponseBodyAccess On",
            Compile(new() { InspectResponses = true }).Sources[0].Text!, StringComparison.Ordinal);
    }

    [Fact]
    public void Sets_AreReadInTheirOrder() => Assert.Equal(
        ["owasp-crs", "own-set"],
        Compile(new() { Sets = ["owasp-crs", "own-set"] }, keepSets: true).Sources.Select(s =>
            s.RuleSet).OfType<string>());

    private static Protocols.Policies.RulePolicy Compile(RulesSpec spec, bool keepSets = false)
    {
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy = new()
            {
                Metadata = new() { Name = "shop", Namespace = "shop" },
                Spec = new() { Rules = keepSets ? spec : spec with { Sets = [], ConfigMaps = ["crs"] } },
            },
            RuleFiles = new Dictionary<string, IReadOnlyDictionary<string, string>>
            {
                ["crs"] = new Dictionary<string, string> { ["crs.conf"] = Crs },
            },
            Now = DateTimeOffset.UnixEpoch,
        });
        Assert.True(compilation.Document is not null, string.Join("\n", compilation.Findings));
        return compilation.Document!.Rules!;
    }

    private static List<long> Run(RulesSpec spec, string message)
    {
        var sources = Compile(spec).Sources.Select(source => SecLangSource.FromText(source.Name, source.Text!));
        var program = RuleProgram.Compile(SecLangParser.Parse([.. sources]).Document).Program!;
        var lines = message.Split('\n');
        var parts = lines[0].Split(' ');
        var request = new CanonicalRequest();
        request.Begin(Encoding.UTF8.GetBytes(parts[0]), Encoding.UTF8.GetBytes(parts[1]), "HTTP/1.1"u8);
        request.AddHeader("Host"u8, "shop.example"u8);
        foreach (var header in lines.Skip(1).Select(line => line.Split(": ", 2)))
            request.AddHeader(Encoding.UTF8.GetBytes(header[0]), Encoding.UTF8.GetBytes(header[1]));
        request.EndHeaders();
        using var transaction = program.Rent();
        transaction.Begin(request, new(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, UInt128.One));
        transaction.EvaluateRequestHeaders();
        request.EndBody();
        transaction.EvaluateRequestBody();
        return [.. transaction.MatchedRuleIds.Where(id => id < 100).Distinct().Order()];
    }
}
