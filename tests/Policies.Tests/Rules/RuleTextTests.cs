using System.Text.Json;
using WafOperator.Policies.Compilation;
using WafOperator.Policies.Rules;
using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;
using WafOperator.SecLang;

namespace WafOperator.Policies.Tests.Rules;

public sealed class RuleTextTests
{
    [Fact]
    public void Settings_WithEverythingSet_ParseWithoutAFinding()
    {
        var text = SettingsText.Write(new()
        {
            Paranoia = 2,
            DetectionParanoia = 3,
            AllowedMethods = ["GET", "PUT"],
            AllowedContentTypes = ["application/grpc", "model/gltf-binary"],
            InspectResponses = true,
            AllowedHeaders = ["If"],
            AllowedCharsets = ["Shift_JIS"],
            Applications = [KnownApplication.WordPress, KnownApplication.Nextcloud],
        });
        Assert.Contains(
            "setvar:'tx.restricted_headers=/accept-charset/ /proxy/ /lock-token/ /x-middleware-subrequest/'", text,
            StringComparison.Ordinal);
        Assert.Contains("|windows-1252|shift_jis|utf-8'", text, StringComparison.Ordinal);
        Assert.Contains("setvar:'tx.crs_exclusions_wordpress=1'", text, StringComparison.Ordinal);
        Assert.Contains("setvar:'tx.crs_exclusions_nextcloud=1'", text, StringComparison.Ordinal);
        Assert.Empty(SecLangParser.Parse(text).Diagnostics);
        Assert.Contains("setvar:'tx.executing_paranoia_level=3'", text, StringComparison.Ordinal);
        Assert.Contains("setvar:'tx.allowed_methods=GET PUT'", text, StringComparison.Ordinal);
        Assert.Contains("|application/json| |application/cloudevents+json| |application/cloudevents-batch+json|", text,
            StringComparison.Ordinal);
        Assert.Contains(" |model/gltf-binary|'", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "tx.allowed_methods=GET HEAD POST OPTIONS PUT PATCH DELETE'")]
    [InlineData(true, "DELETE PROPFIND PROPPATCH MKCOL")]
    [InlineData(false, "|application/vnd.api+json|")]
    [InlineData(false, "tx.restricted_headers_basic=/proxy/ /lock-token/ /if/ /x-middleware-subrequest/'")]
    [InlineData(true, "tx.restricted_headers_basic=/proxy/ /x-middleware-subrequest/'")]
    [InlineData(false, "|image/jpeg|")]
    [InlineData(false, "|application/x-git-receive-pack-request|")]
    [InlineData(false, "|application/vnd.oci.image.manifest.v1+json|")]
    [InlineData(true, "ctl:ruleRemoveById=920420")]
    public void Settings_OfAPlainPolicy_FitTodaysApis(bool webDav, string expected)
    {
        var text = SettingsText.Write(new() { WebDav = webDav });
        Assert.Empty(SecLangParser.Parse(text).Diagnostics);
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.DoesNotContain("MULTIPART_STRICT_ERROR", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, RequestPartKind.Any, null, "ctl:ruleRemoveById=942100")]
    [InlineData("/search", RequestPartKind.Parameter, "q", @"@rx \A/search\z")]
    [InlineData("/search", RequestPartKind.Parameter, "q", "ctl:ruleRemoveTargetById=942100;ARGS:q")]
    [InlineData("/files/*", RequestPartKind.Any, null, "@rx \\A/files/\"")]
    [InlineData("/a\"b%{x},c", RequestPartKind.Any, null, @"@rx \A/a\x22b\x25\x7bx\x7d\x2cc\z")]
    [InlineData("/ä", RequestPartKind.Any, null, @"@rx \A/\xc3\xa4\z")]
    [InlineData("/x", RequestPartKind.Header, "X-Filter", "REQUEST_HEADERS:X-Filter")]
    [InlineData("/x", RequestPartKind.Cookie, "session", "REQUEST_COOKIES:session")]
    [InlineData("/x", RequestPartKind.Parameter, "items[0],x'\"", @"ARGS:/\Aitems\x5b0\x5d\x2cx\x27\x22\z/")]
    [InlineData("/x", RequestPartKind.Parameter, "a/b", @"ARGS:/\Aa\x2fb\z/")]
    [InlineData("/x", RequestPartKind.Parameter, "json.blocks.array_*.html",
        @"ARGS:/\Ajson\x2eblocks\x2earray_[0-9]+\x2ehtml\z/")]
    [InlineData("/x", RequestPartKind.Parameter, "json.a.array_*.array_*",
        @"ARGS:/\Ajson\x2ea\x2earray_[0-9]+\x2earray_[0-9]+\z/")]
    [InlineData("/x", RequestPartKind.Parameter, "json.blocks.*", @"ARGS:/\Ajson\x2eblocks\x2e/")]
    [InlineData("/x", RequestPartKind.Path, null, "REQUEST_FILENAME")]
    [InlineData("/x", RequestPartKind.Body, null, "REQUEST_BODY")]
    public void AnExclusion_BecomesSecLangThatParsesWithoutAFinding(string? path, RequestPartKind part, string? name,
        string expected)
    {
        var findings = new List<Finding>();
        var text = ExclusionText.Write([Exclusion(path, part, name)], findings).Text;

        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.Empty(findings);
        Assert.Empty(SecLangParser.Parse(text)
            .Diagnostics.Where(diagnostic => diagnostic.Code != DiagnosticCodes.MissingRule)
            .Select(diagnostic => diagnostic.ToString()));
    }

