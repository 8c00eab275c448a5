using System.Text;

namespace WafOperator.E2e.Scenarios.Rollouts;

/// <summary>
/// Further nodes for an ONNX file whose input is <c>tokens</c> (int64, one row), as bytes to put behind it. They end in
/// outputs of their own, so that no optimiser takes them out. Field numbers are those of onnx.proto3.
/// </summary>
internal static class OnnxExtension
{
    private const int Float = 1;

    /// <summary>Multiplies matrices that depend on the input, one after the other.</summary>
    public static byte[] NeedlessWork(int multiplications, int size)
    {
        var nodes = new List<byte[]>
        {
            Node("Cast", ["tokens"], "slow_tokens", Attribute("to", Float)),
            Node("ReduceMax", ["slow_tokens"], "slow_seed", Attribute("keepdims", 0)),
            Node("Add", ["slow_seed", "slow_matrix"], "slow_0"),
        };
        for (var i = 0; i < multiplications; i++) nodes.Add(Node("MatMul", ["slow_0", $"slow_{i}"], $"slow_{i + 1}"));
        nodes.Add(Node("ReduceMax", [$"slow_{multiplications}"], "slow", Attribute("keepdims", 0)));
        return Model(nodes, [Tensor("slow_matrix", [size, size])], Output("slow"));
    }

    /// <summary>Looks the number of tokens up in a table that ends before <paramref name="tokens"/>.</summary>
    public static byte[] FailureFrom(int tokens) => Model(
        [
            Node("Shape", ["tokens"], "short_shape"),
            Node("Gather", ["short_table", "short_shape"], "short_rows"),
            Node("ReduceMax", ["short_rows"], "short", Attribute("keepdims", 0)),
        ],
        [Tensor("short_table", [tokens])], Output("short"));

    private static byte[] Model(IEnumerable<byte[]> nodes, IEnumerable<byte[]> tensors, byte[] output) => Field(
        7, [.. nodes.SelectMany(n => Field(1, n)), .. tensors.SelectMany(t => Field(5, t)), .. Field(12, output)]);

    private static byte[] Node(string type, string[] inputs, string output, params byte[][] attributes) =>
    [
        .. inputs.SelectMany(i => Field(1, Encoding.UTF8.GetBytes(i))), .. Field(2, Encoding.UTF8.GetBytes(output)),
        .. Field(4, Encoding.UTF8.GetBytes(type)), .. attributes.SelectMany(a => Field(5, a)),
    ];

    /// <summary>An attribute with an integer (type 2).</summary>
    private static byte[] Attribute(string name, long value) =>
        [.. Field(1, Encoding.UTF8.GetBytes(name)), .. Number(3, (ulong)value), .. Number(20, 2)];

    /// <summary>A tensor of floats, all zero.</summary>
    private static byte[] Tensor(string name, int[] shape) =>
    [
        .. shape.SelectMany(d => Number(1, (ulong)d)), .. Number(2, Float), .. Field(8, Encoding.UTF8.GetBytes(name)),
        .. Field(9, new byte[4 * shape.Aggregate(1, (a, b) => a * b)]),
    ];

    /// <summary>A float without dimensions.</summary>
    private static byte[] Output(string name) =>
        [.. Field(1, Encoding.UTF8.GetBytes(name)), .. Field(2, Field(1, [.. Number(1, Float), .. Field(2, [])]))];

    private static byte[] Field(int number, byte[] content) =>
        [.. Varint((ulong)(number << 3 | 2)), .. Varint((ulong)content.Length), .. content];

    private static byte[] Number(int number, ulong value) => [.. Varint((ulong)(number << 3)), .. Varint(value)];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
