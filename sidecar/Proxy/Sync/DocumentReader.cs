using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Sync;

/// <summary>A document that was read, or why it is refused.</summary>
internal readonly record struct DocumentReading(PolicyDocument? Document, string? Revision, string? Refusal);

/// <summary>Reads a policy document as it travelled: format, revision (recomputed) and addressee are checked. Pure.</summary>
internal static class DocumentReader
{
    public static DocumentReading Read(ReadOnlySpan<byte> json, string? ns, string? name)
    {
        try
        {
            var document = JsonSerializer.Deserialize(json, ProtocolJson.Default.PolicyDocument);
            if (document is null) return new(null, null, "it is empty");
            if (document.Format != PolicyDocument.FormatVersion)
                return new(null, document.Revision, $"its format is {Short(document.Format)}, this sidecar reads {PolicyDocument.FormatVersion}");
            var revision = PolicyRevision.Compute(json);
            if (revision != document.Revision)
                return new(null, document.Revision, "its content does not match its revision: it was changed on the way or on disk");
            if (ns is not null && document.Namespace != ns || name is not null && document.Name != name)
                return new(null, revision, $"it is for {Short(document.Namespace)}/{Short(document.Name)}, not for {ns}/{name}");
            return new(document, revision, null);
        }
        catch (JsonException failure)
        {
            return new(null, null, $"it is not a policy document: {failure.Message}");
        }
    }

    private static string Short(string text) => text.Length > 80 ? text[..80] : text;
}
