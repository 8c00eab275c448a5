using WafOperator.Policies.Compilation;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Rules;

/// <summary>Rule files of ConfigMaps may not switch inspection off.</summary>
public sealed class ConfigMapEngineTests
{
    [Theory]
    [InlineData("SecRuleEngine Off", "line 2: SecRuleEngine Off")]
    [InlineData("SecRuleEngine DetectionOnly", "line 2: SecRuleEngine DetectionOnly")]
    [InlineData("secruleengine off", "line 2:")]
    [InlineData("SecRequestBodyAccess Off", "line 2: SecRequestBodyAccess Off")]
    [InlineData("SecAction \"id:5,phase:1,pass,nolog,ctl:ruleEngine=Off\"", "ctl:ruleEngine=Off")]
    [InlineData("SecAction \"id:5,phase:1,pass,nolog,ctl:ruleEngine=DetectionOnly\"", "ctl:ruleEngine=DetectionOnly")]
    [InlineData("SecAction \"id:5,phase:1,pass,nolog,ctl:requestBodyAccess=Off\"", "ctl:requestBodyAccess=Off")]
    [InlineData("SecRuleEngine On", "")]
    [InlineData("SecRequestBodyAccess On", "")]
    [InlineData("SecRule ARGS \"@contains x\" \"id:5,phase:2,deny\"", "")]
    public void ASwitch_IsRefusedWithItsLine(string text, string words)
    {
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy = new()
            {
                Metadata = new() { Name = "shop", Namespace = "shop" },
                Spec = new() { Rules = new() { Sets = [], ConfigMaps = ["mine"] } },
            },
            RuleFiles = new Dictionary<string, IReadOnlyDictionary<string, string>>
            {
                ["mine"] = new Dictionary<string, string> { ["a.conf"] = "# rules\n" + text + "\n" },
            },
            Now = DateTimeOffset.UnixEpoch,
        });

        Assert.Equal(words.Length > 0, compilation.HasErrors);
        if (words.Length == 0) return;
        Assert.Contains(compilation.Findings, f => f.Path == "configMap/mine/a.conf"
            && f.Message.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public void AModelOfAnotherPool_IsSaid()
    {
        var compilation = PolicyCompiler.Compile(new()
        {
            Policy = new()
            {
                Metadata = new() { Name = "shop", Namespace = "shop" },
                Spec = new() { Ml = new() { Models = [new() { Model = "large" }], Pool = "one" } },
            },
            Models =
            [
                new()
                {
                    Metadata = new() { Name = "large-1", Namespace = "shop" },
                    Spec = new()
                    {
                        Model = "large", Version = "1.0.0",
                        Serving = new() { Mode = Resources.Models.ServingMode.Pool, Pool = "two" },
                        Artifact = new() { Uri = "builtin://large", Digest = "sha256:0" },
                    },
                    Status = new() { Phase = Resources.Models.ModelPhase.Promoted },
                },
            ],
            Pools = [new() { Metadata = new() { Name = "one", Namespace = "shop" } }],
            Now = DateTimeOffset.UnixEpoch,
        });

        var finding = Assert.Single(compilation.Findings, f => f.Kind is FindingKind.PoolDiffers);
        Assert.Contains("served by the InferencePool two", finding.Message, StringComparison.Ordinal);
    }
}
