using System.Globalization;
using System.Net;
using System.Text;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Policies.Compilation;
using WafOperator.Policies.Rules;
using WafOperator.Resources.Policies;
using WafOperator.SecLang;

namespace WafOperator.Policies.Tests.Rules;

/// <summary>Rules of a ConfigMap find more and nothing less, unless the policy pins the ConfigMap or says that it
/// may.</summary>
public sealed class AddOnlyRulesTests
{
    private const string Before = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny,tag:'first',msg:'one'\"";

    private const string After = """
        SecRule ARGS "@contains scored" "id:2,phase:2,pass,tag:'second',setvar:tx.anomaly_score=+5"
        SecRule REQUEST_HEADERS:X-Late "@contains attack" "id:3,phase:2,block"
        SecRule TX:anomaly_score "@ge %{tx.inbound_anomaly_score_threshold}" "id:4,phase:2,deny"
        """;

    /// <summary>Each takes something from what rules of others find.</summary>
    public static readonly string[] Weakening =
    [
        "SecRuleEngine Off", "SecRuleEngine DetectionOnly", "SecRequestBodyAccess Off", "SecResponseBodyAccess Off",
        "SecAction \"id:5,phase:1,pass,nolog,ctl:ruleEngine=Off\"",
        "SecRule REQUEST_URI \"@contains x\" \"id:5,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly\"",
        "SecRule REQUEST_URI \"@contains x\" \"id:5,phase:1,pass,nolog,chain\"\nSecRule ARGS \"@contains a\" "
            + "\"ctl:ruleEngine=Off\"",
        "SecAction \"id:5,phase:1,pass,ctl:requestBodyAccess=Off\"",
            "SecAction \"id:5,phase:1,pass,ctl:auditEngine=Off\"",
        "SecAction \"id:5,phase:1,pass,ctl:requestBodyProcessor=URLENCODED\"",
        "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveById=1\"",
            "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveById=1-99999999\"",
        "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveById=90000102\"",
        "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveTargetById=1;ARGS:q\"",
        "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveByTag=first\"",
            "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveByTag=f.*\"",
        "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveByMsg=one\"",
        "SecAction \"id:5,phase:1,pass,ctl:ruleRemoveTargetByTag=first;ARGS\"",
        "SecAction \"id:5,phase:1,pass,allow\"", "SecAction \"id:5,phase:1,allow:request\"",
        "SecRule ARGS \"@contains a\" \"id:5,phase:1,allow:phase\"",
        "SecRule ARGS \"@contains a\" \"id:5,phase:2,pass,skip:1\"", "SecAction \"id:5,phase:2,pass,skipAfter:END\"",
        "SecRuleRemoveById 1", "SecRuleRemoveById 1-5", "SecRuleRemoveById 90000102", "SecRuleRemoveByTag first",
        "SecRuleRemoveByTag .*", "SecRuleRemoveByMsg one", "SecRuleUpdateTargetById 1 \"!ARGS:q\"",
        "SecRuleUpdateTargetByTag first \"!ARGS\"", "SecRuleUpdateTargetByMsg one \"!ARGS\"",
        "SecRuleUpdateActionById 1 \"pass\"",
        "SecDefaultAction \"phase:2,pass,t:length\"", "SecDefaultAction \"phase:2,allow\"",
        "SecDefaultAction \"phase:2,pass,nolog\"",
        "SecRule ARGS \"@contains never\" \"id:5,phase:2,deny,chain\"",
        "SecAction \"id:5,phase:2,pass,setvar:tx.anomaly_score=-100\"",
            "SecAction \"id:5,phase:2,pass,setvar:!tx.anomaly_score\"",
        "SecAction \"id:5,phase:2,pass,setvar:tx.anomaly_score=+-100\"",
        "SecAction \"id:5,phase:2,pass,setvar:tx:anomaly_score=0\"",
        "SecAction \"id:5,phase:2,pass,setvar:tx.%{ARGS.n}_score=0\"",
        "SecAction \"id:5,phase:1,pass,setvar:tx.inbound_anomaly_score_threshold=9999\"",
        "SecAction \"id:5,phase:1,pass,setvar:tx.paranoia_level=1\"",
        "SecAction \"id:5,phase:1,pass,setvar:'tx.allowed_methods=GET BREW'\"",
        "SecRule &TX:inbound_anomaly_score_threshold \"@eq 0\" \"id:5,phase:1,pass,nolog,t:md5,"
            + "setvar:tx.inbound_anomaly_score_threshold=99999\"",
        "SecRule &TX:inbound_anomaly_score_threshold \"@eq 0\" \"id:5,phase:1,pass,nolog,"
            + "setvar:tx.inbound_anomaly_score_threshold=99999\"\nSecRuleUpdateTargetById 5 \"&TX:nothing\"",
        "SecRule &TX:inbound_anomaly_score_threshold \"@eq 0\" \"id:5,phase:1,pass,nolog,"
            + "setvar:tx.inbound_anomaly_score_threshold=99999\"\nSecRuleUpdateActionById 5 \"t:md5\"",
        "SecAction \"id:6,phase:1,pass,ctl:ruleRemoveTargetById=5;TX:inbound_anomaly_score_threshold\"\n"
            + "SecRule &TX:inbound_anomaly_score_threshold \"@eq 0\" \"id:5,phase:1,pass,nolog,"
            + "setvar:tx.inbound_anomaly_score_threshold=99999\"",
        "SecAction \"id:5,phase:2,pass,setvar:tx.critical_anomaly_score=+%{tx.critical_anomaly_score}\"",
        "SecAction \"id:5,phase:2,pass,setvar:tx.notice_anomaly_score=+1\"",
        "SecDefaultAction \"phase:2,pass,tag:mine\"",
        "SecRule ARGS \"@contains y\" \"id:6,phase:2,deny\"\nSecRuleUpdateActionById 6 \"skipAfter:END\"",
        "SecRule ARGS \"@contains y\" \"id:6,phase:2,deny\"\nSecRuleUpdateActionById 6 \"setvar:tx.anomaly_score=+1\"",
        "SecRule ARGS \"@contains x\" \"id:5,phase:2,pass,skip:1\"\nSecRule ARGS \"@contains y\" \"id:6,phase:2,deny\"",
        "SecRequestBodyLimit 1", "SecRequestBodyLimitAction ProcessPartial", "SecArgumentsLimit 1",
            "SecArgumentSeparator ;",
        "SecRequestBodyJsonDepthLimit 1", "SecResponseBodyMimeTypesClear", "SecAuditEngine Off",
    ];

