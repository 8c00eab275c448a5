using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace WafOperator.Kubernetes.Objects;

/// <summary>JSON as bytes, in both directions.</summary>
internal static class JsonBytes
{
    // Request bodies are never embedded in HTML; quotes and signs stay readable in server logs.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Parses bytes from outside. The parser accepts strings that are not UTF-8 and fails only when they are read, so
    /// they are refused here, by the same <see cref="JsonException"/> as other malformed JSON.
    /// </summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8Json)
    {
        if (!Utf8.IsValid(utf8Json.Span)) throw new JsonException("the text is not valid UTF-8");
        return JsonDocument.Parse(utf8Json);
    }

    /// <summary>The bytes of a request.</summary>
    public static ReadOnlyMemory<byte> Of(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Options)) node.WriteTo(writer);
        return buffer.WrittenMemory;
    }
}
