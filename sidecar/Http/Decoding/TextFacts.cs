using System.Buffers;

namespace WafOperator.Http.Decoding;

/// <summary>
/// Tells text from other bytes. Control bytes that text does not use are counted: compressed, encrypted and machine
/// code are about one tenth of them. A few are forgiven, so that a zero byte in front does not hide a script.
/// </summary>
public static class TextFacts
{
    /// <summary>Bytes of the beginning that are judged.</summary>
    public const int JudgedBytesMax = 4096;

    private const int BytesForEachControl = 64;

    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31, 127]);

    /// <summary>True when the beginning reads as text in ASCII, UTF-8 or an eight-bit charset.</summary>
    public static bool IsText(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes[..Math.Min(bytes.Length, JudgedBytesMax)];
        var forgiven = 1 + rest.Length / BytesForEachControl;
        for (var controls = 0; ; controls++)
        {
            var next = rest.IndexOfAny(Controls);
            if (next < 0) return true;
            if (controls == forgiven) return false;
            rest = rest[(next + 1)..];
        }
    }
}
