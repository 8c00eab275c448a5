using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace WafOperator.Recordings;

/// <summary>
/// Lines of access logs in the common and combined format, as nginx, ingress-nginx, Apache and Traefik write them. They
/// hold no bodies and few headers: what was in those is not seen again. Pure.
/// </summary>
internal static partial class AccessLogLine
{
    /// <summary>The request of a line, or what is wrong with it.</summary>
    public static (RecordedRequest? Request, string? Problem) Read(string line, long number)
    {
        var match = Format().Match(line);
        if (!match.Success) return (null, "is no line of an access log in combined format");
        var request = Unescape(match.Groups["request"].Value).Split(' ');
        if (request.Length < 2 || request[0].Length == 0) return (null, "holds no request line");
        // Targets with blanks in them are what scanners send.
        var hasVersion = request[^1].StartsWith("HTTP/", StringComparison.Ordinal);
        var target = string.Join("%20", request[1..(hasVersion ? ^1 : ^0)]);
        var headers = new List<(string, string)>();
        Add(headers, "Referer", match.Groups["referer"].Value);
        Add(headers, "User-Agent", match.Groups["agent"].Value);
        return (new RecordedRequest(number, request[0], target) { Headers = headers,
            Client = match.Groups["client"].Value },
            null);
    }

    private static void Add(List<(string, string)> headers, string name, string value)
    {
        if (value is not ("" or "-")) headers.Add((name, Unescape(value)));
    }

    /// <summary>
    /// <c>\x22</c>, <c>\"</c> and <c>\n</c>, as servers write what they may not write. Bytes beyond ASCII are put
    /// together again; those that are no UTF-8 become percent-encoded ones, since texts cannot hold them.
    /// </summary>
    private static string Unescape(string text) => !text.Contains('\\', StringComparison.Ordinal) ? text
        : Escapes().Replace(text, match =>
        {
            if (match.Groups["named"] is not { Success: true, Value: var named })
                return Decoded(Convert.FromHexString(match.Value.Replace("\\x", "", StringComparison.Ordinal)));
            return named switch { "n" => "\n", "r" => "\r", "t" => "\t", "b" => "\b", "v" => "\v", _ => named };
        });

    private static string Decoded(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var count) is OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                foreach (var odd in bytes[..count]) text.Append(CultureInfo.InvariantCulture, $"%{odd:X2}");
            }

            bytes = bytes[count..];
        }

        return text.ToString();
    }

    [GeneratedRegex(
        """^(?<client>\S+) \S+ .*?\[[^\]]*\] "(?<request>(?:[^"\\]|\\.)*)" \d{3} \S+"""
            + """(?: "(?<referer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)")?""",
        RegexOptions.NonBacktracking)]
    private static partial Regex Format();

    [GeneratedRegex("""(?:\\x[0-9A-Fa-f]{2})+|\\(?<named>.)""")]
    private static partial Regex Escapes();
}
