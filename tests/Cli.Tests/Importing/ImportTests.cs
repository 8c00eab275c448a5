using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Policies;

namespace WafOperator.Cli.Tests.Importing;

public sealed class ImportTests
{
    private const string ModSecurity = """
        SecRuleEngine On
        SecRequestBodyLimit 131072
        SecRequestBodyLimitAction ProcessPartial
        SecAuditEngine RelevantOnly
        Include /etc/crs/rules/*.conf
        SecAction "id:900000,phase:1,nolog,pass,t:none,setvar:tx.blocking_paranoia_level=2"
        SecAction "id:900110,phase:1,nolog,pass,t:none,setvar:tx.inbound_anomaly_score_threshold=7"
        SecRuleRemoveById 920350 942100-942110
        SecRuleUpdateTargetById 942200 "!ARGS:q"
        SecRule REQUEST_URI "@beginsWith /api/" "id:1000,phase:1,pass,nolog,ctl:ruleRemoveById=941100"
        SecRule REQUEST_FILENAME "@streq /form" "id:1001,phase:1,pass,nolog,ctl:ruleRemoveTargetById=942430;ARGS:text"
        SecRule ARGS:cmd "@streq rm" "id:1002,phase:2,deny,status:403,chain"
            SecRule REQUEST_METHOD "@streq POST" "t:none"
        """;

    private static (WafPolicy Policy, List<WafExclusion> Exclusions) Read(string yaml)
    {
        var manifest = ManifestReader.Read(yaml);
        Assert.Empty(manifest.Errors);
        return (Assert.Single(manifest.Objects.Select(o => o.Resource).OfType<WafPolicy>()),
            [.. manifest.Objects.Select(o => o.Resource).OfType<WafExclusion>()]);
    }

