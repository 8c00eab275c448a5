using System.Text;
using System.Text.RegularExpressions;

namespace WafOperator.Engine.Evaluation;

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

/// <summary>
/// Patterns over names of members: few, short, and written by rule authors; run in linear time over a char-per-byte
/// copy.
/// </summary>
internal static class NamePattern
{
    private const int StackBytesMax = 256;
    private const int NameBytesMax = 4096;

    public static bool IsMatch(Regex pattern, ReadOnlySpan<byte> name)
    {
        name = name[..Math.Min(name.Length, NameBytesMax)];
        Span<char> chars = name.Length <= StackBytesMax ? stackalloc char[StackBytesMax] : new char[name.Length];
        Encoding.Latin1.GetChars(name, chars);
        return pattern.IsMatch(chars[..name.Length]);
    }

    /// <summary>Compiles a name pattern; null and a reason where it cannot be run in linear time.</summary>
    public static Regex? Compile(string pattern, out string? problem)
    {
        const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline;
        problem = null;
        try
        {
            return new Regex(pattern, Options | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            return new Regex(pattern, Options, TimeSpan.FromMilliseconds(5));
        }
        catch (ArgumentException exception)
        {
            problem = exception.Message;
            return null;
        }
    }
}
