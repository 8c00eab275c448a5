using System.Security.Cryptography;
using System.Text;
using WafOperator.Fixtures;
using WafOperator.Models.Server.Repository;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Tests.Repository;

/// <summary>Which packages run, and why others do not.</summary>
[Collection("server")]
public sealed class PackageLoaderTests(ServerFixture fixture)
{
    [Theory]
    [InlineData("Fp32", "model.onnx", 1e-4)]
    [InlineData("Int8", "model-int8.onnx", 0.5)]
    [InlineData("Fp16", "model.onnx", 1e-4)] // the package has none: the plain one runs
    public void AReleasedPackage_RunsInItsPrecision_AsItsGoldenVectorsSay(
        string precision, string file, double difference)
    {
        var options = new LoaderOptions { Precision = Enum.Parse<ModelPrecision>(precision) };

        var loading = Loader(options).Load(ServerFixture.Released(), new PackageClaim());

        Assert.Null(loading.Error);
        Assert.Equal(file, loading.Model!.File);
        Assert.InRange(loading.Model.GoldenDifferenceMax!.Value, 0, difference);
        loading.Model.Release();
    }

    [Fact]
    public void APackageThatWasSwapped_IsRefused()
    {
        var digest = ModelPackageReader.DigestOf(ServerFixture.Released("1.0.0"));

        Refused(ServerFixture.Released("1.1.0"), new PackageClaim(digest), "it was changed or is another one");
    }

    [Theory]
    [InlineData("gate", "1.1.0", "the package is of payload-cnn, not of gate")]
    [InlineData("payload-cnn", "2.0.0", "the package is version 1.1.0, not 2.0.0")]
    public void APackageOfAnotherNameOrVersion_IsRefused(string model, string version, string reason) =>
        Refused(ServerFixture.Released(), new PackageClaim(null, model, version), reason);

    [Fact]
    public void ASignature_IsChecked_AgainstTheKeyThatCameWithIt()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var archive = ServerFixture.DensePackage();
        var digest = ModelPackageReader.DigestOf(archive);
        var signed = new PackageClaim(
            digest, null, null, PackageSignature.Sign(IdentityOf(archive), key), key.ExportSubjectPublicKeyInfoPem());

