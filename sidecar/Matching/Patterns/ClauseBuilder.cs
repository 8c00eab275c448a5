using System.Collections.Immutable;
using System.Text;

namespace WafOperator.Matching;

/// <summary>Turns alternatives of required text into a clause: folds case, shortens, drops what another one
/// implies.</summary>
internal static class ClauseBuilder
{
    /// <summary>
    /// Literals are cut to this many bytes: a beginning of required text is required as well, and six bytes are rare
    /// enough that more would only enlarge the automaton.
    /// </summary>
    public const int LiteralBytesMax = 6;

    public static LiteralClause Build(IEnumerable<byte[]> literals)
    {
        var distinct = new HashSet<string>(StringComparer.Ordinal);
        foreach (var literal in literals) distinct.Add(Fold(literal));
        return new([.. distinct.Where(literal => !ContainsShorter(literal, distinct)).Order(StringComparer.Ordinal)
            .Select(literal => Encoding.Latin1.GetBytes(literal).ToImmutableArray())]);
    }

    /// <summary>The expected share of positions that satisfy the clause by chance.</summary>
    public static double Cost(LiteralClause clause) =>
        clause.Literals.Sum(literal => ByteFrequency.Of(literal.AsSpan()));

    private static string Fold(byte[] literal)
    {
        var folded = Encoding.Latin1.GetString(literal.AsSpan(0, Math.Min(literal.Length, LiteralBytesMax)));
        return string.Create(folded.Length, folded, static (target, source) =>
        {
            for (var index = 0; index < target.Length; index++)
                target[index] = (char)AsciiCase.ToLower((byte)source[index]);
        });
    }

    private static bool ContainsShorter(string literal, HashSet<string> others)
    {
        for (var start = 0; start < literal.Length; start++)
        {
            for (var length = 1; start + length <= literal.Length; length++)
            {
                if (length < literal.Length && others.Contains(literal.Substring(start, length))) return true;
            }
        }

        return false;
    }
}
