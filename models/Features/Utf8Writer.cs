namespace WafOperator.Features;

/// <summary>Code points to UTF-8.</summary>
internal static class Utf8Writer
{
    /// <summary>Writes a code point; surrogates and what lies beyond Unicode become U+FFFD. Returns the bytes written.</summary>
    public static int Write(int code, Span<byte> destination)
    {
        if (code is > 0x10ffff or (>= 0xd800 and <= 0xdfff))
        {
            code = 0xfffd;
        }

        switch (code)
        {
            case < 0x80:
                destination[0] = (byte)code;
                return 1;
            case < 0x800:
                destination[0] = (byte)(0xc0 | code >> 6);
                destination[1] = (byte)(0x80 | code & 0x3f);
                return 2;
            case < 0x10000:
                destination[0] = (byte)(0xe0 | code >> 12);
                destination[1] = (byte)(0x80 | code >> 6 & 0x3f);
                destination[2] = (byte)(0x80 | code & 0x3f);
                return 3;
            default:
                destination[0] = (byte)(0xf0 | code >> 18);
                destination[1] = (byte)(0x80 | code >> 12 & 0x3f);
                destination[2] = (byte)(0x80 | code >> 6 & 0x3f);
                destination[3] = (byte)(0x80 | code & 0x3f);
                return 4;
        }
    }
}
