using System.Net;
using System.Text;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Policies.Compilation;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;
using WafOperator.SecLang;

namespace WafOperator.Policies.Tests.Rules;

/// <summary>
/// The SecLang that the compiler writes, in the engine that sidecars run: exclusions exclude what they say and nothing
/// else.
/// </summary>
public sealed class RuleEffectTests
{
    /// <summary>
    /// Two rules of one family: over parameters, headers and cookies in phase 1, over the body's parameters in phase 2.
    /// </summary>
    private const string Rules = """
        SecRule ARGS|ARGS_NAMES|REQUEST_HEADERS|REQUEST_COOKIES|REQUEST_FILENAME "@contains attack" \
            "id:1,phase:2,pass,nolog,tag:'attack-sqli'"
        SecRule ARGS_GET "@contains attack" "id:2,phase:1,pass,nolog,tag:'attack-xss'"
        SecRule TX:paranoia_level "@ge 2" "id:3,phase:1,pass,nolog"
        """;

    [Theory]
    [InlineData("GET /search?q=attack", "", "1 2")]
    [InlineData("GET /search?q=attack", "{rules: 1, part: Parameter, name: q}", "2")]
    [InlineData("GET /search?q=attack&x=attack", "{rules: 1, part: Parameter, name: q}", "1 2")]
    [InlineData("GET /search?Q=attack", "{rules: 1-2, part: Parameter, name: q}", "")]
    [InlineData("GET /search?attack=1", "{rules: 1, part: Parameter, name: attack}", "")]
    [InlineData("GET /search?q=attack", "{rules: 1-2}", "")]
    [InlineData("GET /search?q=attack", "{families: Sqli}", "2")]
    [InlineData("GET /search?q=attack", "{families: Xss, part: Parameter, name: q}", "1")]
    [InlineData("GET /search?q=attack", "{rules: 1-2, path: /search}", "")]
    [InlineData("GET /search/x?q=attack", "{rules: 1-2, path: /search}", "1 2")]
    [InlineData("GET /search/x?q=attack", "{rules: 1-2, path: /search/*}", "")]
    [InlineData("GET /search/..;/login?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search/..%2flogin?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search//../login?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search/x%5c..%5c..%5clogin?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search/%2e%2e/login?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search/%252e%252e/login?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search/..?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search/x;v=1?q=attack", "{rules: 1-2, path: /search/*}", "1 2")]
    [InlineData("GET /search/two%20words.html?q=attack", "{rules: 1-2, path: /search/*}", "")]
    [InlineData("GET /search/x?next=/a/../b;c&q=attack", "{rules: 1-2, path: /search/*}", "")]
    [InlineData("GET /evil%0a/search?q=attack", "{rules: 1-2, path: /search}", "1 2")]
    [InlineData("GET /search%0a?q=attack", "{rules: 1-2, path: /search}", "1 2")]
    [InlineData("GET /search?q=attack", "{rules: 1-2, path: /search, methods: GET}", "")]
    [InlineData("PUT /search?q=attack", "{rules: 1-2, path: /search, methods: GET}", "1 2")]
    [InlineData("GET /a?items[0],x=attack", "{rules: 1-2, part: Parameter, name: \"items[0],x\"}", "")]
    [InlineData("GET /a?h=attack", "{rules: 1, part: Header}", "1 2")]
    public void AnExclusion_TakesOutWhatItSays(string request, string exclusion, string rules)
    {
        var matched = Run(request, exclusion.Length == 0 ? [] : [Exclusion(exclusion)]);
        Assert.Equal(rules, string.Join(' ', matched));
    }

    [Fact]
    public void ManyRulesInOneExclusion_StayWithinWhatAParserTakes()
    {
        var many = Exclusion("{rules: 1-2, part: Parameter, name: q}");
        many =
            many with { Spec =
                many.Spec with { Rules = [.. Enumerable.Range(1000, 63).Select(id => $"{id}"), "1-2"] } };
        Assert.Empty(Run("GET /?q=attack", [many]));
    }

    [Fact]
    public void TheParanoiaLevel_ReachesTheRules() =>
    Assert.Equal([3L], Run("GET /", [], new RulesSpec { Sets = [], Paranoia = 2, Inline = Rules }));

    private static List<long> Run(string line, IReadOnlyList<WafExclusion> exclusions, RulesSpec? spec = null)
    {
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy =
                new() { Metadata = new() { Name = "shop", Namespace = "shop" },
                    Spec = new()
                    {
                        Rules = spec ?? new() { Sets = [], Inline = Rules },
                        ExclusionBounds = new() { Requires = ExclusionScope.Nothing },
                    } },
            Exclusions = exclusions,
            Now = DateTimeOffset.UnixEpoch,
        });
        Assert.True(compilation.Document is not null, string.Join("\n", compilation.Findings));
        var sources =
            compilation.Document!.Rules!.Sources.Select(source => SecLangSource.FromText(source.Name, source.Text!));
        var program = RuleProgram.Compile(SecLangParser.Parse([.. sources]).Document).Program!;
        var request = new CanonicalRequest();
        var parts = line.Split(' ');
        request.Begin(Encoding.UTF8.GetBytes(parts[0]), Encoding.UTF8.GetBytes(parts[1]), "HTTP/1.1"u8);
        request.AddHeader("Host"u8, "shop.example"u8);
        request.EndHeaders();
        using var transaction = program.Rent();
        transaction.Begin(request, new(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, UInt128.One));
        transaction.EvaluateRequestHeaders();
        request.EndBody();
        transaction.EvaluateRequestBody();
        return [.. transaction.MatchedRuleIds.Where(id => id < 1000).Distinct().Order()];
    }

    private static WafExclusion Exclusion(string fields)
    {
        var raw = Resources.Schema.YamlText.Read(fields)!;
        string? Text(string name) => raw[name]?.ToString();
        return new()
        {
            Metadata = new() { Name = "tuned", Namespace = "shop" },
            Spec = new()
            {
                Policy = "shop",
                Reason = "tuned",
                Rules = Text("rules") is { } rules ? [rules] : [],
                Families = Text("families") is { } family ? [Enum.Parse<AttackFamily>(family)] : [],
                Match = new()
                {
                    Path = Text("path"),
                    Methods = Text("methods") is { } method ? [method] : [],
                    Part = Text("part") is { } part ? Enum.Parse<RequestPartKind>(part) : RequestPartKind.Any,
                    Name = Text("name"),
                },
            },
        };
    }
}
