using System.Buffers;
using System.Text.Json;
using WafOperator.Models.Server.Batching;
using WafOperator.Models.Server.Repository;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>Writes V2 answers: JSON, with raw tensors behind it where the caller asked for them.</summary>
internal static class V2Answer
{
    private const string Json = "application/json";
    private const string Raw = "application/octet-stream";

    public static CallAnswer Write(
        ServedModel model, string? id, IReadOnlyList<(PartOutput Output, bool IsBinary)> outputs)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model_name", model.Manifest.Name);
            json.WriteString("model_version", model.Manifest.Version);
            if (id is not null) json.WriteString("id", id);
            json.WriteStartArray("outputs");
            foreach (var (output, isBinary) in outputs) WriteOutput(json, output, isBinary);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        if (!outputs.Any(o => o.IsBinary)) return new CallAnswer(buffer.WrittenMemory, Json);
        var length = buffer.WrittenCount;
        foreach (var (output, isBinary) in outputs)
        {
            if (isBinary) buffer.Write(output.Data);
        }

        return new CallAnswer(buffer.WrittenMemory, Raw, length);
    }

    private static void WriteOutput(Utf8JsonWriter json, PartOutput output, bool isBinary)
    {
        json.WriteStartObject();
        json.WriteString("name", output.Name);
        json.WriteString("datatype", V2Datatypes.NameOf(output.ElementType));
        json.WriteStartArray("shape");
        foreach (var dimension in output.Shape) json.WriteNumberValue(dimension);
        json.WriteEndArray();
        if (isBinary)
        {
            json.WriteStartObject("parameters");
            json.WriteNumber("binary_data_size", output.Data.Length);
            json.WriteEndObject();
        }
        else
        {
            json.WritePropertyName("data");
            V2Datatypes.WriteElements(json, output.ElementType, output.Data);
        }

        json.WriteEndObject();
    }
}
