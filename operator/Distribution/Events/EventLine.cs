using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Events;

/// <summary>
/// A line as a sidecar sent it → the line that waits for the console: an event, bounded, in the namespace of its
/// caller, and no longer than a line may be once it is written again. Pure.
/// </summary>
internal static class EventLine
{
    public const string NoJson = "json";
    public const string OtherFormat = "format";
    public const string TooLong = "too-long";

    /// <summary>Texts are written as they are, not as escapes that take six bytes for one.</summary>
    private static readonly JsonTypeInfo<SecurityEvent> Written = (JsonTypeInfo<SecurityEvent>)
        new JsonSerializerOptions(ProtocolJson.Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }.GetTypeInfo(typeof(SecurityEvent));

    /// <summary>The event with its line, or a word that says why it is left out.</summary>
    /// <param name="line">One line, without its break.</param>
    /// <param name="ns">Namespace of the caller: a sidecar cannot speak for others, whatever the line says.</param>
    public static (SecurityEvent? Event, byte[] Line, string? Refusal) Read(ReadOnlySequence<byte> line, string ns)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            var received = JsonSerializer.Deserialize<SecurityEvent>(ref json, ProtocolJson.Default.Options);
            if (received?.Format != SecurityEvent.FormatVersion) return (null, [], OtherFormat);
            var kept = EventBounds.Bound(received with { Namespace = ns });
            var written = JsonSerializer.SerializeToUtf8Bytes(kept, Written);
            return written.Length > EventBounds.LineBytesMax ? (null, [], TooLong) : (kept, written, null);
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException or InvalidOperationException)
        {
            // Not JSON, or text that is no Unicode (half a surrogate pair in an escape).
            return (null, [], NoJson);
        }
    }
}