    [Fact]
    public void AnExclusion_WithMethods_ChainsThem()
    {
        var exclusion = Exclusion("/search", RequestPartKind.Any, null) with { };
        exclusion =
            exclusion with { Spec =
                exclusion.Spec with { Match = exclusion.Spec.Match! with { Methods = ["GET", "HEAD"] } } };
        var text = ExclusionText.Write([exclusion], []).Text;
        var document = SecLangParser.Parse(text).Document;

        // Whether another path is named; path, one reading of it, no other, methods.
        Assert.Equal(5, document.Directives.Length);
        Assert.Contains(@"@rx \A(?:GET|HEAD)\z", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Families_BecomeTags() => Assert.Contains("ctl:ruleRemoveTargetByTag=attack-sqli;ARGS:q",
        ExclusionText.Write([Exclusion("/", RequestPartKind.Parameter,
            "q") with { Spec =
                new() { Policy = "shop", Families = [AttackFamily.Sqli],
                    Match = new() { Part = RequestPartKind.Parameter, Name = "q" } } }], []).Text,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("SecRule ARGS \"@rx a\" \"id:1,phase:2,denny\"", "line 1: ")]
    [InlineData("\n\nSecRule ARGS \"@rx (\" \"id:1,phase:2,deny\"", "line 3: ")]
    [InlineData("SecRuul ARGS", "line 1: ")]
    [InlineData("SecAction \"id:90000001,phase:1,pass,nolog\"", "line 1: the id 90000001 is reserved")]
    public void BrokenInlineRules_AreAnErrorWithFieldAndLine(string inline, string message)
    {
        var compilation = Compile(new() { Sets = [], Inline = inline });

        Assert.Null(compilation.Document);
        Assert.Contains(compilation.Findings, finding => finding.Severity == FindingSeverity.Error
            && finding.Path == "spec.rules.inline"
            && finding.Message.StartsWith(message, StringComparison.Ordinal));
    }

    [Fact]
    public void InlineRulesThatSpeakOfARuleSet_AreNoFinding() =>
        Assert.Empty(Compile(new() { Inline = "SecRuleRemoveById 942100\nSecRuleUpdateTargetById 942110 \"!ARGS:q\"" })
            .Findings);

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void RuleFiles_UpToTheirLimit_MakeADocumentThatASidecarReads(int beyond, bool isTaken)
    {
        // A quotation mark takes six characters in JSON; the longest inline texts come on top.
        var files = new Dictionary<string, string> { ["a.data"] = new('"', ConfigMapRules.CharactersMax + beyond) };
        var comment = "#" + new string('"', (1 << 18) - 1);
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy = new()
            {
                Metadata = new() { Name = "shop", Namespace = "shop" },
                Spec = new() { Rules = new() { ConfigMaps = ["own"], Inline = comment, InlineBefore = comment } },
            },
            RuleFiles = new Dictionary<string, IReadOnlyDictionary<string, string>> { ["own"] = files },
            Now = DateTimeOffset.UnixEpoch,
        });

        Assert.Equal(isTaken, compilation.Document is not null);
        if (!isTaken)
        {
            Assert.Contains(compilation.Findings, finding => finding.Path == "spec.rules.configMaps");
            return;
        }

        var bytes = JsonSerializer.SerializeToUtf8Bytes(compilation.Document!, ProtocolJson.Default.PolicyDocument);
        Assert.InRange(bytes.Length, 6 * ConfigMapRules.CharactersMax, OperatorClient.DocumentBytesMax);
    }

    private static PolicyCompilation Compile(RulesSpec rules) => PolicyCompiler.Compile(new()
    {
        Policy = new() { Metadata = new() { Name = "shop", Namespace = "shop" }, Spec = new() { Rules = rules } },
        Now = DateTimeOffset.UnixEpoch,
    });

    private static WafExclusion Exclusion(string? path, RequestPartKind part, string? name) => new()
    {
        Metadata = new() { Name = "search-box", Namespace = "shop" },
        Spec =
            new() { Policy = "shop", Rules = ["942100"], Match = new() { Path = path, Part = part, Name = name },
                Reason = "tuned" },
    };
}