    [Fact]
    public async Task ModSecurity_BecomesAPolicyThatAnalyzeTakes()
    {
        var run = await CliRun.WithInput(ModSecurity, "import", "modsecurity", "-f", "-", "-n", "web", "--name",
            "shop");
        Assert.Equal((0, ""), (run.Code, run.Error));
        var (policy, exclusions) = Read(run.Out);
        var (spec, rules) = (policy.Spec, policy.Spec.Rules!);
        Assert.Equal((PolicyMode.Enforce, "131072", BodyOverLimit.ProcessPartial),
            (spec.Mode, spec.Body!.Limit, spec.Body.OverLimit));
        Assert.Equal((2, 7), (rules.Paranoia, rules.InboundThreshold));
        Assert.Equal(["owasp-crs"], rules.Sets);
        Assert.Equal(["920350", "942100-942110"], rules.DisabledRules);
        Assert.Contains("chain", rules.Inline, StringComparison.Ordinal);
        Assert.Equal(2, rules.Inline!.Split("SecRule ").Length - 1);
        Assert.Equal(
            [("942200", null, "q"), ("941100", "/api/*", null), ("942430", "/form", "text")],
            exclusions.Select(e => (e.Spec.Rules[0], e.Spec.Match?.Path, e.Spec.Match?.Name)));
        Assert.Contains("SecAuditEngine has no counterpart", run.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await CliRun.WithInput(run.Out, "analyze", "-f", "-")).Code);
    }

    [Fact]
    public async Task FilesWithCarriageReturns_AreReadAlike()
    {
        var run = await CliRun.WithInput(ModSecurity.ReplaceLineEndings("\r\n"), "import", "modsecurity", "-f", "-");
        var rules = Read(run.Out).Policy.Spec.Rules!;
        Assert.Equal(["owasp-crs"], rules.Sets);
        Assert.Equal(2, rules.Paranoia);
        Assert.DoesNotContain("Include", run.Out, StringComparison.Ordinal);
    }

    /// <summary>A file of nothing but what is not known: the first notes tell what is wrong with the rest.</summary>
    [Fact]
    public async Task Notes_AreBounded()
    {
        var unknown = string.Concat(Enumerable.Range(0, 3_000).Select(i => $"SecComponentSignature a{i}\n"));
        var run = await CliRun.WithInput(unknown + ModSecurity, "import", "modsecurity", "-f", "-");
        Assert.Contains("more are left out", run.Out, StringComparison.Ordinal);
        Assert.InRange(run.Out.Split('\n').Count(line => line.StartsWith('#')), 900, 1_001);
    }

    [Theory]
    // An exclusion that also does something else stays a rule.
    [InlineData("SecRule REQUEST_URI \"@beginsWith /a\" \"id:1,phase:1,pass,ctl:ruleRemoveById=9,setvar:tx.a=1\"")]
    // A condition that is more than a path.
    [InlineData("SecRule ARGS:a \"@streq b\" \"id:1,phase:1,pass,nolog,ctl:ruleRemoveById=941100\"")]
    [InlineData("SecRule REQUEST_URI \"!@beginsWith /a\" \"id:1,phase:1,pass,nolog,ctl:ruleRemoveById=941100\"")]
    [InlineData("SecRule REQUEST_URI \"@rx ^/a\" \"id:1,phase:1,pass,nolog,ctl:ruleRemoveById=941100\"")]
    // The engine switched off for a path is no exclusion.
    [InlineData("SecRule REQUEST_URI \"@beginsWith /a\" \"id:1,phase:1,pass,nolog,ctl:ruleEngine=Off\"")]
    public async Task WhatIsMoreThanAnExclusion_StaysARule(string text)
    {
        var (policy, exclusions) = Read((await CliRun.WithInput(text, "import", "modsecurity", "-f", "-")).Out);
        Assert.Empty(exclusions);
        Assert.Contains("id:1", policy.Spec.Rules!.InlineBefore, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ingresses_GiveTheirServicesAPolicy()
    {
        var run = await CliRun.WithInput("""
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata:
              name: shop
              namespace: web
              annotations:
                nginx.ingress.kubernetes.io/enable-modsecurity: "true"
                nginx.ingress.kubernetes.io/enable-owasp-core-rules: "true"
                nginx.ingress.kubernetes.io/modsecurity-snippet: |
                  SecRuleEngine DetectionOnly
                  SecRuleRemoveById 942100
                nginx.ingress.kubernetes.io/limit-rps: "5"
                nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8, 192.0.2.0/24
                nginx.ingress.kubernetes.io/auth-url: https://auth.example
            spec:
              rules:
              - http:
                  paths:
                  - {path: /, backend: {service: {name: shop, port: {number: 80}}}}
                  - {path: /api, backend: {service: {name: api, port: {number: 80}}}}
            """, "import", "ingress-nginx", "-f", "-");
        var (policy, _) = Read(run.Out);
        Assert.Equal(PolicyMode.Detect, policy.Spec.Mode);
        Assert.Equal(["Service shop", "Service api"], policy.Spec.TargetRefs.Select(t => t.ToString()));
        Assert.Equal(["942100"], policy.Spec.Rules!.DisabledRules);
        var limit = Assert.Single(policy.Spec.RateLimits);
        Assert.Equal((5, "1s", 25), (limit.Requests, limit.Period, limit.Burst));
        Assert.Equal(["10.0.0.0/8", "192.0.2.0/24"], policy.Spec.AccessLists!.AllowClients);
        Assert.Contains("auth-url has no counterpart", run.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await CliRun.WithInput(run.Out, "analyze", "-f", "-")).Code);
    }

    [Fact]
    public async Task CorazaEngines_TakeTheRulesOfTheirSet()
    {
        var run = await CliRun.WithInput("""
            apiVersion: waf.k8s.coraza.io/v1alpha1
            kind: Engine
            metadata: {name: gate, namespace: web}
            spec: {ruleSet: {name: all}, failurePolicy: allow, target: {type: Gateway, name: front}}
            ---
            apiVersion: waf.k8s.coraza.io/v1alpha1
            kind: RuleSet
            metadata: {name: all, namespace: web}
            spec: {sources: [{name: base}], rules: [{name: own}, {name: lost}]}
            ---
            apiVersion: waf.k8s.coraza.io/v1alpha1
            kind: RuleSource
            metadata: {name: base, namespace: web}
            spec: {rules: "SecRuleEngine On\n"}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: own, namespace: web}
            data: {rules: "SecRule ARGS \"@contains attack\" \"id:1001,phase:2,deny\"\n"}
            """, "import", "coraza", "-f", "-");
        var (policy, _) = Read(run.Out);
        Assert.Equal((PolicyMode.Enforce, FailureMode.Open), (policy.Spec.Mode, policy.Spec.FailureModes!.Config));
        Assert.Contains("1001", policy.Spec.Rules!.Inline, StringComparison.Ordinal);
        Assert.Contains("lost is not among the objects", run.Out, StringComparison.Ordinal);
        Assert.Contains("gateway front", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NothingToImport_IsSaid() =>
        Assert.Equal(1, (await CliRun.WithInput("kind: Pod\napiVersion: v1\n", "import", "coraza", "-f", "-")).Code);
}
