using System.Globalization;

namespace WafOperator.Engine.Operators;

/// <summary>
/// Reads IPv4 and IPv6 addresses as 128-bit numbers without allocating (RFC 4291, 2.2; dotted quads of four decimal
/// parts). IPv4 lives at its mapped place, ::ffff:0:0/96.
/// </summary>
internal static class AddressReader
{
    public static bool TryRead(ReadOnlySpan<byte> text, out UInt128 number)
    {
        number = 0;
        if (text.Length is 0 or > 45)
        {
            return false;
        }

        if (text.IndexOf((byte)':') >= 0)
        {
            return TryReadLong(text, out number);
        }

        var found = TryReadQuad(text, out var quad);
        number = ((UInt128)0xFFFF << 32) | quad;
        return found;
    }

    private static bool TryReadQuad(ReadOnlySpan<byte> text, out uint quad)
    {
        quad = 0;
        var parts = 0;
        var at = 0;
        while (parts < 4)
        {
            var value = 0;
            var start = at;
            while (at < text.Length && (uint)(text[at] - '0') <= 9 && at - start < 3)
            {
                value = (value * 10) + (text[at++] - '0');
            }

            if (at == start || value > 255)
            {
                return false;
            }

            quad = (quad << 8) | (uint)value;
            parts++;
            if (parts < 4 && (at >= text.Length || text[at++] != '.'))
            {
                return false;
            }
        }

        return at == text.Length;
    }

    private static bool TryReadLong(ReadOnlySpan<byte> text, out UInt128 number)
    {
        number = 0;
        Span<ushort> groups = stackalloc ushort[8];
        var count = 0;
        var gap = -1;
        var at = 0;
        if (text.StartsWith("::"u8))
        {
            (gap, at) = (0, 2);
        }

        while (at < text.Length)
        {
            var end = text[at..].IndexOf((byte)':');
            var part = end < 0 ? text[at..] : text.Slice(at, end);
            if (end < 0 && part.IndexOf((byte)'.') >= 0)
            {
                if (count > 6 || !TryReadQuad(part, out var quad))
                {
                    return false;
                }

                groups[count++] = (ushort)(quad >> 16);
                groups[count++] = (ushort)quad;
                at = text.Length;
                break;
            }

            if (count == 8 || part.Length is 0 or > 4
                || !ushort.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                    out groups[count]))
            {
                return false;
            }

            count++;
            at += part.Length;
            if (at == text.Length)
            {
                break;
            }

            at++;
            if (at < text.Length && text[at] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }

                gap = count;
                at++;
            }
            else if (at == text.Length)
            {
                return false;
            }
        }

        if (gap < 0 ? count != 8 : count > 7)
        {
            return false;
        }

        for (var i = 0; i < 8; i++)
        {
            var source = gap < 0 || i < gap ? i : i - (8 - count);
            number = (number << 16) | (source >= 0
                && (gap < 0 || i < gap || source >= gap) ? groups[source] : (UInt128)0);
        }

        return true;
    }
}
