using WafOperator.Controllers.Models;
using WafOperator.Fixtures;
using WafOperator.Protocols.Models;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>
/// What the operator holds a package to besides its digests: name, contract, and every network in it.
/// </summary>
public sealed class PackageRulesTests
{
    private static readonly ModelVersionSpec Spec = new()
    {
        Model = "tokens", Version = "1.0.0", Artifact = new() { Uri = "builtin://tokens-1.0.0", Digest = "sha256:0" },
    };

    private static readonly byte[] Right = OnnxFile.Of(OnnxFile.Tokens, OnnxFile.Logit);

    [Fact]
    public void TheLargestPackageThatMayBeAskedFor_IsTheLargestThatIsRead() =>
        Assert.Equal(ModelArtifact.SizeLimitMax, PackageLimits.Default.ArchiveBytesMax);

    [Fact]
    public void APackageThatIsWhatItSays_IsTaken() =>
        Assert.Null(Refusal(("model.onnx", Right), ("model-int8.onnx", Right)));

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model-int8.onnx")]
    [InlineData("model-fp16.onnx")]
    public void ANetworkOfAnotherShape_IsRefused_WhicheverFileItIs(string file)
    {
        var wrong = OnnxFile.Of(OnnxFile.Tokens with { Shape = [1, -1] }, OnnxFile.Logit);

        var refusal = Refusal(("model.onnx", Right), (file, wrong));

        Assert.StartsWith($"{file}: input 'tokens' has shape [1, -1]", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void AnElementTypeOtherThanDeclared_IsRefused() => Assert.Contains(
        "input 'tokens' is int32, the manifest says int64",
        Refusal(("model.onnx", OnnxFile.Of(OnnxFile.Tokens with { ElementType = "int32" }, OnnxFile.Logit))),
        StringComparison.Ordinal);

    [Fact]
    public void AnotherNameOrVersion_IsRefused()
    {
        Assert.Contains("is of the model tokens", PackageRules.Refusal(Package(), Spec with { Model = "gate" })!,
            StringComparison.Ordinal);
        Assert.Contains("is version 1.0.0", PackageRules.Refusal(Package(), Spec with { Version = "2.0.0" })!,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherTokenizerOrFeatureSchema_ThanTheContractWants_IsRefused()
    {
        var tokenizer = Spec with { Contract = new() { TokenizerDigest = "sha256:" + new string('1', 64) } };
        var features = Spec with { Contract = new() { FeatureSchemaDigest = "sha256:" + new string('2', 64) } };

        Assert.Contains(
            "the package's tokenizer is", PackageRules.Refusal(Package(), tokenizer)!, StringComparison.Ordinal);
        Assert.Contains("feature schema is", PackageRules.Refusal(Package(), features)!, StringComparison.Ordinal);
    }

    private static string? Refusal(params (string Name, byte[] Onnx)[] networks) =>
        PackageRules.Refusal(Package(networks), Spec);

    private static ModelPackage Package(params (string Name, byte[] Onnx)[] networks)
    {
        var files = new Dictionary<string, ReadOnlyMemory<byte>>();
        foreach (var (name, onnx) in networks) files[name] = onnx;
        return ModelPackageReader.Read(
            ModelPackageWriter.Write(OnnxFile.Manifest, files), null, PackageLimits.Default).Package!;
    }
}
