namespace WafOperator.Matching;

/// <summary>ASCII letters without case; other bytes stay as they are.</summary>
internal static class AsciiCase
{
    public static byte ToLower(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;

    public static bool IsWord(byte value) =>
        value is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or >= (byte)'0' and <= (byte)'9'
            or (byte)'_';
}
