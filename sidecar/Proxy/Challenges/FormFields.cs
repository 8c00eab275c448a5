using System.Text;
using Microsoft.AspNetCore.Http;

namespace WafOperator.Proxy.Challenges;

/// <summary>Fields of a form that was sent, to be sent again from a page.</summary>
internal static class FormFields
{
    /// <summary>Bytes of a form that a page takes with it. The page may be six times as long.</summary>
    public const int BytesMax = 16 << 10;

    private const int FieldsMax = 512;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

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

    /// <summary>
    /// Reads a form; null when it has too many fields, or holds what a page cannot send again as it was: what is no
    /// UTF-8 once percent signs are undone, and zero bytes.
    /// </summary>
    internal static IReadOnlyList<KeyValuePair<string, string>>? Parse(ReadOnlySpan<byte> body)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var range in body.Split((byte)'&'))
        {
            var pair = body[range];
            if (pair.IsEmpty) continue;
            if (fields.Count == FieldsMax) return null;
            var equals = pair.IndexOf((byte)'=');
            if (Decode(equals < 0 ? pair : pair[..equals]) is not { } name
                || Decode(equals < 0 ? default : pair[(equals + 1)..]) is not { } value) return null;
            fields.Add(new(name, value));
        }

        return fields;
    }

    private static string? Decode(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var next = text[i];
            if (next == '%' && i + 2 < text.Length && char.IsAsciiHexDigit((char)text[i + 1])
                && char.IsAsciiHexDigit((char)text[i + 2]))
            {
                next = Convert.FromHexString([(char)text[i + 1], (char)text[i + 2]])[0];
                i += 2;
            }
            else if (next == '+')
            {
                next = (byte)' ';
            }

            if (next == 0) return null;
            bytes[count++] = next;
        }

        try
        {
            return Strict.GetString(bytes, 0, count);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
