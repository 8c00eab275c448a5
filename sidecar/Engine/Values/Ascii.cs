namespace WafOperator.Engine.Values;

/// <summary>Comparisons of bytes in which ASCII letters have no case.</summary>
internal static class Ascii
{
    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        left.Length == right.Length
        && (left.SequenceEqual(right) || System.Text.Ascii.EqualsIgnoreCase(left, right) || SlowEquals(left, right));

    private static bool SlowEquals(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        for (var i = 0; i < left.Length; i++)
        {
            if (Http.NameHash.ToLower(left[i]) != Http.NameHash.ToLower(right[i]))
            {
                return false;
            }
        }

        return true;
    }
}