        Accepted(archive, signed);
        Refused(archive, signed with { PublicKeyPem = other.ExportSubjectPublicKeyInfoPem() }, "does not fit");
        Refused(archive, signed with { PublicKeyPem = null }, "the public key is not there");
        Refused(ServerFixture.DensePackage(version: "1.0.1"), signed with { Digest = null }, "does not fit");
    }

    [Fact]
    public void AServerWithAKey_TakesOnlyWhatWasSignedWithIt()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var archive = ServerFixture.DensePackage();
        var identity = IdentityOf(archive);
        var options = new LoaderOptions { PublicKeyPem = key.ExportSubjectPublicKeyInfoPem() };

        Accepted(archive, new PackageClaim(Signature: PackageSignature.Sign(identity, key)), options);
        Refused(archive, new PackageClaim(), "only takes signed ones", options);
        // Signed by somebody, whose key came along: not by whom this server trusts.
        var foreign = new PackageClaim(
            Signature: PackageSignature.Sign(identity, other), PublicKeyPem: other.ExportSubjectPublicKeyInfoPem());
        Refused(archive, foreign, "does not fit", options);
    }

    private static PackageIdentity IdentityOf(byte[] archive)
    {
        var package = ModelPackageReader.Read(archive, null, PackageLimits.Default).Package!;
        return new PackageIdentity(package.Manifest.Name, package.Manifest.Version, package.Digest);
    }

    public static TheoryData<string, Func<ModelManifest, ModelManifest>, string> WrongManifests => new()
    {
        { "type", m => m with { Inputs = [m.Inputs[0] with { ElementType = "int64" }] },
            "input 'x' is float32, the manifest says int64" },
        { "shape", m => m with { Inputs = [m.Inputs[0] with { Shape = [-1, 4] }] }, "input 'x' has shape [-1, 3]" },
        { "rank", m => m with { Outputs = [m.Outputs[0] with { Shape = [-1] }] }, "output 'y' has shape [-1, 2]" },
        { "input", m => m with { Inputs = [] }, "needs the input 'x'" },
        { "output", m => m with { Outputs = [m.Outputs[0] with { Name = "z" }] }, "declares the output 'z'" },
    };

    [Theory, MemberData(nameof(WrongManifests))]
    public void ANetworkThatIsNotWhatItsManifestSays_IsRefused(
        string name, Func<ModelManifest, ModelManifest> change, string reason)
    {
        Assert.NotEmpty(name);
        Refused(ServerFixture.DensePackage(change: change), new PackageClaim(), reason);
    }

    [Fact]
    public void ANetworkOfTokens_Runs() => Accepted(TokenPackage(OnnxFile.Tokens), new PackageClaim());

    [Theory]
    [InlineData("int64", "-1", "1 dimensions, not 2")]
    [InlineData("int64", "1,-1", "export it with a dynamic axis")]
    [InlineData("int64", "-1,128", "export it with a dynamic axis")]
    [InlineData("int32", "-1,-1", "is int32, the manifest says int64")]
    public void ANetworkThatCannotBatchOrTakeTokens_IsRefused(string type, string shape, string reason)
    {
        long[] dimensions =
            [.. shape.Split(',').Select(d => long.Parse(d, System.Globalization.CultureInfo.InvariantCulture))];

        Refused(TokenPackage(new NetworkTensor("tokens", type, dimensions)), new PackageClaim(), reason);
    }

    [Fact]
    public void ANetworkWithAForeignOperator_IsRefused()
    {
        // Of the same length, so that the file stays well-formed.
        var onnx = Replace(ServerFixture.Dense, "Relu"u8, "Xxxx"u8);

        Refused(ServerFixture.DensePackage(onnx: onnx), new PackageClaim(), "operators that are not allowed: Xxxx");
    }

    [Fact]
    public void BytesThatAreNoNetwork_AreRefused() => Refused(
        ServerFixture.DensePackage(onnx: Encoding.ASCII.GetBytes("not a network")), new PackageClaim(), "ONNX file");

    [Fact]
    public void APackageWithoutANetwork_IsForSidecars()
    {
        var gate = File.ReadAllBytes(Path.Combine(ServerFixture.Packages, "gate-1.1.0.tar"));

        Refused(gate, new PackageClaim(), "it runs in sidecars only");
    }

    [Fact]
    public void ANetworkThatComputesSomethingElse_IsRefused()
    {
        var package = ServerFixture.Package();
        var files = package.Files.ToDictionary(f => f.Key, f => f.Value);
        // One vector whose logit no network gives.
        files["golden.jsonl"] = Encoding.UTF8.GetBytes("{\"value\":\"aGVsbG8=\",\"logit\":99}\n");

        Refused(ModelPackageWriter.Write(package.Manifest, files), new PackageClaim(), "golden vector");
    }

    public static TheoryData<string> Hostile => [.. HostileNetwork.Names];

    /// <summary>Small files that would make tensors of many gigabytes.</summary>
    [Theory, MemberData(nameof(Hostile))]
    public void ANetworkThatGrows_IsRefused(string name) => Refused(
        TokenPackage(HostileNetwork.Of(name)), new PackageClaim(),
        "the model fails on a plain input (networks may take");

    private static byte[] TokenPackage(NetworkTensor input) => TokenPackage(OnnxFile.Of(input, OnnxFile.Logit));

    private static byte[] TokenPackage(byte[] network) => ModelPackageWriter.Write(
        OnnxFile.Manifest, new Dictionary<string, ReadOnlyMemory<byte>> { ["model.onnx"] = network });

    private PackageLoader Loader(LoaderOptions? options = null) => new(fixture.Runtime, options ?? new LoaderOptions());

    private void Accepted(byte[] archive, PackageClaim claim, LoaderOptions? options = null)
    {
        var loading = Loader(options).Load(archive, claim);
        Assert.Null(loading.Error);
        loading.Model!.Release();
    }

    private void Refused(byte[] archive, PackageClaim claim, string reason, LoaderOptions? options = null)
    {
        var loading = Loader(options).Load(archive, claim);
        Assert.Null(loading.Model);
        Assert.Contains(reason, loading.Error, StringComparison.Ordinal);
    }

    private static byte[] Replace(byte[] bytes, ReadOnlySpan<byte> old, ReadOnlySpan<byte> with)
    {
        var copy = (byte[])bytes.Clone();
        for (var at = copy.AsSpan().IndexOf(
            old); at >= 0; at = copy.AsSpan().IndexOf(old)) with.CopyTo(copy.AsSpan(at));
        return copy;
    }
}
