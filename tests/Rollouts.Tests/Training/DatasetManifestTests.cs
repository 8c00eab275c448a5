using System.Runtime.CompilerServices;
using WafOperator.Rollouts.Training;

namespace WafOperator.Rollouts.Tests.Training;

public sealed class DatasetManifestTests
{
    private static readonly DatasetManifest Manifest = new()
    {
        Family = "gate",
        From = new DateTimeOffset(2026, 6, 4, 3, 0, 0, TimeSpan.Zero),
        To = new DateTimeOffset(2026, 12, 1, 3, 0, 0, TimeSpan.Zero),
        QuarantineDays = 7,
        Caps = new(10, 10, 10),
        SamplesMax = 200_000,
        Policies = ["shop", "apps/caf\u00e9 \"one\"\n\u007f\ud83d\ude00"],
        Seed = 20261201,
        Data = [new("week.jsonl", ""), new("earlier.jsonl.gz", Named('b'))],
        Golden = [new("site.jsonl", Named('c'))],
        Baseline = Named('d'),
        First = Named('e'),
    };

    /// <summary>The same file is read by training's tests: both sides write these bytes.</summary>
    [Fact]
    public void CanonicalJson_IsWhatTrainingReads()
    {
        var lines = File.ReadAllLines(Path.Combine(Root(), "models/training/tests/loop/manifest.golden"));

        Assert.Equal(lines[0], Manifest.ToCanonicalJson());
        Assert.Equal(lines[1], Manifest.Digest());
    }

    [Fact]
    public void OrderOfFilesAndPolicies_IsNoDifference() => Assert.Equal(Manifest.Digest(), (Manifest with
    {
        Data = [.. Manifest.Data.Reverse()], Policies = [.. Manifest.Policies.Reverse()],
    }).Digest());

    public static TheoryData<string, DatasetManifest> Others => new()
    {
        { "family", Manifest with { Family = "payload-cnn" } },
        { "from", Manifest with { From = Manifest.From.AddSeconds(1) } },
        { "to", Manifest with { To = Manifest.To.AddSeconds(1) } },
        { "quarantine", Manifest with { QuarantineDays = 8 } },
        { "client", Manifest with { Caps = Manifest.Caps with { ClientPermille = 11 } } },
        { "network", Manifest with { Caps = Manifest.Caps with { NetworkPermille = 11 } } },
        { "labeller", Manifest with { Caps = Manifest.Caps with { LabellerPermille = 11 } } },
        { "samples", Manifest with { SamplesMax = 1 } },
        { "policies", Manifest with { Policies = [] } },
        { "seed", Manifest with { Seed = 1 } },
        { "data", Manifest with { Data = [] } },
        { "golden", Manifest with { Golden = [] } },
        { "baseline", Manifest with { Baseline = Named('f') } },
        { "first", Manifest with { First = Named('f') } },
    };

    [Theory, MemberData(nameof(Others))]
    public void EachField_IsInTheDigest(string field, DatasetManifest other) =>
        Assert.True(Manifest.Digest() != other.Digest(), field);

    private static string Named(char digit) => "sha256:" + new string(digit, 64);

    private static string Root([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../.."));
}
