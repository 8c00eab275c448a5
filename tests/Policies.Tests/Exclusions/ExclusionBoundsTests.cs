using WafOperator.Policies.Compilation;
using WafOperator.Policies.Exclusions;
using WafOperator.Protocols.Models;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Exclusions;

/// <summary>What a WafExclusion may take away, and what of it is said on the policy.</summary>
public sealed class ExclusionBoundsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Bounds, exclusion, field of the breach (empty: within bounds).</summary>
    public static TheoryData<string, string, string> Table => new()
    {
        { "{}", "{rules: [\"942100\"], match: {path: /search}}", "" },
        { "{}", "{rules: [\"942100\"], match: {path: /}}", "" },
        { "{}", "{rules: [\"942100-942199\"], match: {path: \"/api/*\", part: Parameter, name: q}}", "" },
        { "{}", "{rules: [\"942100\"], match: {part: Cookie, name: session}}", "" },
        { "{}", "{families: [Sqli, Xss], match: {path: /search}}", "" },
        { "{}", "{models: [gate], match: {path: /search}}", "" },
        { "{}", "{rules: [\"942100\"]}", "spec.match" },
        { "{}", "{rules: [\"942100\"], match: {part: Parameter}}", "spec.match" },
        { "{}", "{rules: [\"942100\"], match: {path: \"/*\"}}", "spec.match" },
        { "{}", "{rules: [\"942100\"], match: {path: \"/**\"}}", "spec.match" },
        { "{}", "{rules: [\"942100\"], match: {path: \"//*\"}}", "spec.match" },
        { "{}", "{rules: [\"942000-943999\"], match: {path: /search}}", "spec.rules" },
        { "{}", "{rules: [\"942000-942999\", \"1\"], match: {path: /search}}", "spec.rules" },
        { "{}", "{rules: [\"1-999999999\"], match: {path: /search}}", "spec.rules[0]" },
        { "{}", "{rules: [\"942100\", \"949110\"], match: {path: /search}}", "spec.rules[1]" },
        { "{}", "{rules: [\"959100\"], match: {path: /search}}", "spec.rules[0]" },
        { "{}", "{rules: [\"90000102\"], match: {path: /search}}", "spec.rules[0]" },
        { "{}", "{rules: [\"948500-949099\"], match: {path: /search}}", "spec.rules[0]" },
        { "{maximumRules: 1000000, requires: Nothing}", "{rules: [\"949110\"]}", "spec.rules[0]" },
        { "{}", "{families: [Xss, Protocol], match: {path: /search}}", "spec.families[1]" },
        { "{}", "{families: [Sqli, Xss, Rce, Lfi], match: {path: /search}}", "spec.families" },
        { "{families: [Xss]}", "{families: [Xss], match: {path: /search}}", "" },
        { "{families: [Xss]}", "{families: [Xss, Sqli], match: {path: /search}}", "spec.families[1]" },
        { "{maximumFamilies: 4}", "{families: [Sqli, Xss, Rce, Lfi], match: {path: /search}}", "" },
        { "{requires: Path}", "{rules: [\"942100\"], match: {part: Cookie, name: session}}", "spec.match.path" },
        { "{requires: Nothing}", "{rules: [\"942100\"]}", "" },
        { "{maximumRules: 2}", "{rules: [\"942100-942102\"], match: {path: /search}}", "spec.rules" },
        { "{maximumRules: 2}", "{rules: [\"942100-942101\"], match: {path: /search}}", "" },
        { "{allowModels: false}", "{models: [gate], match: {path: /search}}", "spec.models" },
        { "{maximumLifetime: 48h}", "{rules: [\"942100\"], match: {path: /search}}", "spec.expiresAt" },
        { "{maximumLifetime: 48h}",
            "{rules: [\"942100\"], match: {path: /search}, expiresAt: \"2026-11-23T12:00:00Z\"}", "" },
        { "{maximumLifetime: 48h}",
            "{rules: [\"942100\"], match: {path: /search}, expiresAt: \"2026-11-23T12:00:01Z\"}", "spec.expiresAt" },
    };

    [Theory, MemberData(nameof(Table))]
    public void AnExclusion_OutsideTheBounds_IsNotInForceAndNamesItsField(string bounds, string fields, string path)
    {
        var compilation = Compile(bounds, fields);

        Assert.NotNull(compilation.Document);
        var breach = compilation.Findings.SingleOrDefault(f => f.Kind is FindingKind.ExclusionOutOfBounds);
        Assert.Equal(path, breach?.Path ?? "");
        Assert.Equal(path.Length == 0 ? 1 : 0, compilation.Document.Exclusions.Count);
        Assert.Equal(
            path.Length == 0 && !fields.Contains("models", StringComparison.Ordinal) ? 1 : 0,
            compilation.Document.Rules!.Exclusions.Count);
        if (breach is not null) Assert.Equal("WafExclusion/tuned", breach.Subject);
    }

    /// <summary>Exclusion, part of what is said; empty: nothing.</summary>
    public static TheoryData<string, string> Broad => new()
    {
        { "{rules: [\"942100\"], match: {path: /search}}", "" },
        { "{models: [gate], match: {path: /search}}", "" },
        { "{models: [gate, payload-cnn], match: {path: /search, part: Parameter, name: q}}", "" },
        { "{models: [gate, payload-cnn], match: {path: /search}}", "tuned leaves out all models below /search" },
        { "{families: [Sqli, Xss, Rce, Lfi], match: {path: /search}}", "4 attack families below /search" },
        { "{rules: [\"942100\"]}", "for every request" },
        { "{rules: [\"942100\"], match: {path: \"/*\"}}", "for every request" },
    };

    [Theory, MemberData(nameof(Broad))]
    public void ABroadExclusionInForce_IsSaidOfThePolicy(string fields, string words)
    {
        var compilation = Compile("{requires: Nothing, maximumFamilies: 16}", fields);

        Assert.Equal(words.Length == 0 ? 0 : 1, compilation.Weakenings.Count);
        if (words.Length > 0) Assert.Contains(words, compilation.Weakenings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void EveryFamilyOfAReleasedModel_CanBeExcludedByName()
    {
        var named = Enum.GetValues<AttackFamily>().SelectMany(FamilyNames.ModelNames).ToList();
        Assert.Equal(named.Count, named.Distinct().Count());
        var archives = Directory.GetFiles(Packages(), "*.tar");
        Assert.NotEmpty(archives);
        foreach (var archive in archives)
        {
            var bytes = File.ReadAllBytes(archive);
            var package = ModelPackageReader.Read(bytes, ModelPackageReader.DigestOf(bytes), PackageLimits.Default);
            Assert.Empty(package.Package!.Manifest.Families.Except(named));
        }
    }

    private static PolicyCompilation Compile(string bounds, string fields)
    {
        var manifest = ManifestReader.Read($$$"""
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: {name: shop, namespace: shop}
            spec: {exclusionBounds: {{{bounds}}}, ml: {models: [{model: gate}, {model: payload-cnn}]}}
            """);
        Assert.Empty(manifest.Errors);
        var raw = Resources.Schema.YamlText.Read(fields)!;
        raw["policy"] = "shop";
        raw["reason"] = "tuned";
        var spec = System.Text.Json.JsonSerializer.Deserialize<WafExclusionSpec>(
            raw, ResourceJson.Default.Options)!;
        return PolicyCompiler.Compile(new()
        {
            Policy = manifest.Objects.Select(o => o.Resource).OfType<WafPolicy>().Single(),
            Exclusions =
            [
                new()
                {
                    Metadata = new() { Name = "tuned", Namespace = "shop", CreationTimestamp = Noon.AddDays(-1) },
                    Spec = spec,
                },
            ],
            Now = Noon,
        });
    }

    private static string Packages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "WafOperator.sln"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
