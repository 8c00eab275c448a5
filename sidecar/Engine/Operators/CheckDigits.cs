// Description: the value holds a number that the pattern finds and whose check digits are right: @verifyCC (payment
// cards, Luhn),
//              @verifySSN (United States), @verifyCPF (Brazil), @verifySVNR (Austria).
// Arguments:   the pattern.
// Example:     SecRule RESPONSE_BODY "@verifyCC \d{13,16}" "id:1,phase:4,deny"
using WafOperator.Engine.Program;
using WafOperator.Matching;

namespace WafOperator.Engine.Operators;

/// <summary>Whether a run of digits is a valid number of its kind.</summary>
internal delegate bool DigitCheck(ReadOnlySpan<byte> digits);

/// <inheritdoc/>
internal sealed class CheckDigits(RegexOperator pattern, DigitCheck check) : RuleOperator
{
    private const int CandidatesMax = 1024;

    public override PatternCondition Condition => pattern.Condition;

    public override long StepsFor(ReadOnlySpan<byte> value) => 0;

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        Span<byte> digits = stackalloc byte[64];
        var from = 0;
        for (var i = 0; i < CandidatesMax && from < value.Length; i++)
        {
            if (!pattern.TryFind(state, value, from, out var start, out var length) || length == 0)
            {
                return false;
            }

            var count = 0;
            foreach (var b in value.Slice(start, length))
            {
                if ((uint)(b - '0') <= 9 && count < digits.Length)
                {
                    digits[count++] = (byte)(b - '0');
                }
            }

            if (check(digits[..count]))
            {
                state.Capture(start, length);
                return true;
            }

            from = start + 1;
        }

        return false;
    }

    /// <summary>Luhn's sum (ISO/IEC 7812-1, annex B).</summary>
    public static bool IsCard(ReadOnlySpan<byte> digits)
    {
        if (digits.Length < 2)
        {
            return false;
        }

        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            int digit = digits[^(i + 1)];
            var doubled = i % 2 == 1 ? digit * 2 : digit;
            sum += doubled > 9 ? doubled - 9 : doubled;
        }

        return sum % 10 == 0;
    }

    /// <summary>
    /// Nine digits; area not 000, 666 or 9xx, group not 00, serial not 0000, no ascending run or repetition.
    /// </summary>
    public static bool IsUnitedStatesSocialSecurity(ReadOnlySpan<byte> digits)
    {
        if (digits.Length != 9)
        {
            return false;
        }

        var area = (digits[0] * 100) + (digits[1] * 10) + digits[2];
        var group = (digits[3] * 10) + digits[4];
        var serial = (digits[5] * 1000) + (digits[6] * 100) + (digits[7] * 10) + digits[8];
        return area is not (0 or 666) and < 740 && group != 0 && serial != 0 && !IsMonotone(digits);
    }

    /// <summary>Eleven digits, the last two being weighted sums modulo 11.</summary>
    public static bool IsBrazilianTaxNumber(ReadOnlySpan<byte> digits)
    {
        if (digits.Length != 11 || digits.IndexOfAnyExcept(digits[0]) < 0)
        {
            return false;
        }

        return Modulo11(digits[..9], 10) == digits[9] && Modulo11(digits[..10], 11) == digits[10];
    }

    /// <summary>Ten digits, the fourth being a weighted sum modulo 11.</summary>
    public static bool IsAustrianSocialSecurity(ReadOnlySpan<byte> digits)
    {
        if (digits.Length != 10 || digits.IndexOfAnyExcept((byte)0) < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> weights = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6];
        var sum = 0;
        for (var i = 0; i < 10; i++)
        {
            sum += digits[i] * weights[i];
        }

        return sum % 11 == digits[3];
    }

    private static int Modulo11(ReadOnlySpan<byte> digits, int firstWeight)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            sum += digits[i] * (firstWeight - i);
        }

        var rest = 11 - (sum % 11);
        return rest >= 10 ? 0 : rest;
    }

    private static bool IsMonotone(ReadOnlySpan<byte> digits)
    {
        bool same = true, rising = true;
        for (var i = 1; i < digits.Length; i++)
        {
            same &= digits[i] == digits[i - 1];
            rising &= digits[i] == (digits[i - 1] + 1) % 10;
        }

        return same || rising;
    }
}