    /// <summary>None takes anything from others.</summary>
    public static readonly string[] Adding =
    [
        "SecRuleEngine On", "SecRequestBodyAccess On", "SecComponentSignature own/1.0",
        "SecRule ARGS \"@contains x\" \"id:5,phase:2,deny\"",
            "SecRule ARGS \"@contains x\" \"id:5,phase:2,block,setvar:tx.anomaly_score=+5\"",
        "SecRule ARGS \"@contains x\" \"id:5,phase:2,pass,setvar:'tx.anomaly_score=+%{tx.critical_anomaly_score}'\"",
        "SecAction \"id:5,phase:1,pass,nolog,setvar:tx.custom_seen=1\"",
        "SecRule &TX:paranoia_level \"@eq 0\" \"id:5,phase:1,pass,nolog,setvar:tx.paranoia_level=1\"",
        "SecAction \"id:5,phase:1,pass,ctl:requestBodyProcessor=JSON\"",
        "SecRule ARGS \"@contains x\" \"id:5,phase:2,pass,skipAfter:OWN\"\nSecRule ARGS \"@contains y\" "
            + "\"id:6,phase:2,deny\"\nSecMarker OWN",
        "SecRule ARGS \"@contains y\" \"id:6,phase:2,deny\"\nSecRuleUpdateActionById 6 \"pass,t:lowercase\"",
        "SecRule ARGS \"@contains x\" \"id:5,phase:2,pass,ctl:ruleRemoveById=6\"\nSecRule ARGS \"@contains y\" "
            + "\"id:6,phase:2,deny\"",
        "SecRule ARGS \"@contains y\" \"id:6,phase:2,deny\"\nSecRuleUpdateTargetById 6 \"!ARGS:q\"",
        "SecRule ARGS \"@contains y\" \"id:6,phase:2,deny\"\nSecRuleRemoveById 6",
        "SecDefaultAction \"phase:2,log,auditlog,pass\"",
        "SecRule ARGS \"@contains x\" \"id:5,phase:2,deny,chain\"\nSecRule ARGS \"@contains y\" \"t:none\"",
    ];

