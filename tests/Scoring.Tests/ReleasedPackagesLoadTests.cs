using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Evaluation;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Tests;

/// <summary>What training wrote is what the sidecar accepts, golden vectors included, without a native library.</summary>
public sealed class ReleasedPackagesLoadTests
{
    private static readonly ValueModelLoader Loader = new(PackageLimits.Default, reason => Assert.Fail(reason));

    /// <summary>Models of values; those of clients are another project's.</summary>
    public static TheoryData<string> Packages =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "packages"), "*.tar")
            .Select(p => Path.GetFileName(p)).Where(p => p.StartsWith("gate", StringComparison.Ordinal)
                || p.StartsWith("payload-cnn", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Load_ReleasedPackage_PassesEveryCheck(string package)
    {
        var (archive, digest, version) = Read(package);
        var loading = Loader.Load(archive, new ModelBlob { Version = version, Digest = digest });
        Assert.Null(loading.Error);
        using var model = loading.Model!;
        Assert.Equal(package.StartsWith("gate", StringComparison.Ordinal), model.IsGate);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Load_ReleasedPackageWithOneChangedByte_IsRefused(string package)
    {
        var (archive, digest, version) = Read(package);
        archive[^2000] ^= 1;
        Assert.NotNull(Loader.Load(archive, new ModelBlob { Version = version, Digest = digest }).Error);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Evaluate_ReleasedPackageOnItsCorpus_FindsAttacksAndLeavesBenignAlone(string package)
    {
        var (archive, digest, _) = Read(package);
        var evaluation = CorpusEvaluation.Run(archive, digest, Loader);
        Assert.InRange(evaluation.Recall, 0.85, 1);
        Assert.InRange(evaluation.FalsePositiveRate, 0, 0.02);
    }

    private static (byte[] Archive, string Digest, string Version) Read(string package)
    {
        var archive = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "packages", package));
        var version = Path.GetFileNameWithoutExtension(package).Split('-')[^1];
        return (archive, ModelPackageReader.DigestOf(archive), version);
    }
}
