namespace WafOperator.Engine.Tests.Transformations;

/// <summary>Inputs that hit decoders: marks and escapes mixed with random bytes.</summary>
internal static class RandomBytes
{
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "%41", "%u0041", "%uff1c", "%", "+",
                "\\", "\\x41", "\\u0041", "\\101", "\\a", "/*", "*/", "<!--", "-->", "--",
            "#", "&lt;", "&#60;", "&#x", "&", "0x41", "0x", "../", "./", "//", "\\..\\", " ", "\t", "\u0000", "A", "z",
            "=", "==", "QUJD", "'", "\"", "(", "/", ";", ",", "\n", "\r\n",
        }.Select(System.Text.Encoding.Latin1.GetBytes),
        [0xc3, 0xa9], [0xc0, 0xaf], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80], [0xa0], [0xff],
    ];

    public static byte[] Next(Random random)
    {
        var bytes = new List<byte>();
        var count = random.Next(12);
        for (var i = 0; i < count; i++)
        {
            if (random.Next(4) == 0) bytes.Add((byte)random.Next(256));
            else bytes.AddRange(Pieces[random.Next(Pieces.Length)]);
        }

        return [.. bytes];
    }
}
