using System.Buffers.Binary;
using System.Text;

namespace WafOperator.Fixtures;

/// <summary>Writes parts of ONNX files (field numbers of onnx.proto3).</summary>
public static class OnnxWire
{
    public const int FloatType = 1, LongType = 7;

    public static byte[] Model(byte[] graph) => [.. Number(1, 8), .. Field(7, graph), .. Field(8, Number(2, 17))];

    public static byte[] Node(string type, string input, string output, params byte[][] attributes) =>
        Node(type, [input], output, attributes);

    public static byte[] Node(string type, string[] inputs, string output, params byte[][] attributes) =>
    [
        .. inputs.SelectMany(input => Name(1, input)), .. Name(2, output), .. Name(4, type),
        .. attributes.SelectMany(a => Field(5, a)),
    ];

    public static byte[] Attribute(string name, ulong value) =>
        [.. Name(1, name), .. Number(3, value), .. Number(20, 2)];

    public static byte[] Axis(string name, params ulong[] values) =>
        [.. Name(1, name), .. values.SelectMany(value => Number(8, value)), .. Number(20, 7)];

    /// <summary>An initializer of zeros.</summary>
    public static byte[] Weight(string name, params long[] shape) =>
    [
        .. shape.DefaultIfEmpty(1).SelectMany(axis => Number(1, (ulong)axis)), .. Number(2, FloatType),
        .. Name(8, name),
        .. Field(9, new byte[sizeof(float) * shape.Aggregate(1L, (count, axis) => count * axis)]),
    ];

    /// <summary>An initializer of a few whole numbers.</summary>
    public static byte[] Integers(string name, params long[] values)
    {
        var raw = new byte[values.Length * sizeof(long)];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(raw.AsSpan(i * sizeof(long)), values[i]);
        return [.. Number(1, (ulong)values.Length), .. Number(2, LongType), .. Name(8, name), .. Field(9, raw)];
    }

    /// <summary>ValueInfoProto of a tensor; a dimension of -1 is free.</summary>
    public static byte[] Value(string name, int type, params long[] shape) =>
    [
        .. Name(1, name),
        .. Field(2, Field(1,
        [
            .. Number(1, (ulong)type),
            .. Field(2, [.. shape.SelectMany((d, i) => Field(1, d < 0 ? Name(2, $"axis{i}") : Number(1, (ulong)d)))]),
        ])),
    ];

    public static byte[] Name(int field, string text) => Field(field, Encoding.UTF8.GetBytes(text));

    public static byte[] Field(int number, byte[] content) =>
        [.. Varint((ulong)(number << 3 | 2)), .. Varint((ulong)content.Length), .. content];

    public static byte[] Number(int number, ulong value) => [.. Varint((ulong)(number << 3)), .. Varint(value)];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
