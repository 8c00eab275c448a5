using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Protocols.Models;

namespace WafOperator.Protocols.Tests.Models;

public sealed class ModelPackageTests
{
    private static readonly ModelManifest Manifest = new()
    {
        Name = "payload-cnn",
        Version = "1.0.0",
        Kind = "payload-cnn",
        Files = new Dictionary<string, PackageFile>(),
        TokenizerDigest = "sha256:" + new string('0', 64),
        FeatureSchemaDigest = "sha256:" + new string('1', 64),
    };

    private static readonly Dictionary<string, ReadOnlyMemory<byte>> Files = new()
    {
        ["model.onnx"] = "weights"u8.ToArray(),
        ["corpus.jsonl"] = "{}\n"u8.ToArray(),
    };

    [Fact]
    public void Read_OfWhatWasWritten_GivesManifestAndFiles()
    {
        var archive = ModelPackageWriter.Write(Manifest, Files);

        var reading = ModelPackageReader.Read(archive, ModelPackageReader.DigestOf(archive), PackageLimits.Default);

        Assert.Null(reading.Error);
        Assert.Equal("payload-cnn", reading.Package!.Manifest.Name);
        Assert.Equal("weights"u8.ToArray(), reading.Package.Files["model.onnx"].ToArray());
    }

    [Fact]
    public void Write_Twice_GivesTheSameBytes() =>
        Assert.Equal(ModelPackageWriter.Write(Manifest, Files), ModelPackageWriter.Write(Manifest, Files));

    [Fact]
    public void Read_WithAnotherDigest_IsRefused()
    {
        var archive = ModelPackageWriter.Write(Manifest, Files);

        var reading = ModelPackageReader.Read(archive, "sha256:" + new string('a', 64), PackageLimits.Default);

        Assert.Null(reading.Package);
        Assert.Contains("digest", reading.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AtTheArchiveLimit_PassesAndOneByteBeyondIsRefused()
    {
        var archive = ModelPackageWriter.Write(Manifest, Files);

        Assert.Null(ModelPackageReader.Read(archive, null, new PackageLimits { ArchiveBytesMax = archive.Length }).Error);
        Assert.NotNull(ModelPackageReader.Read(archive, null, new PackageLimits { ArchiveBytesMax = archive.Length - 1 }).Error);
    }

    [Fact]
    public void Read_AtTheFileLimit_PassesAndOneFileBeyondIsRefused()
    {
        var archive = ModelPackageWriter.Write(Manifest, Files);

        Assert.Null(ModelPackageReader.Read(archive, null, new PackageLimits { FilesMax = 3 }).Error);
        Assert.NotNull(ModelPackageReader.Read(archive, null, new PackageLimits { FilesMax = 2 }).Error);
    }

    [Fact]
    public void Read_WithAChangedFile_NamesTheFile()
    {
        var archive = ModelPackageWriter.Write(Manifest, Files);
        var at = archive.AsSpan().IndexOf("weights"u8);
        archive[at] ^= 1;

        Assert.Contains("model.onnx", ModelPackageReader.Read(archive, null, PackageLimits.Default).Error, StringComparison.Ordinal);
    }

    public static TheoryData<string, Action<TarWriter>> HostileArchives => new()
    {
        { "no manifest.json", _ => { } },
        { "SymbolicLink", w => w.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "model.onnx") { LinkName = "/etc/passwd" }) },
        { "plain file name", w => Add(w, "../evil", "x") },
        { "plain file name", w => Add(w, ".hidden", "x") },
        { "there twice", w => { Add(w, "a", "x"); Add(w, "a", "y"); } },
        { "not a model manifest", w => Add(w, "manifest.json", "{") },
        { "not a model manifest", w => Add(w, "manifest.json", "{\"name\":\"x\"}") },
    };

    [Theory]
    [MemberData(nameof(HostileArchives))]
    public void Read_OfAHostileArchive_IsRefusedWithTheReason(string reason, Action<TarWriter> build)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true)) build(writer);

        var reading = ModelPackageReader.Read(stream.ToArray(), null, PackageLimits.Default);

        Assert.Null(reading.Package);
        Assert.Contains(reason, reading.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfMutatedArchives_NeverThrows()
    {
        const int seed = 20261122;
        var random = new Random(seed);
        var archive = ModelPackageWriter.Write(Manifest, Files);
        for (var i = 0; i < 3_000; i++)
        {
            var mutated = archive[..random.Next(archive.Length + 1)];
            for (var flips = random.Next(8); flips > 0 && mutated.Length > 0; flips--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            var reading = ModelPackageReader.Read(mutated, null, PackageLimits.Default);
            Assert.True(reading.Package is not null ^ reading.Error is not null, $"seed {seed}, input {i}");
        }
    }

    [Fact]
    public void Signature_OfTheRightKey_IsAcceptedAndAnyOtherRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var package = new PackageIdentity("gate", "1.0.0", "sha256:" + new string('7', 64));
        var signature = PackageSignature.Sign(package, key);
        var (right, wrong) = (key.ExportSubjectPublicKeyInfoPem(), other.ExportSubjectPublicKeyInfoPem());

        Assert.Null(PackageSignature.Check(package, signature, right));
        Assert.Null(PackageSignature.Check(package, signature, $"{wrong}\n{right}\n"));
        Assert.NotNull(PackageSignature.Check(package, signature, wrong));
        Assert.NotNull(PackageSignature.Check(package, signature, $"{wrong}\n{wrong}"));
        Assert.NotNull(PackageSignature.Check(package, "!!", right));
        Assert.NotNull(PackageSignature.Check(package, signature, "not a key"));
        Assert.NotNull(PackageSignature.Check(package, signature, ""));
    }

    /// <summary>An old package under a new version, one model's package as another's, other bytes.</summary>
    [Theory]
    [InlineData("gate", "1.0.1", '7')]
    [InlineData("gates", "1.0.0", '7')]
    [InlineData("gate\n1.0.0", "", '7')]
    [InlineData("gate", "1.0.0", '8')]
    public void Signature_OfAnotherNameVersionOrDigest_IsRefused(string model, string version, char digest)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signature = PackageSignature.Sign(
            new PackageIdentity("gate", "1.0.0", "sha256:" + new string('7', 64)), key);

        Assert.NotNull(PackageSignature.Check(
            new PackageIdentity(model, version, "sha256:" + new string(digest, 64)), signature,
            key.ExportSubjectPublicKeyInfoPem()));
    }

    [Fact]
    public void Signature_OfRsaPss_IsAcceptedFrom2048BitsOn()
    {
        using var strong = RSA.Create(2048);
        using var weak = RSA.Create(1024);
        var package = new PackageIdentity("gate", "1.0.0", "sha256:" + new string('7', 64));

        Assert.Null(PackageSignature.Check(package, SignRsa(strong, package), strong.ExportSubjectPublicKeyInfoPem()));
        Assert.NotNull(PackageSignature.Check(package, SignRsa(weak, package), weak.ExportSubjectPublicKeyInfoPem()));
    }

    private static string SignRsa(RSA key, PackageIdentity package) => Convert.ToBase64String(
        key.SignData(package.Text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss));

    private static void Add(TarWriter writer, string name, string text) => writer.WriteEntry(
        new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
}
