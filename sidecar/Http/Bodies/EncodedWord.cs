using System.Text;

namespace WafOperator.Http.Bodies;

/// <summary>Encoded words of mail headers (RFC 2047): <c>=?utf-8?B?w6Q=?=</c>, several of them in one value.</summary>
internal static class EncodedWord
{
    /// <summary>False when the value is not made of encoded words in UTF-8 or Latin-1 alone.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> value, out string text)
    {
        var decoded = new StringBuilder();
        text = "";
        foreach (var word in Encoding.Latin1.GetString(value).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = word.Split('?');
            if (parts is not ["=", var charset, var coding, var content, "="]) return false;
            var bytes = DecodeContent(coding, content);
            var isUtf8 = charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase);
            if (bytes is null || !isUtf8 && !charset.Equals("iso-8859-1",
                StringComparison.OrdinalIgnoreCase)) return false;
            decoded.Append((isUtf8 ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes));
        }

        text = decoded.ToString();
        return true;
    }

    private static byte[]? DecodeContent(string coding, string content)
    {
        if (coding is "B" or "b")
        {
            var bytes = new byte[content.Length];
            return Convert.TryFromBase64String(content, bytes, out var written) ? bytes[..written] : null;
        }

        if (coding is not ("Q" or "q")) return null;
        var output = new byte[content.Length];
        var length = TransferCoding.DecodeQuotedPrintable(
            Encoding.Latin1.GetBytes(content.Replace('_', ' ')), output);
        return output[..length];
    }
}
