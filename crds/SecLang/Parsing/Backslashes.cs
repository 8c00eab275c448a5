using System.Text;

namespace WafOperator.SecLang;

/// <summary>
/// Backslashes in patterns. ModSecurity 2 reads them through Apache, which makes one of two, so that rule sets for both
/// versions (CRS 3) write a literal backslash as four; ModSecurity 3 leaves them as they are, and there two are enough.
/// Nobody means two literal backslashes by four, so four are read as two, and everything else is left alone.
/// </summary>
internal static class Backslashes
{
    /// <summary>From text as written to the pattern.</summary>
    public static string Read(string written) => Convert(written, run => (run / 4 * 2) + (run % 4));

    /// <summary>From a pattern to text that is read as that pattern.</summary>
    public static string Write(string pattern) => Convert(pattern, run => run < 4 ? run : (run / 2 * 4) + (run % 2));

    private static string Convert(string text, Func<int, int> length)
    {
        if (!text.Contains("\\\\\\\\", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length)
        {
            var run = 0;
            while (at + run < text.Length && text[at + run] == '\\')
            {
                run++;
            }

            result.Append('\\', length(run));
            at += run;
            if (at < text.Length)
            {
                result.Append(text[at++]);
            }
        }

        return result.ToString();
    }
}
