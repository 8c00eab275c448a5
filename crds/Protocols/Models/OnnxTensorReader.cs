namespace WafOperator.Protocols.Models;

/// <summary>
/// Reads the description of one tensor of an ONNX graph (ValueInfoProto): name, element type, shape. What may be said
/// once and is said twice is refused: parsers merge such messages in ways of their own, and the runtime must see what
/// was checked here.
/// </summary>
internal static class OnnxTensorReader
{
    /// <summary>More than any runtime here runs; keeps what a file can make us allocate small.</summary>
    private const int RankMax = 8;

    /// <summary>Null and the reason when the description is malformed or over a bound.</summary>
    public static NetworkTensor? Read(ReadOnlySpan<byte> data, out string? problem)
    {
        var cursor = new ProtobufCursor(data);
        string? name = null;
        NetworkTensor? tensor = null;
        problem = null;
        while (problem is null && cursor.Next())
        {
            if (!cursor.IsBytes) continue;
            if (cursor.Field == 1)
                name = name is null ? OnnxGraphReader.Text(cursor.Bytes) : Twice("name", ref problem);
            else if (cursor.Field == 2 && tensor is null) tensor = Type(cursor.Bytes, ref problem);
            else if (cursor.Field == 2) Twice("type", ref problem);
        }

        if (cursor.IsMalformed) problem ??= "the ONNX file is malformed (protobuf)";
        return problem is null ? (tensor ?? Unknown) with { Name = name ?? "" } : null;
    }

    private static NetworkTensor Unknown { get; } = new("", "undefined", null);

    /// <summary>Sequences, maps and sparse tensors have no element type here.</summary>
    private static NetworkTensor Type(ReadOnlySpan<byte> data, ref string? problem)
    {
        var cursor = new ProtobufCursor(data);
        NetworkTensor? tensor = null;
        while (problem is null && cursor.Next())
        {
            if (!cursor.IsBytes || cursor.Field is not (1 or 4 or 5 or 8 or 9)) continue;
            if (tensor is not null) Twice("type", ref problem);
            else tensor = cursor.Field == 1 ? Dense(cursor.Bytes, ref problem) : Unknown;
        }

        if (cursor.IsMalformed) problem ??= "the ONNX file is malformed (protobuf)";
        return tensor ?? Unknown;
    }

    private static NetworkTensor Dense(ReadOnlySpan<byte> data, ref string? problem)
    {
        var cursor = new ProtobufCursor(data);
        string? type = null;
        List<long>? shape = null;
        while (problem is null && cursor.Next())
        {
            if (cursor is { Field: 1, IsBytes: false })
                type = type is null ? NameOf(cursor.Number) : Twice("element type", ref problem);
            else if (cursor is { Field: 2, IsBytes: true } && shape is null)
                shape = Dimensions(cursor.Bytes, ref problem);
            else if (cursor.Field == 2) Twice("shape", ref problem);
        }

        if (cursor.IsMalformed) problem ??= "the ONNX file is malformed (protobuf)";
        return new NetworkTensor("", type ?? "undefined", shape);
    }

    private static List<long> Dimensions(ReadOnlySpan<byte> data, ref string? problem)
    {
        var cursor = new ProtobufCursor(data);
        var shape = new List<long>();
        while (problem is null && cursor.Next())
        {
            if (cursor is not { Field: 1, IsBytes: true }) continue;
            if (shape.Count == RankMax) problem = $"a tensor of the ONNX file has more than {RankMax} dimensions";
            else shape.Add(Dimension(cursor.Bytes, ref problem));
        }

        if (cursor.IsMalformed) problem ??= "the ONNX file is malformed (protobuf)";
        return shape;
    }

    /// <summary>A number, or a name (or nothing) for a free one; exporters also write -1.</summary>
    private static long Dimension(ReadOnlySpan<byte> data, ref string? problem)
    {
        var cursor = new ProtobufCursor(data);
        long? size = null;
        while (problem is null && cursor.Next())
        {
            if (cursor.Field is not (1 or 2)) continue;
            if (size is not null) Twice("dimension", ref problem);
            size = cursor.Field == 1 ? Math.Max(-1, (long)cursor.Number) : -1;
        }

        if (cursor.IsMalformed) problem ??= "the ONNX file is malformed (protobuf)";
        return size ?? -1;
    }

    private static string Twice(string what, ref string? problem)
    {
        problem ??= $"the ONNX file gives a tensor's {what} twice";
        return "";
    }

    /// <summary>TensorProto.DataType in the words of manifests.</summary>
    private static string NameOf(ulong type) => type switch
    {
        1 => "float32",
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 => "int32",
        7 => "int64",
        8 => "string",
        9 => "bool",
        10 => "float16",
        11 => "double",
        12 => "uint32",
        13 => "uint64",
        16 => "bfloat16",
        _ => $"type {type}",
    };
}
