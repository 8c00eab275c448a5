using System.Text;
using WafOperator.Matching;
using WafOperator.SecLang.Regex;

namespace WafOperator.Engine.Values;

/// <summary>
/// A pattern over names of members (<c>ARGS:/^user_/</c>), letters without case. Immutable, thread-safe, allocates
/// nothing when it runs. One that holds plain text only is looked for as such.
/// </summary>
internal sealed class NamePattern
{
    private const int NameBytesMax = 4096;
    private const int StepsMax = 100_000;

    private static readonly RegexFlags Flags = new(IgnoreCase: true, DotMatchesLineFeed: true);

    private readonly byte[]? _literal;
    private readonly RegexProgram? _program;

    private NamePattern(byte[]? literal, RegexProgram? program)
    {
        _literal = literal;
        _program = program;
    }

    /// <summary>Compiles a pattern; null and the reason where it cannot be read.</summary>
    public static NamePattern? Compile(string pattern, out string? problem)
    {
        problem = null;
        if (pattern.Length > 0 && pattern.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            return new NamePattern(Encoding.ASCII.GetBytes(pattern.ToLowerInvariant()), null);
        }

        var read = RegexParser.Parse(Encoding.Latin1.GetBytes(pattern), Flags);
        problem = read.Error?.Reason;
        return problem is null ? new NamePattern(null, RegexProgram.Create(read)) : null;
    }

    /// <summary>
    /// Whether the pattern occurs in a name. One that has no answer within its steps counts as not found: an exclusion
    /// then does not exclude.
    /// </summary>
    public bool IsMatch(ReadOnlySpan<byte> name)
    {
        name = name[..Math.Min(name.Length, NameBytesMax)];
        if (_literal is not null)
        {
            return Contains(name, _literal);
        }

        long steps = StepsMax;
        return _program!.IsMatch(name, ref steps) == RegexOutcome.Match;
    }

    private static bool Contains(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower)
    {
        for (var at = 0; at <= name.Length - lower.Length; at++)
        {
            if (Http.NameHash.ToLower(name[at]) == lower[0]
                && Ascii.EqualsIgnoreCase(name.Slice(at, lower.Length), lower))
            {
                return true;
            }
        }

        return false;
    }
}
