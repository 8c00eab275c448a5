using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Objects;

/// <summary>Turns a JSON tree into the bytes of a request.</summary>
internal static class JsonBytes
{
    // Request bodies are never embedded in HTML; quotes and signs stay readable in server logs.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Of(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Options)) node.WriteTo(writer);
        return buffer.WrittenMemory;
    }
}