    [Fact]
    public void Weakening_InAnySpelling_IsRefusedWithItsLine()
    {
        var random = new Random(20261130);
        foreach (var text in Weakening)
        {
            for (var i = 0; i < 20; i++)
            {
                var spelt = Spell(text, random);
                foreach (var sets in new[] { Array.Empty<string>(), ["owasp-crs"] })
                {
                    var compilation = Compile(spelt, new() { Sets = sets });
                    Assert.True(compilation.HasErrors, $"{text} passes as {spelt}");
                    Assert.All(compilation.Findings.Where(f => f.Severity is FindingSeverity.Error), f =>
                        Assert.StartsWith("configMap/mine/", f.Path, StringComparison.Ordinal));
                    Assert.Contains(compilation.Findings, f => f.Message.Contains("line ", StringComparison.Ordinal)
                        && f.Message.Contains("digest: sha256:", StringComparison.Ordinal));
                }
            }
        }
    }

    [Fact]
    public void Adding_InAnySpelling_IsTaken()
    {
        var random = new Random(20261130);
        foreach (var text in Adding)
        {
            for (var i = 0; i < 20; i++)
            {
                var spelt = Spell(text, random);
                foreach (var sets in new[] { Array.Empty<string>(), ["owasp-crs"] })
                {
                    var compilation = Compile(spelt, new() { Sets = sets });
                    Assert.False(compilation.HasErrors, $"{spelt}: {string.Join("; ", compilation.Findings)}");
                }
            }
        }
    }

    [Fact]
    public void Weakening_OfAPinnedConfigMap_OrWhereThePolicySaysSo_IsTaken()
    {
        foreach (var text in Weakening.Where(text => !text.Contains("never", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain(Compile(text, new() { Sets = [], ConfigMapTrust = ConfigMapTrust.Full }).Findings,
                IsRefusal);
            var digest = ConfigMapRules.DigestOf(new Dictionary<string, string> { ["a.conf"] = text });
            Assert.DoesNotContain(
                Compile(text, new() { Sets = [], ConfigMapDigests = [new() { Name = "mine",
                    Digest = digest }] }).Findings,
                IsRefusal);
        }
    }

    /// <summary>
    /// A pinned rule set sets its own variables where there are none: whoever comes before it must not set them.
    /// </summary>
    [Theory]
    [InlineData("SecRule &TX:sampling \"@eq 0\" \"id:7,phase:1,pass,nolog,setvar:tx.sampling=0\"", false)]
    [InlineData("SecAction \"id:7,phase:1,pass,nolog,setvar:tx.sampling=0\"", false)]
    [InlineData("SecAction \"id:7,phase:1,pass,nolog,setvar:tx.custom_trust=1\"", false)]
    [InlineData("SecAction \"id:7,phase:1,pass,nolog,setvar:tx.trust_score=+5\"", false)]
    [InlineData("SecAction \"id:7,phase:1,pass,nolog,ctl:ruleRemoveById=10\"", false)]
    [InlineData("SecAction \"id:7,phase:1,pass,nolog,setvar:tx.other=1\"", true)]
    public void APinnedRuleSet_IsNotSteeredByAConfigMapThatIsNot(string text, bool isTaken)
    {
        const string pinned = """
            SecRule &TX:sampling "@eq 0" "id:10,phase:1,pass,nolog,setvar:tx.sampling=100"
            SecRule TX:sampling "@lt 100" "id:11,phase:1,pass,nolog,ctl:ruleEngine=Off"
            SecRule TX:custom_trust|TX:trust_score "@ge 1" "id:12,phase:1,pass,nolog,allow"
            """;
        var files = new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["mine"] = new Dictionary<string, string> { ["a.conf"] = text },
            ["set"] = new Dictionary<string, string> { ["set.conf"] = pinned },
        };
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy = new()
            {
                Metadata = new() { Name = "shop", Namespace = "shop" },
                Spec = new()
                {
                    Rules = new()
                    {
                        Sets = [], ConfigMaps = ["mine", "set"],
                        ConfigMapDigests = [new() { Name = "set", Digest = ConfigMapRules.DigestOf(files["set"]) }],
                    },
                },
            },
            RuleFiles = files,
            Now = DateTimeOffset.UnixEpoch,
        });

