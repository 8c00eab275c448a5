using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Escapes that a language of the application may undo (YAML, TOML, properties, markup, a form with blanks in it): a
/// text that holds one is shown, but not all that it says. Pure.
/// </summary>
internal static class TextEscapes
{
    /// <summary>Letters of a named reference.</summary>
    private const int NameBytesMax = 8;

    /// <summary>An escape of any kind.</summary>
    public static bool Holds(ReadOnlySpan<byte> text) => HoldsOwn(text) || HoldsPercent(text);

    /// <summary>All but those of forms.</summary>
    public static bool HoldsOwn(ReadOnlySpan<byte> text) =>
        HoldsReference(text) || HoldsBackslash(text) || text.Contains((byte)'!') && text.IndexOf("binary"u8) >= 0;

    private static bool HoldsBackslash(ReadOnlySpan<byte> text)
    {
        for (var rest = text; rest.IndexOf((byte)'\\') is >= 0 and var at;)
        {
            rest = rest[(at + 1)..];
            if (rest is [(byte)'x' or (byte)'u' or (byte)'U' or (>= (byte)'0' and <= (byte)'7'), ..]) return true;
        }

        return false;
    }

    private static bool HoldsPercent(ReadOnlySpan<byte> text)
    {
        for (var rest = text; rest.IndexOf((byte)'%') is >= 0 and var at;)
        {
            rest = rest[(at + 1)..];
            if (rest.Length >= 2 && PercentDecoder.HexValue(rest[0]) >= 0 && PercentDecoder.HexValue(rest[1]) >= 0)
                return true;
        }

        return false;
    }

    private static bool HoldsReference(ReadOnlySpan<byte> text)
    {
        for (var rest = text; rest.IndexOf((byte)'&') is >= 0 and var at;)
        {
            rest = rest[(at + 1)..];
            if (rest is [(byte)'#', ..]) return true;
            var end = rest[..Math.Min(rest.Length, NameBytesMax + 1)].IndexOf((byte)';');
            if (end > 1 && !rest[..end].ContainsAnyExceptInRange((byte)'a', (byte)'z')) return true;
        }

        return false;
    }
}
