// Description: the value holds a byte outside the given ones.
// Arguments:   byte values and ranges parted by commas: 9,10,13,32-126.
// Example:     SecRule ARGS "@validateByteRange 32-126" "id:1,phase:2,deny"
using System.Globalization;
using WafOperator.Engine.Program;
using WafOperator.Matching;
using WafOperator.SecLang.Regex;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class ValidateByteRange(ByteSet allowed) : RuleOperator
{
    private readonly bool[] _isAllowed = [.. Enumerable.Range(0, 256).Select(b => allowed.Contains((byte)b))];

    public override PatternCondition Condition => (~allowed).IsEmpty
        ? PatternCondition.Always
        : PatternCondition.ContainsAny([.. (~allowed).ToArray().Select(b => new[] { b })]);

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        foreach (var b in value)
        {
            if (!_isAllowed[b])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads the argument; null where it is not a list of byte values.</summary>
    public static ByteSet? Parse(string argument)
    {
        var set = ByteSet.Empty;
        foreach (var part in argument.Split([',', ' '],
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            if (!TryByte(dash < 0 ? part : part[..dash], out var first)
                || !TryByte(dash < 0 ? part : part[(dash + 1)..], out var last) || last < first)
            {
                return null;
            }

            set |= ByteSet.Range(first, last);
        }

        return set;
    }

    private static bool TryByte(string text, out byte value) =>
        byte.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
