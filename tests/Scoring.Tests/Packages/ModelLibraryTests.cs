using System.Security.Cryptography;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Evaluation;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Tests.Packages;

public sealed class ModelLibraryTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    private static readonly ValueModelLoader Loader = new(PackageLimits.Default, _ => { });

    [Theory]
    [InlineData("gate")]
    [InlineData("payload-cnn")]
    public void Load_OfAReleasedPackage_ReproducesItsGoldenVectors(string family)
    {
        var loading = Loader.Load(models.Archive(family), models.Blob(family));

        Assert.Null(loading.Error);
        Assert.Equal(family, loading.Model!.Model);
    }

    [Fact]
    public void Load_WithARightSignature_Works_AndWithAnotherKeyIsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var gate = models.Blob("gate");
        var blob = gate with
        {
            Signature = PackageSignature.Sign(new PackageIdentity("gate", gate.Version, gate.Digest), key),
        };

        Assert.Null(Loader.Load(
            models.Archive("gate"), blob with { PublicKeyPem = key.ExportSubjectPublicKeyInfoPem() }).Error);
        Assert.Contains("signature", Loader.Load(
            models.Archive("gate"), blob with { PublicKeyPem = other.ExportSubjectPublicKeyInfoPem() }).Error,
                StringComparison.Ordinal);
        Assert.NotNull(Loader.Load(models.Archive("gate"), blob).Error);
    }

    [Fact]
    public void Load_OfAPackageSwappedInTransit_IsRefusedByDigest()
    {
        var archive = models.Archive("gate");
        archive[archive.Length / 2] ^= 1;

        Assert.Contains("digest", Loader.Load(archive, models.Blob("gate")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfWeightsThatDoNotFitTheGoldenVectors_IsRefused()
    {
        var package = ModelPackageReader.Read(models.Archive("gate"), null, PackageLimits.Default).Package!;
        var files = package.Files.ToDictionary(f => f.Key, f => f.Value);
        var weights = files["gate.bin"].ToArray();
        for (var i = 1_000; i < weights.Length; i += 3) weights[i] ^= 0x40;
        files["gate.bin"] = weights;
        var changed = ModelPackageWriter.Write(package.Manifest, files);

        var loading = Loader.Load(
            changed, new ModelBlob { Version = ReleasedModels.Version, Digest = ModelPackageReader.DigestOf(changed) });

        Assert.Null(loading.Model);
        Assert.Contains("golden", loading.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prepare_WithAPackageNobodyHas_SaysSoAndKeepsTheRest()
    {
        var library = models.Library;
        var missing = new ModelAssignment
        {
            Model = "nobody", Baseline = new ModelBlob { Version = "1.0.0", Digest = "sha256:" + new string('0', 64) },
        };
        await library.PrepareAsync(
            models.Policy() with
            {
                Models = [models.Assignment("gate"), missing, new ModelAssignment { Model = "unassigned" }],
            },
            CancellationToken.None);

        Assert.Contains(library.Statuses(), s => s is { Model: "nobody", State: "Missing", Message: not null });
        Assert.Contains(library.Statuses(), s => s is { Model: "unassigned", State: "Missing", Message: not null });
        Assert.NotNull(library.Find(models.Blob("gate")));
    }

    [Fact]
    public void Compare_OfAGateThatFlagsEverything_CountsWhatOnlyItFlags()
    {
        var gate = ModelPackageReader.Read(models.Archive("gate"), null, PackageLimits.Default).Package!;
        var files = gate.Files.ToDictionary(f => f.Key, f => f.Value);
        var weights = files["gate.bin"].ToArray();
        System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(weights.AsSpan(32), 40);
        files["gate.bin"] = weights;
        files.Remove("golden.jsonl");
        var eager = ModelPackageWriter.Write(gate.Manifest, files);
        var requests = """
            {"method":"GET","uri":"/items?q=green%20tea%20%28100g%29","headers":{},"body":null,"label":0}
            {"method":"GET","uri":"/items?q=1%27%20UNION%20SELECT%20password%20FROM%20users--%20-","headers":{},"body":null,"label":1}
            """u8.ToArray();

        var compared = CorpusEvaluation.Compare(
            eager, ModelPackageReader.DigestOf(eager), models.Archive("gate"), gate.Digest, requests, Loader);

        Assert.Null(compared.Error);
        Assert.Equal((1, 1), (compared.Benign01, compared.Attack11));
        Assert.Equal(0, compared.Benign00 + compared.Benign10 + compared.Benign11 + compared.Attack00);
    }

    [Theory]
    [InlineData("gate")]
    [InlineData("payload-cnn")]
    public void Evaluate_OfAReleasedPackage_PassesTheDefaultGates(string family)
    {
        var report = CorpusEvaluation.Run(models.Archive(family), models.Blob(family).Digest, Loader);

        Assert.Null(report.Error);
        Assert.True(report.Recall >= 0.9, $"recall {report.Recall}");
        Assert.True(report.FalsePositiveRate <= 0.02, $"false positives {report.FalsePositiveRate}");
    }

    [Fact]
    public void Cache_GivesBackWhatWasSetForThatValueAndModelOnly()
    {
        var cache = new PredictionCache(64);
        var key = cache.Key("select 1"u8, 5);
        cache.Set(key, -2.5);

        Assert.True(cache.TryGet(key, out var logit));
        Assert.Equal(-2.5, logit);
        Assert.False(cache.TryGet(cache.Key("select 1"u8, 6), out _));
        Assert.False(cache.TryGet(cache.Key("select 2"u8, 5), out _));
    }
}
