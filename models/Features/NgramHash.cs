namespace WafOperator.Features;

/// <summary>The rolling hash of the gate's n-grams: FNV-1a over 2 to 5 bytes, mixed down to a bucket.</summary>
internal static class NgramHash
{
    public const int HashBits = 18;

    /// <summary>Buckets of byte n-grams come first, then as many of token n-grams.</summary>
    public const int TokenBase = 1 << HashBits;
    public const int Buckets = 2 << HashBits;
    public const int NgramMin = 2;
    public const int NgramMax = 5;
    public const byte Start = 0x02;
    public const byte End = 0x03;

    private const uint Offset = 0x811c9dc5;
    private const uint Prime = 0x01000193;
    private const uint Mix = 0x9e3779b1;

    public static uint First(byte b) => Append(Offset, b);

    public static uint Append(uint hash, byte b) => (hash ^ b) * Prime;

    /// <summary>Every digit hashes as 0: which number it is says nothing, that there is one does.</summary>
    public static byte Fold(byte b) => (uint)(b - '0') <= 9 ? (byte)'0' : b;

    public static int Bucket(uint hash) => (int)(hash * Mix >> (32 - HashBits));

    /// <summary>Byte n-grams of a window of this many bytes, sentinels included.</summary>
    public static int Count(int windowBytes)
    {
        var length = windowBytes + 2;
        var count = 0;
        for (var n = NgramMin; n <= NgramMax; n++)
        {
            count += Math.Max(0, length - n + 1);
        }

        return count;
    }
}
