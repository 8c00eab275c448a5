using WafOperator.Fixtures;
using WafOperator.Protocols.Models;

namespace WafOperator.Protocols.Tests.Models;

/// <summary>
/// Element types and shapes of ONNX files against the manifest, as the operator, sidecars and pools each check them.
/// </summary>
public sealed class TensorContractTests
{
    [Theory]
    [InlineData(-1)] // a name
    [InlineData(-2)] // nothing
    [InlineData(-3)] // the number -1
    public void AFreeDimension_MayBeWrittenInAnyWay(long free)
    {
        var file = OnnxFile.Of(OnnxFile.Tokens with { Shape = [free, free] }, OnnxFile.Logit with { Shape = [free] });

        var graph = OnnxGraphReader.Read(file, out var error);

        Assert.Null(error);
        Assert.Equal([-1, -1], graph!.Inputs[0].Shape!);
        Assert.Equal(("tokens", "int64"), (graph.Inputs[0].Name, graph.Inputs[0].ElementType));
        Assert.Null(OnnxPolicy.Check(file, OnnxFile.Manifest));
    }

    public static TheoryData<string, NetworkTensor, NetworkTensor, string> WrongFiles => new()
    {
        { "rank", OnnxFile.Tokens with { Shape = [-1] }, OnnxFile.Logit,
            "input 'tokens' has shape [-1], the manifest says [-1, -1]: 1 dimensions, not 2" },
        { "rank of the output", OnnxFile.Tokens, OnnxFile.Logit with { Shape = [-1, 2] },
            "output 'logit' has shape [-1, 2], the manifest says [-1]: 2 dimensions, not 1" },
        { "element type", OnnxFile.Tokens with { ElementType = "int32" }, OnnxFile.Logit,
            "input 'tokens' is int32, the manifest says int64" },
        { "element type of the output", OnnxFile.Tokens, OnnxFile.Logit with { ElementType = "double" },
            "output 'logit' is double, the manifest says float32" },
        { "batch of one", OnnxFile.Tokens with { Shape = [1, -1] }, OnnxFile.Logit,
            "dimension 0 is fixed to 1; export it with a dynamic axis" },
        { "one length", OnnxFile.Tokens with { Shape = [-1, 128] }, OnnxFile.Logit,
            "dimension 1 is fixed to 128; export it with a dynamic axis" },
        { "no shape", OnnxFile.Tokens with { Shape = null }, OnnxFile.Logit, "has no shape in the ONNX file" },
        { "too many dimensions", OnnxFile.Tokens with { Shape = [1, 1, 1, 1, 1, 1, 1, 1, 1] }, OnnxFile.Logit,
            "more than 8 dimensions" },
    };

    [Theory, MemberData(nameof(WrongFiles))]
    public void AFileOfOtherTensors_IsRefused(string name, NetworkTensor input, NetworkTensor output, string reason)
    {
        Assert.NotEmpty(name);
        Assert.Contains(
            reason, OnnxPolicy.Check(OnnxFile.Of(input, output), OnnxFile.Manifest), StringComparison.Ordinal);
    }

    [Fact]
    public void AFixedDimensionOfAnotherSize_IsRefused_AndAFreeOneInItsPlaceFits()
    {
        var manifest = OnnxFile.Manifest with
        {
            Kind = "onnx", Outputs = [new() { Name = "logit", ElementType = "float32", Shape = [-1, 16] }],
        };

        Assert.Contains("dimension 1 is 8, not 16", Check([-1, 8]), StringComparison.Ordinal);
        Assert.Null(Check([-1, 16]));
        Assert.Null(Check([-1, -1]));

        string? Check(long[] shape) =>
            OnnxPolicy.Check(OnnxFile.Of(OnnxFile.Tokens, OnnxFile.Logit with { Shape = shape }), manifest);
    }

    [Fact]
    public void AnInputThatNobodyDeclared_IsRefused_UnlessTheFileHasItsValue()
    {
        var further = new NetworkTensor("mask", "float32", [-1]);
        byte[][] inputs = [OnnxFile.Described(OnnxFile.Tokens), OnnxFile.Described(further)];
        byte[][] outputs = [OnnxFile.Described(OnnxFile.Logit)];

        Assert.Contains(
            "needs the input 'mask'", OnnxPolicy.Check(OnnxFile.Of(inputs, outputs), OnnxFile.Manifest),
            StringComparison.Ordinal);
        Assert.Null(OnnxPolicy.Check(OnnxFile.Of(inputs, outputs, "mask"), OnnxFile.Manifest));
    }

    [Fact]
    public void WhatIsSaidTwice_IsRefused()
    {
        var outputs = new[] { OnnxFile.Described(OnnxFile.Logit) };
        var twice = OnnxFile.DescribedTwice(OnnxFile.Tokens, OnnxFile.Tokens with { ElementType = "float32" });

        Assert.Contains("type twice", Check([twice]), StringComparison.Ordinal);
        Assert.Contains(
            "'tokens' twice", Check([OnnxFile.Described(OnnxFile.Tokens), OnnxFile.Described(OnnxFile.Tokens)]),
            StringComparison.Ordinal);

        string? Check(byte[][] inputs) => OnnxPolicy.Check(OnnxFile.Of(inputs, outputs), OnnxFile.Manifest);
    }

    /// <summary>
    /// Manifest and file agree, and still whoever tokenises values could not feed or read the network.
    /// </summary>
    [Theory]
    [InlineData("float32", "-1,-1", "-1", "one input, tokens of int32 or int64")]
    [InlineData("int64", "-1,128", "-1", "takes rows of any length")]
    [InlineData("int64", "1,-1", "-1", "takes rows of any length")]
    [InlineData("int64", "-1,-1", "-1,2", "one float32 logit a row")]
    public void APackageOfTokens_IsHeldToWhatTokensNeed(string type, string shape, string logit, string reason)
    {
        var (input, output) = (
            new NetworkTensor("tokens", type, Shape(shape)), new NetworkTensor("logit", "float32", Shape(logit)));
        var manifest = OnnxFile.Manifest with
        {
            Inputs = [new() { Name = "tokens", ElementType = type, Shape = Shape(shape) }],
            Outputs = [new() { Name = "logit", ElementType = "float32", Shape = Shape(logit) }],
        };

        Assert.Contains(reason, OnnxPolicy.Check(OnnxFile.Of(input, output), manifest), StringComparison.Ordinal);
        Assert.Null(OnnxPolicy.Check(OnnxFile.Of(input, output), manifest with { Kind = "onnx" }));
    }

    [Fact]
    public void TheLogit_IsTheFirstOutputOfBoth()
    {
        var file = OnnxFile.Of(
            [OnnxFile.Described(OnnxFile.Tokens)],
            [OnnxFile.Described(OnnxFile.Logit with { Name = "noise" }), OnnxFile.Described(OnnxFile.Logit)]);

        Assert.Contains(
            "first output of the network is 'noise'", OnnxPolicy.Check(file, OnnxFile.Manifest),
            StringComparison.Ordinal);
    }

    private static long[] Shape(string text) =>
        [.. text.Split(',').Select(d => long.Parse(d, System.Globalization.CultureInfo.InvariantCulture))];
}
