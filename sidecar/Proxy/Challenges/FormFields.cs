using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace WafOperator.Proxy.Challenges;

/// <summary>Fields of a form that was sent, to be sent again from a page.</summary>
internal static class FormFields
{
    /// <summary>Bytes of a form that a page takes with it.</summary>
    public const int BytesMax = 64 << 10;

    private const int FieldsMax = 512;

    /// <summary>
    /// The fields of a form that is short, encoded as forms are by default, and text; null for any other body, which
    /// cannot be shown in a page.
    /// </summary>
    public static async Task<IReadOnlyList<KeyValuePair<string, string>>?> ReadAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        var type = request.ContentType ?? "";
        if (!type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)) return null;
        if (request.ContentLength is not { } length || length > BytesMax) return null;
        var bytes = new byte[length];
        await request.Body.ReadExactlyAsync(bytes, cancellationToken);
        return Parse(bytes);
    }

    /// <summary>Reads a form; null when it is no text or has too many fields.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>>? Parse(ReadOnlySpan<byte> body)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        var fields = new List<KeyValuePair<string, string>>();
        foreach (var pair in new QueryStringEnumerable(text))
        {
            if (fields.Count == FieldsMax) return null;
            fields.Add(new(pair.DecodeName().ToString(), pair.DecodeValue().ToString()));
        }

        return fields;
    }
}
