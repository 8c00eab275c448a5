using System.Buffers;
using WafOperator.Engine.Transformations;

namespace WafOperator.Engine.Detectors;

/// <summary>
/// What addresses, styles and scripts say: schemes that run code, and JavaScript that leaves its string. Each search
/// pays steps for what it does; once they are used up, nothing is found any more.
/// </summary>
internal static class ScriptText
{
    /// <summary>Bytes that a vector search looks at in a step.</summary>
    public const int BytesPerStep = 16;

    private const int SchemeBytesMax = 512;
    private const int StepsPerTry = 9;
    private const int StepsPerDecodedByte = 3;

    private static readonly SearchValues<byte> Separators = SearchValues.Create("-+*/;,)|&^%?:}]=<>."u8);
    private static readonly SearchValues<byte> Closers = SearchValues.Create(")]};"u8);
    private static readonly SearchValues<byte> Alphanumerics =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"u8);

    /// <summary>
    /// True for javascript:, vbscript:, data: with markup and their like, as browsers read them: leading controls and
    /// any white space inside the scheme are ignored, character references are decoded.
    /// </summary>
    public static bool IsActiveUrl(ReadOnlySpan<byte> url, ref long steps)
    {
        Span<byte> scheme = stackalloc byte[32];
        var length = 0;
        var i = 0;
        var end = Math.Min(url.Length, SchemeBytesMax);
        while (i < end && length < scheme.Length)
        {
            var value = Decode(url, ref i);
            if (value <= ' ') continue;
            scheme[length++] = (uint)(value - 'A') < 26 ? (byte)(value | 0x20) : value;
            if (length > 5 && value == ':') break;
        }

        steps -= StepsPerTry + (StepsPerDecodedByte * i);
        var text = scheme[..length];
        if (text.StartsWith("javascript:"u8) || text.StartsWith("vbscript:"u8) || text.StartsWith("livescript:"u8))
            return true;
        return text.StartsWith("data:"u8) && IsActiveData(url, ref steps);
    }

    /// <summary>A style that loads or runs code, which only old browsers do, or moves what is shown.</summary>
    public static bool IsActiveStyle(ReadOnlySpan<byte> style, ref long steps) =>
        Holds(style, "expression("u8, ref steps) || Holds(style, "javascript:"u8, ref steps)
            || Holds(style, "vbscript:"u8, ref steps)
        || Holds(style, "-moz-binding"u8, ref steps) || Holds(style, "behavior:"u8, ref steps)
        || Holds(style, "behaviour:"u8, ref steps)
        || Holds(style, "@import"u8, ref steps) || Holds(style, "animation-name"u8, ref steps)
        || Holds(style, "data:text"u8, ref steps);

    /// <summary>
    /// True for text that closes a string, goes on with code that acts, and repairs what follows: ';alert(1)// or
    /// "-alert(1)-".
    /// </summary>
    public static bool IsBreakout(ReadOnlySpan<byte> input, byte quote, ref long steps)
    {
        var close = input.IndexOf(quote);
        if (close < 0 || close > 24 && input[..close].Contains((byte)' ')) return false;
        var behind = input[(close + 1)..];
        var code = behind.Trim(Blanks);
        if (code.Length < 4 || !HoldsAction(code, ref steps)) return false;
        var isSpaced = behind[0] is (byte)' ' or (byte)'\n' or (byte)'\r' && !input[..close].Contains((byte)' ');
        if (!isSpaced && !code[..1].ContainsAny(Separators)) return false;
        var last = code[^1];
        if (last == quote) return !char.IsAsciiLetterOrDigit((char)code[^2]);
        return HoldsComment(code);
    }

    /// <summary>
    /// True for text that closes what it stands in other than by a quote, and acts: );alert(1)//, */alert(1)/*; or that
    /// is a bare call of what only tests and attacks call.
    /// </summary>
    public static bool IsBareCode(ReadOnlySpan<byte> input, ref long steps)
    {
        var code = input.Trim(Blanks);
        if (code.IsEmpty) return false;
        var start = code.IndexOfAnyExcept(Alphanumerics);
        if (start is > 0 and < 9 && code[start] == ';') code = code[start..];
        if (code[..1].ContainsAny(Closers) || code.StartsWith("*/"u8))
            return HoldsAction(code, ref steps) && HoldsComment(code[1..]) || start > 0 && HoldsAction(code, ref steps);
        if (code.Length > 200) return false;
        return (StartsWith(code, "alert("u8) || StartsWith(code, "confirm("u8) || StartsWith(code, "prompt("u8)
            || StartsWith(code, "eval("u8) || StartsWith(code, "expression(alert"u8)
            || StartsWith(code, "document.write("u8)
            || StartsWith(code, "document.cookie"u8)) && code.Length > 7;
    }

    private static bool HoldsComment(ReadOnlySpan<byte> code)
    {
        var slashes = code.IndexOf("//"u8);
        return slashes >= 0 && code.IndexOf("://"u8) != slashes - 1 || code.IndexOf("/*"u8) >= 0
            || code.EndsWith("//"u8)
            || code.EndsWith("<!--"u8);
    }

    /// <summary>True for a template placeholder that acts: ${alert(1)}, {{constructor.constructor('…')()}}.</summary>
    public static bool IsTemplate(ReadOnlySpan<byte> input, ref long steps)
    {
        var dollar = input.IndexOf("${"u8);
        if (dollar >= 0 && HoldsAction(Braced(input[dollar..]), ref steps)) return true;
        var braces = input.IndexOf("{{"u8);
        return braces >= 0 && Holds(input[braces..], "constructor"u8, ref steps) && input[braces..].Contains((byte)'(');
    }

