using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace WafOperator.Protocols.Policies;

/// <summary>
/// The revision of a policy document: SHA-256 (lower-case hex) of its JSON with an empty <c>revision</c>. It is computed
/// from the bytes that travel, member by member in their order, so that a reader of an older or newer version, which does
/// not know every member, finds the same digest.
/// </summary>
public static class PolicyRevision
{
    /// <summary>The document with its revision filled in.</summary>
    public static PolicyDocument Seal(PolicyDocument document) => document with { Revision = Compute(document) };

    /// <summary>The revision of a document, whatever it claims itself.</summary>
    public static string Compute(PolicyDocument document) =>
        Compute(JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PolicyDocument));

    /// <summary>The revision of a document in JSON, whatever it claims itself.</summary>
    /// <exception cref="JsonException">The bytes are not JSON.</exception>
    public static string Compute(ReadOnlySpan<byte> json)
    {
        var buffer = new ArrayBufferWriter<byte>(json.Length + 16);
        using (var writer = new Utf8JsonWriter(buffer)) CopyWithoutRevision(json, writer);
        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    private static void CopyWithoutRevision(ReadOnlySpan<byte> json, Utf8JsonWriter writer)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("a policy document is a JSON object");
        writer.WriteStartObject();
        writer.WriteString("revision"u8, ""u8);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (!member.NameEquals("revision"u8)) member.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
