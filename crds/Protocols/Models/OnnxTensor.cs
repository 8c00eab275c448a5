using System.Buffers.Binary;

namespace WafOperator.Protocols.Models;

/// <summary>A tensor in an ONNX file (TensorProto): its name, and its values where they may be a size.</summary>
/// <param name="Name">Name; empty for the value of an attribute.</param>
/// <param name="Integers">Its values, when they are few integers.</param>
internal sealed record OnnxTensor(string Name, IReadOnlyList<long>? Integers)
{
    /// <summary>Longest list of values that is a size: as many as a tensor has axes, with some room.</summary>
    private const int IntegersMax = 64;

    private const int Int32 = 6, Int64 = 7;

    /// <summary>Reads one; a tensor that declares more elements than it holds is a problem.</summary>
    public static OnnxTensor Read(ReadOnlySpan<byte> data, out bool isExternal, out string? problem)
    {
        var cursor = new ProtobufCursor(data);
        var name = "";
        List<long>? axes = null, values = null;
        var type = 0UL;
        var held = 0L;
        ReadOnlySpan<byte> raw = default;
        isExternal = false;
        while (cursor.Next())
        {
            if (cursor.Field == 13 || (cursor.Field == 14 && cursor.Number == 1)) isExternal = true;
            else if (cursor.Field == 1) AddNumbers(ref axes, cursor);
            else if (cursor.Field == 2) type = cursor.Number;
            else if (cursor is { Field: 8, IsBytes: true }) name = OnnxGraphReader.Text(cursor.Bytes);
            else if (cursor.Field is 4 or 5 or 6 or 7 or 9 or 10 or 11)
            {
                held += cursor.IsBytes ? cursor.Bytes.Length : 1;
                if (cursor is { Field: 9, IsBytes: true }) raw = cursor.Bytes;
                else if (cursor.Field is 5 or 7) AddNumbers(ref values, cursor);
            }
        }

        problem = cursor.IsMalformed ? "the ONNX file is malformed (protobuf)" : CountProblem(name, axes, held);
        return new OnnxTensor(name, IntegersOf(type, raw, values));
    }

    /// <summary>Adds a varint, or those of a packed field; more than a size can have are left out.</summary>
    public static void AddNumbers(ref List<long>? numbers, ProtobufCursor cursor)
    {
        numbers ??= [];
        if (!cursor.IsBytes)
        {
            if (numbers.Count <= IntegersMax) numbers.Add((long)cursor.Number);
            return;
        }

        var rest = cursor.Bytes;
        while (!rest.IsEmpty && numbers.Count <= IntegersMax)
        {
            var (value, shift) = (0UL, 0);
            while (!rest.IsEmpty && shift < 70)
            {
                var part = rest[0];
                rest = rest[1..];
                value |= (ulong)(part & 0x7f) << shift;
                shift += 7;
                if ((part & 0x80) == 0) break;
            }

            numbers.Add((long)value);
        }
    }

    /// <summary>Memory is taken for what is declared: two elements a byte is the most that any type packs.</summary>
    private static string? CountProblem(string name, List<long>? axes, long held)
    {
        Int128 count = 1;
        foreach (var axis in axes ?? [])
        {
            if (axis < 0) return $"the tensor '{name}' has a negative axis";
            count *= axis;
            if (count > long.MaxValue) break;
        }

        return axes is { Count: > IntegersMax } || count > Math.Max(1, held * 2)
            ? $"the tensor '{name}' declares more elements than it holds" : null;
    }

    private static List<long>? IntegersOf(ulong type, ReadOnlySpan<byte> raw, List<long>? values)
    {
        if (type is not (Int32 or Int64)) return null;
        if (raw.IsEmpty) return values is { Count: > IntegersMax } ? null : values ?? [];
        var size = type == Int32 ? 4 : 8;
        if (raw.Length > size * IntegersMax) return null;
        var integers = new List<long>();
        for (; raw.Length >= size; raw = raw[size..])
            integers.Add(size == 4 ? BinaryPrimitives.ReadInt32LittleEndian(raw)
                : BinaryPrimitives.ReadInt64LittleEndian(raw));
        return integers;
    }
}
