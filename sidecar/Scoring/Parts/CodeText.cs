using System.Buffers;
using WafOperator.Features;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// What counts as text in a field that carries code. People write code with white space; short commands, paths and
/// encoded payloads do without, and whoever reads an object out of a value runs it wherever the value is. Pure.
/// </summary>
public static class CodeText
{
    /// <summary>Bytes of the shortest text.</summary>
    public const int BytesMin = 12;

    private static readonly SearchValues<byte> Numbers = SearchValues.Create("+0123456789"u8);

    private static readonly SearchValues<byte> White = SearchValues.Create(" \t\r\n"u8);

    /// <summary>White space between other bytes, long enough, and no serialised object anywhere.</summary>
    public static bool IsText(ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t\r\n"u8);
        return value.Length >= BytesMin && value.ContainsAny(White)
            && !SerializedObjects.BeginIn(value) && !HoldsPhpObject(value);
    }

    /// <summary>An object or list as PHP writes it: <c>O:4:"Name"</c>, <c>C:4:"Name"</c>, <c>a:2:{</c>.</summary>
    private static bool HoldsPhpObject(ReadOnlySpan<byte> value)
    {
        for (var at = value.IndexOf((byte)':'); at >= 0;)
        {
            if (at > 0 && value[at - 1] is (byte)'O' or (byte)'C' or (byte)'a'
                && (at == 1 || !char.IsAsciiLetterOrDigit((char)value[at - 2])) && IsCounted(value[(at + 1)..]))
            {
                return true;
            }

            var next = value[(at + 1)..].IndexOf((byte)':');
            if (next < 0) return false;
            at += 1 + next;
        }

        return false;
    }

    private static bool IsCounted(ReadOnlySpan<byte> rest)
    {
        // PHP takes a sign and zeros in front.
        var digits = rest.IndexOfAnyExcept(Numbers);
        return digits > 0 && digits + 1 < rest.Length && rest[digits] == ':'
            && rest[digits + 1] is (byte)'"' or (byte)'{';
    }
}
