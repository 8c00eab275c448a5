using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>
/// Element types as the Open Inference Protocol names them, to and from JSON. Raw tensors are little-endian.
/// </summary>
internal static class V2Datatypes
{
    /// <summary>Text of any length; raw form: a 32-bit length in front of each element.</summary>
    public const string Bytes = "BYTES";

    private static readonly (string Name, OrtElementType Type)[] Known =
    [
        ("FP32", OrtElementType.Float32), ("FP64", OrtElementType.Double), ("FP16", OrtElementType.Float16),
        ("INT8", OrtElementType.Int8), ("INT16", OrtElementType.Int16), ("INT32", OrtElementType.Int32),
        ("INT64", OrtElementType.Int64), ("UINT8", OrtElementType.UInt8), ("UINT16", OrtElementType.UInt16),
        ("BOOL", OrtElementType.Bool),
    ];

    /// <summary>Null for a type that is not run here.</summary>
    public static OrtElementType? TypeOf(string datatype) =>
        Known.Where(k => k.Name == datatype).Select(k => (OrtElementType?)k.Type).FirstOrDefault();

    public static string NameOf(OrtElementType type) =>
        Known.Where(k => k.Type == type).Select(k => k.Name).FirstOrDefault() ?? type.ToString().ToUpperInvariant();

    /// <summary>
    /// Reads <c>data</c>: an array of elements, flat or nested as the shape is; nesting is not compared with the
    /// shape, the number of elements is.
    /// </summary>
    /// <exception cref="RefusedException">Another number or kind of elements.</exception>
    public static byte[] ReadElements(ReadOnlySpan<byte> json, string datatype, int count, int depthMax)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = depthMax });
        var writer = new ArrayBufferWriter<byte>(Math.Max(16, Math.Min(count, json.Length) * 4));
        var seen = 0;
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray) continue;
            if (++seen > count) break;
            try
            {
                WriteElement(ref reader, datatype, writer);
            }
            catch (Exception failure) when (failure is InvalidOperationException or FormatException)
            {
                throw RefusedException.Malformed($"element {seen - 1} is not of type {datatype}");
            }
        }

        if (seen != count)
            throw RefusedException.Shape($"the shape has {count} elements, the data {(seen > count ? "more" : seen)}");
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Writes elements as a flat array.</summary>
    /// <exception cref="RefusedException">Not-a-number or infinity, which JSON cannot say.</exception>
    public static void WriteElements(Utf8JsonWriter json, OrtElementType type, ReadOnlySpan<byte> data)
    {
        json.WriteStartArray();
        var size = OrtRawTensor.SizeOf(type);
        for (var at = 0; at < data.Length; at += size)
        {
            var element = data[at..];
            switch (type)
            {
                case OrtElementType.Float32: json.WriteNumberValue(Finite(MemoryMarshal.Read<float>(element))); break;
                case OrtElementType.Float16:
                    json.WriteNumberValue(Finite((float)MemoryMarshal.Read<Half>(element)));
                    break;
                case OrtElementType.Double: json.WriteNumberValue(Finite(MemoryMarshal.Read<double>(element))); break;
                case OrtElementType.Int8: json.WriteNumberValue((sbyte)element[0]); break;
                case OrtElementType.UInt8: json.WriteNumberValue(element[0]); break;
                case OrtElementType.Int16: json.WriteNumberValue(MemoryMarshal.Read<short>(element)); break;
                case OrtElementType.UInt16: json.WriteNumberValue(MemoryMarshal.Read<ushort>(element)); break;
                case OrtElementType.Int32: json.WriteNumberValue(MemoryMarshal.Read<int>(element)); break;
                case OrtElementType.Int64: json.WriteNumberValue(MemoryMarshal.Read<long>(element)); break;
                default: json.WriteBooleanValue(element[0] != 0); break;
            }
        }

        json.WriteEndArray();
    }

    private static void WriteElement(ref Utf8JsonReader reader, string datatype, ArrayBufferWriter<byte> writer)
    {
        switch (datatype)
        {
            case "FP32": Write(writer, reader.GetSingle()); break;
            case "FP64": Write(writer, reader.GetDouble()); break;
            case "FP16": Write(writer, (Half)reader.GetSingle()); break;
            case "INT8": Write(writer, reader.GetSByte()); break;
            case "INT16": Write(writer, reader.GetInt16()); break;
            case "INT32": Write(writer, reader.GetInt32()); break;
            case "INT64": Write(writer, reader.GetInt64()); break;
            case "UINT8": Write(writer, reader.GetByte()); break;
            case "UINT16": Write(writer, reader.GetUInt16()); break;
            case "BOOL": Write(writer, reader.GetBoolean()); break;
            default: WriteText(ref reader, writer); break;
        }
    }

    private static void Write<T>(ArrayBufferWriter<byte> writer, T value) where T : unmanaged
    {
        var size = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        MemoryMarshal.Write(writer.GetSpan(size), in value);
        writer.Advance(size);
    }

    private static void WriteText(ref Utf8JsonReader reader, ArrayBufferWriter<byte> writer)
    {
        if (reader.TokenType is not JsonTokenType.String) throw new FormatException("not a string");
        // Unescaping never lengthens.
        var most = (int)reader.ValueSpan.Length;
        var span = writer.GetSpan(sizeof(int) + most);
        var length = reader.CopyString(span[sizeof(int)..]);
        BinaryPrimitives.WriteInt32LittleEndian(span, length);
        writer.Advance(sizeof(int) + length);
    }

    private static double Finite(double value) => double.IsFinite(value)
        ? value
        : throw new RefusedException(
            Protocols.Inference.InferenceErrorCode.ModelFailed,
            string.Create(
                CultureInfo.InvariantCulture, $"an output is {value}, which JSON cannot say: ask for binary outputs"));

    private static float Finite(float value) => (float)Finite((double)value);
}
