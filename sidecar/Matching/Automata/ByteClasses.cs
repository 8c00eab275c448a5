using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>Splits the 256 bytes into the fewest classes that no set of a pattern tells apart. Pure.</summary>
internal static class ByteClasses
{
    /// <summary>Returns the class of each byte; classes are numbered from 0 without gaps.</summary>
    public static byte[] Of(IEnumerable<ByteSet> sets, out int count)
    {
        var classOf = new byte[256];
        count = 1;
        foreach (var set in sets) count = Refine(classOf, set, count);
        return classOf;
    }

    private static int Refine(byte[] classOf, ByteSet set, int count)
    {
        Span<int> inside = stackalloc int[256];
        Span<int> total = stackalloc int[256];
        for (var value = 0; value < 256; value++)
        {
            total[classOf[value]]++;
            if (set.Contains((byte)value)) inside[classOf[value]]++;
        }

        Span<int> moved = stackalloc int[256];
        moved.Clear();
        for (var group = 0; group < 256; group++)
        {
            if (inside[group] > 0 && inside[group] < total[group]) moved[group] = count++;
        }

        for (var value = 0; value < 256; value++)
        {
            if (moved[classOf[value]] != 0 && set.Contains((byte)value)) classOf[value] = (byte)moved[classOf[value]];
        }

        return count;
    }
}