        Assert.Equal(isTaken, !compilation.HasErrors);
    }

    /// <summary>Defaults hold for all rules that follow: the policy's own blocks, whatever comes in between.</summary>
    [Theory]
    [InlineData("SecDefaultAction \"phase:2,log,auditlog,pass\"", false)]
    [InlineData("SecDefaultAction \"phase:1,log,auditlog,pass\"", true)]
    [InlineData("SecDefaultAction \"phase:2,log,auditlog,deny\"", true)]
    public void Defaults_DoNotLoosenThoseOfThePolicy(string text, bool isTaken)
    {
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy = new()
            {
                Metadata = new() { Name = "shop", Namespace = "shop" },
                Spec = new()
                {
                    Rules = new()
                    {
                        Sets = [], ConfigMaps = ["mine"], InlineBefore = "SecDefaultAction \"phase:2,log,deny\"",
                        Inline = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,block\"",
                    },
                },
            },
            RuleFiles = new Dictionary<string, IReadOnlyDictionary<string, string>>
            {
                ["mine"] = new Dictionary<string, string> { ["a.conf"] = text },
            },
            Now = DateTimeOffset.UnixEpoch,
        });

        Assert.Equal(isTaken, !compilation.HasErrors);
    }

    [Fact]
    public void Full_IsSaidOfThePolicy()
    {
        Assert.True(Compile("", new() { Sets = [], ConfigMapTrust = ConfigMapTrust.Full }).RuleFilesMayWeaken);
        Assert.False(Compile("", new() { Sets = [] }).RuleFilesMayWeaken);
    }

    [Fact]
    public void APinnedConfigMap_ThatWasChanged_IsRefusedWithItsDigest()
    {
        var pin = new ConfigMapDigest { Name = "mine", Digest = "sha256:" + new string('0', 64) };

        var compilation = Compile("SecRuleEngine On", new() { Sets = [], ConfigMapDigests = [pin] });

        Assert.Null(compilation.Document);
        var finding = Assert.Single(compilation.Findings, f => f.Path == "spec.rules.configMapDigests[0]");
        Assert.Contains("their digest is sha256:", finding.Message, StringComparison.Ordinal);
        Assert.Contains(
            Compile("", new() { Sets = [], ConfigMapDigests = [pin with { Name = "other" }] }).Findings,
            f => f.Message == "other is not among configMaps");
    }

    /// <summary>As <c>LC_ALL=C sha256sum * | sha256sum</c> says of the same two files.</summary>
    [Fact]
    public void ADigest_IsWhatSha256SumSays() => Assert.Equal(
        "sha256:2e0ef12eb28751fab6263619417c83559aa6def2e4b81787a5da577027fedc05",
        ConfigMapRules.DigestOf(new Dictionary<string, string> { ["b.conf"] = "two\n", ["A.conf"] = "one\n" }));

    [Fact]
    public void ADataFile_ThatARuleFileIncludes_IsHeldToTheSame()
    {
        var compilation = Compile(
            "Include evil.data", new() { Sets = [] }, new Dictionary<string,
                string> { ["evil.data"] = "# x\nSecRuleEngine Off\n" });

        Assert.Contains(compilation.Findings, f => f.Path == "configMap/mine/evil.data"
            && f.Message.StartsWith("line 2: SecRuleEngine Off", StringComparison.Ordinal));
    }

    /// <summary>
    /// Whatever is put together and taken: requests that the policy's own rules refuse are still refused. The engine
    /// judges, and knows
    /// nothing of the list of what is refused.
    /// </summary>
    [Fact]
    public void WhateverIsTaken_TakesNothingFromOthers()
    {
        var random = new Random(20261130);
        string[] attacks = ["/?q=attack", "/?q=scored", "/x?a=1&q=attack&n=anomaly"];
        var taken = 0;
        for (var i = 0; i < 3000; i++)
        {
            var parts = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(4) == 0
                ? Weakening[random.Next(Weakening.Length)] : Adding[random.Next(Adding.Length)]);
            var text = Spell(Numbered(string.Join('\n', parts)), random);
            var compilation = Compile(text, new() { Sets = [] });
            if (compilation.Document is not { Rules: { } rules }) continue;
            taken++;
            foreach (var attack in attacks)
                Assert.True(IsRefused(rules.Sources, attack), $"{attack} passes with {text}");
        }

        Assert.InRange(taken, 500, 2900);
    }

    private static bool IsRefusal(Finding finding) => finding.Message.Contains("is refused in a ConfigMap",
        StringComparison.Ordinal);

    private static PolicyCompilation Compile(
        string text, RulesSpec rules, IReadOnlyDictionary<string, string>? more = null) => PolicyCompiler.Compile(new()
    {
        Policy = new()
        {
            Metadata = new() { Name = "shop", Namespace = "shop" },
            Spec = new() { Rules = rules with { ConfigMaps = ["mine"], InlineBefore = Before, Inline = After } },
        },
        RuleFiles = new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["mine"] = new Dictionary<string, string>(more ?? new Dictionary<string, string>()) { ["a.conf"] = text },
        },
        Now = DateTimeOffset.UnixEpoch,
    });

    private static bool IsRefused(IEnumerable<Protocols.Policies.RuleSource> sources, string target)
    {
        var parsed = SecLangParser.Parse([.. sources.Select(source => SecLangSource.FromText(source.Name,
            source.Text!))]);
        var program = RuleProgram.Compile(parsed.Document).Program!;
        var request = new CanonicalRequest();
        request.Begin("GET"u8, Encoding.UTF8.GetBytes(target), "HTTP/1.1"u8);
        request.AddHeader("Host"u8, "shop.example"u8);
        request.EndHeaders();
        using var transaction = program.Rent();
        transaction.Begin(request, new(IPAddress.Loopback, 40000, IPAddress.Loopback, 80, UInt128.One));
        if (transaction.EvaluateRequestHeaders() is { IsEnforced: true }) return true;
        request.EndBody();
        return transaction.EvaluateRequestBody() is { IsEnforced: true };
    }

    /// <summary>Ids that are not used twice: 5 and 6 become others, where they are named too.</summary>
    private static string Numbered(string text)
    {
        var lines = text.Split('\n');
        var next = 100;
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].Contains("id:5,", StringComparison.Ordinal)) continue;
            lines[i] = lines[i].Replace("id:5,", string.Create(CultureInfo.InvariantCulture, $"id:{next++},"),
                StringComparison.Ordinal);
        }

        return string.Join('\n', lines);
    }

    /// <summary>The same in another spelling: case of directives and actions, quotes, spaces, continued lines, line
    /// ends.</summary>
    private static string Spell(string text, Random random)
    {
        var lines = text.Split('\n').Select(line =>
        {
            var parts = line.Split(' ', 2);
            var directive = random.Next(3) switch
            {
                0 => parts[0].ToLowerInvariant(), 1 => parts[0].ToUpperInvariant(), _ => parts[0],
            };
            var rest = parts.Length > 1 ? parts[1] : "";
            if (random.Next(2) == 0)
            {
                foreach (var name in new[] { "ctl:", "setvar:", "skipAfter:", "allow", "chain", "phase:",
                    "ruleEngine", "ruleRemove" })
                    rest = rest.Replace(name, random.Next(2) == 0 ? name.ToUpperInvariant() : name.ToLowerInvariant(),
                        StringComparison.Ordinal);
            }

            if (random.Next(2) == 0 && rest.Contains(",phase", StringComparison.Ordinal))
                rest = rest.Replace(",phase", ",\\\n    phase", StringComparison.Ordinal);
            return (random.Next(2) == 0 ? "  " : "") + directive + (random.Next(3) == 0 ? "  " : " ")
                + (random.Next(3) == 0 ? "\\\n " : "") + rest;
        });
        var joined = string.Join("\n# in between\n", lines);
        return (random.Next(2) == 0 ? "# rules\n\n" : "")
            + (random.Next(3) == 0 ? joined.Replace("\n", "\r\n", StringComparison.Ordinal) : joined) + "\n";
    }
}
