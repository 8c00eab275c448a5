using WafOperator.Features;
using WafOperator.Fixtures;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Tests.Packages;

/// <summary>
/// Networks that the sidecar runs by ONNX Runtime: their tensors are those of the manifest, or they are refused.
/// </summary>
public sealed class OnnxPackageTests
{
    private static readonly ValueModelLoader Loader = new(PackageLimits.Default, reason => Assert.Fail(reason));

    [Fact]
    public void ANetworkOfTokens_Runs()
    {
        var loading = Load(OnnxFile.Tokens, OnnxFile.Logit);

        Assert.Null(loading.Error);
        using var model = loading.Model!;
        // The network answers the highest token of a row: "z" is a higher byte than "a".
        Assert.True(model.Logit("za"u8, ValueFlags.None) > model.Logit("aa"u8, ValueFlags.None));
    }

    [Theory]
    [InlineData("int64", "-1", "1 dimensions, not 2")]
    [InlineData("int64", "1,-1", "export it with a dynamic axis")]
    [InlineData("int64", "-1,128", "export it with a dynamic axis")]
    [InlineData("int32", "-1,-1", "is int32, the manifest says int64")]
    public void ANetworkOfOtherTensors_IsRefused(string type, string shape, string reason)
    {
        long[] dimensions =
            [.. shape.Split(',').Select(d => long.Parse(d, System.Globalization.CultureInfo.InvariantCulture))];

        var loading = Load(new NetworkTensor("tokens", type, dimensions), OnnxFile.Logit);

        Assert.Null(loading.Model);
        Assert.Contains(reason, loading.Error, StringComparison.Ordinal);
    }

    public static TheoryData<string> Hostile => [.. HostileNetwork.Names];

    /// <summary>Small files that would make tensors of many gigabytes.</summary>
    [Theory, MemberData(nameof(Hostile))]
    public void ANetworkThatGrows_IsRefused(string name)
    {
        var loading = Load(HostileNetwork.Of(name));

        Assert.Null(loading.Model);
        Assert.Contains("the network fails on a value of 240 bytes", loading.Error, StringComparison.Ordinal);
    }

    private static ModelLoading Load(NetworkTensor input, NetworkTensor output) => Load(OnnxFile.Of(input, output));

    private static ModelLoading Load(byte[] network)
    {
        var archive = ModelPackageWriter.Write(
            OnnxFile.Manifest, new Dictionary<string, ReadOnlyMemory<byte>> { ["model.onnx"] = network });
        return Loader.Load(
            archive, new ModelBlob { Version = "1.0.0", Digest = ModelPackageReader.DigestOf(archive) });
    }
}
