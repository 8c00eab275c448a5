using WafOperator.Policies.Compilation;
using WafOperator.Policies.Rules;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Rules;

/// <summary>The way of the README to another Core Rule Set, with that of Debian (modsecurity-crs).</summary>
public sealed class PinnedRuleSetTests
{
    private const string Rules = "/usr/share/modsecurity-crs/rules";

    [Fact]
    public void TheCoreRuleSet_OfConfigMaps_IsTakenWherePinned_AndElseSaysWhatWeakens()
    {
        Assert.True(Directory.Exists(Rules), "Install the Debian package modsecurity-crs to run this test.");
        var files = new Dictionary<string, IReadOnlyDictionary<string, string>>
        {
            ["crs"] = Read("REQUEST-*.conf"), ["crs-data"] = Read("RESPONSE-*.conf", "*.data"),
        };
        var pins = files.Select(map => new ConfigMapDigest
        {
            Name = map.Key, Digest = ConfigMapRules.DigestOf(map.Value),
        }).ToList();

        var pinned = Compile(files, new() { Sets = [], ConfigMaps = ["crs", "crs-data"], ConfigMapDigests = pins });
        var loose = Compile(files, new() { Sets = [], ConfigMaps = ["crs", "crs-data"] });

        Assert.DoesNotContain(pinned.Findings, f => f.Severity is FindingSeverity.Error);
        Assert.NotNull(pinned.Document);
        Assert.Null(loose.Document);
        Assert.Contains(loose.Findings, f => f.Message.Contains("ctl:ruleEngine=Off", StringComparison.Ordinal)
            && f.Message.Contains(pins[0].Digest, StringComparison.Ordinal));
    }

    private static Dictionary<string, string> Read(params string[] patterns) => patterns
        .SelectMany(pattern => Directory.GetFiles(Rules, pattern))
        .ToDictionary(file => Path.GetFileName(file), File.ReadAllText);

    private static PolicyCompilation Compile(
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> files, RulesSpec rules) =>
        PolicyCompiler.Compile(new()
        {
            Policy = new()
            {
                Metadata = new() { Name = "shop", Namespace = "shop" }, Spec = new() { Rules = rules },
            },
            RuleFiles = files,
            Now = DateTimeOffset.UnixEpoch,
        });
}