    private static ReadOnlySpan<byte> Braced(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'}');
        return end < 0 ? text : text[..end];
    }

    /// <summary>True when the text, in any case, holds the lower-case words.</summary>
    public static bool Holds(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower, ref long steps)
    {
        while (steps >= 0)
        {
            var next = text.IndexOfAny(lower[0], (byte)(lower[0] & ~(char.IsAsciiLetter((char)lower[0]) ? 0x20 : 0)));
            steps -= StepsPerTry + ((next < 0 ? text.Length : next) / BytesPerStep);
            if (next < 0 || text.Length - next < lower.Length) return false;
            if (StartsWith(text[next..], lower)) return true;
            text = text[(next + 1)..];
        }

        return false;
    }

    /// <summary>A call, or the mention, of what scripts of an attack use.</summary>
    public static bool HoldsAction(ReadOnlySpan<byte> code, ref long steps) =>
        HoldsCall(code, "alert"u8, ref steps) || HoldsCall(code, "prompt"u8, ref steps)
            || HoldsCall(code, "confirm"u8, ref steps)
        || HoldsCall(code, "print"u8, ref steps) || HoldsCall(code, "eval"u8, ref steps)
        || HoldsCall(code, "function"u8, ref steps)
        || HoldsCall(code, "fetch"u8, ref steps) || HoldsCall(code, "settimeout"u8, ref steps)
        || HoldsCall(code, "setinterval"u8, ref steps)
        || HoldsCall(code, "import"u8, ref steps) || HoldsCall(code, "atob"u8, ref steps)
        || Holds(code, "document."u8, ref steps)
        || Holds(code, "window."u8, ref steps) || Holds(code, "window["u8, ref steps)
        || Holds(code, "location"u8, ref steps)
        && code.ContainsAny("=(["u8)
        || Holds(code, "string.fromcharcode"u8, ref steps) || Holds(code, "xmlhttprequest"u8, ref steps)
        || Holds(code, "sendbeacon"u8, ref steps)
        || Holds(code, "getscript"u8, ref steps) || Holds(code, "console.log"u8, ref steps)
        || Holds(code, "constructor"u8, ref steps)
        || Holds(code, "frames["u8, ref steps) || Holds(code, "find(alert"u8, ref steps)
        || Holds(code, "localstorage"u8, ref steps) || Holds(code, "top["u8, ref steps)
        || Holds(code, "self["u8, ref steps) || Holds(code, "onerror"u8, ref steps);

    private static ReadOnlySpan<byte> Blanks => " \t\r\n"u8;

    private static bool HoldsCall(ReadOnlySpan<byte> code, ReadOnlySpan<byte> lower, ref long steps)
    {
        while (steps >= 0)
        {
            var next = code.IndexOfAny(lower[0], (byte)(lower[0] & ~0x20));
            steps -= StepsPerTry + ((next < 0 ? code.Length : next) / BytesPerStep);
            if (next < 0 || code.Length - next <= lower.Length) return false;
            if (StartsWith(code[next..], lower))
            {
                var after = code[(next + lower.Length)..].TrimStart(" \t\r\n)"u8);
                if (!after.IsEmpty && after[0] is (byte)'(' or (byte)'`' or (byte)',' or (byte)';' or (byte)'?'
                    or (byte)'.') return true;
            }

            code = code[(next + 1)..];
        }

        return false;
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        if (text.Length < lower.Length) return false;
        for (var i = 0; i < lower.Length; i++)
        {
            var value = (uint)(text[i] - 'A') < 26 ? (byte)(text[i] | 0x20) : text[i];
            if (value != lower[i]) return false;
        }

        return true;
    }

    private static bool IsActiveData(ReadOnlySpan<byte> url, ref long steps)
    {
        var head = url[..Math.Min(url.Length, 160)];
        return Holds(head, "text/html"u8, ref steps) || Holds(head, "image/svg"u8, ref steps)
            || Holds(head, "xml"u8, ref steps)
            || Holds(head, "javascript"u8, ref steps)
            || Holds(head, "data:,"u8, ref steps) || Holds(head, "text/vbs"u8, ref steps);
    }

    /// <summary>
    /// One byte of an attribute's value, with a numeric reference or the names browsers accept decoded.
    /// </summary>
    private static byte Decode(ReadOnlySpan<byte> text, ref int i)
    {
        if (text[i] != '&' || i + 2 >= text.Length) return text[i++];
        var rest = text[i..];
        if (rest[1] == '#')
        {
            var isHex = (rest[2] | 0x20) == 'x';
            var start = isHex ? 3 : 2;
            var code = 0;
            var j = start;
            for (; j < rest.Length && j < 16; j++)
            {
                var digit = isHex ? Bytes.HexValue(rest[j]) : Bytes.IsDigit(rest[j]) ? rest[j] - '0' : -1;
                if (digit < 0) break;
                code = Math.Min(code * (isHex ? 16 : 10) + digit, 0xffff);
            }

            if (j == start) return text[i++];
            i += j < rest.Length && rest[j] == ';' ? j + 1 : j;
            return (byte)Math.Min(code, 255);
        }

        if (StartsWith(rest, "&colon;"u8)) { i += 7; return (byte)':'; }
        if (StartsWith(rest, "&tab;"u8)) { i += 5; return (byte)'\t'; }
        if (StartsWith(rest, "&newline;"u8)) { i += 9; return (byte)'\n'; }
        return text[i++];
    }
}
