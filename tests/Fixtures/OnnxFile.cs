using WafOperator.Protocols.Models;
using static WafOperator.Fixtures.OnnxWire;

namespace WafOperator.Fixtures;

/// <summary>
/// Writes small ONNX files whose descriptions of tensors are what a test says (field numbers of onnx.proto3). The
/// network casts its input to floats and takes the highest of each row: it runs as far as the descriptions let it.
/// </summary>
public static class OnnxFile
{
    public static NetworkTensor Tokens { get; } = new("tokens", "int64", [-1, -1]);

    public static NetworkTensor Logit { get; } = new("logit", "float32", [-1]);

    /// <summary>What the manifest of such a network says.</summary>
    public static ModelManifest Manifest { get; } = new()
    {
        Name = "tokens", Version = "1.0.0", Kind = "onnx-tokens", Files = new Dictionary<string, PackageFile>(),
        TokenizerDigest = "", FeatureSchemaDigest = "",
        Inputs = [new() { Name = "tokens", ElementType = "int64", Shape = [-1, -1] }],
        Outputs = [new() { Name = "logit", ElementType = "float32", Shape = [-1] }],
    };

    /// <summary>The network with one input and one output.</summary>
    public static byte[] Of(NetworkTensor input, NetworkTensor output) => Of([Described(input)], [Described(output)]);

    /// <summary>The network with inputs and outputs as <see cref="Described"/> writes them.</summary>
    public static byte[] Of(byte[][] inputs, byte[][] outputs, params string[] weights) => Model(
    [
        .. Field(1, Node("Cast", "tokens", "floats", Attribute("to", FloatType))),
        .. Field(1, Node("ReduceMax", "floats", "logit", Attribute("keepdims", 0), Axis("axes", 1))),
        .. weights.SelectMany(w => Field(5, Weight(w))),
        .. inputs.SelectMany(i => Field(11, i)), .. outputs.SelectMany(o => Field(12, o)),
    ]);

    /// <summary>
    /// ValueInfoProto. A free dimension has a name; -2 is one with nothing, -3 one with the number -1.
    /// </summary>
    public static byte[] Described(NetworkTensor tensor) => [.. Name(1, tensor.Name), .. Field(2, Type(tensor))];

    /// <summary>A description that gives its type twice.</summary>
    public static byte[] DescribedTwice(NetworkTensor tensor, NetworkTensor other) =>
        [.. Described(tensor), .. Field(2, Type(other))];

    private static byte[] Type(NetworkTensor tensor) => Field(1,
    [
        .. Number(1, (ulong)Array.IndexOf(Types, tensor.ElementType)),
        .. tensor.Shape is { } shape ? Field(2, [.. shape.SelectMany((d, i) => Field(1, Dimension(d, i)))]) : [],
    ]);

    private static byte[] Dimension(long size, int index) => size switch
    {
        -1 => Name(2, $"axis{index}"),
        -2 => [],
        -3 => Number(1, ulong.MaxValue),
        _ => Number(1, (ulong)size),
    };

    private static readonly string[] Types =
        ["", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "double"];
}
