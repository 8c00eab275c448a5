using System.Globalization;
using System.Text;

namespace WafOperator.SecLang.Regex;

/// <summary>
/// Writes a tree as text for .NET's regex classes, to be run with `RegexOptions.CultureInvariant` over the input
/// decoded as Latin-1, where character n is byte n. Flags are already part of the tree, so none are needed. The two
/// engines differ where a group is repeated and captures nothing in the last round: PCRE keeps the earlier capture as
/// well. Pure.
/// </summary>
public static class DotNetRegexPrinter
{
    /// <summary>Prints the pattern; null where .NET has no equivalent (`\K`).</summary>
    public static string? Print(RegexPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        var text = new StringBuilder();
        return pattern.IsValid && TryAppend(pattern.Root, text) ? text.ToString() : null;
    }

    private static bool TryAppend(RegexNode node, StringBuilder text)
    {
        switch (node)
        {
            case RegexNode.Set set:
                AppendSet(set.Bytes, text);
                return true;
            case RegexNode.Sequence sequence:
                return sequence.Items.All(item => TryAppend(item, text));
            case RegexNode.Choice choice:
                return TryAppendChoice(choice, text);
            case RegexNode.Repeat repeat:
                return TryAppendRepeat(repeat, text);
            case RegexNode.Capture capture:
                var group = capture.Group.ToString(CultureInfo.InvariantCulture);
                return TryAppendGroup($"(?<{group}>", capture.Body, text);
            case RegexNode.Atomic atomic:
                return TryAppendGroup("(?>", atomic.Body, text);
            case RegexNode.Look look:
                return TryAppendGroup(Opening(look.Kind), look.Body, text);
            case RegexNode.Assertion assertion:
                text.Append(Assertion(assertion.Kind));
                return true;
            case RegexNode.BackReference reference:
                text.Append(reference.IgnoreCase ? "(?i:" : "(?:");
                text.Append(CultureInfo.InvariantCulture, $"\\k<{reference.Group}>)");
                return true;
            case RegexNode.MatchStartReset:
                return false;
            default:
                return true;
        }
    }

    private static bool TryAppendGroup(string opening, RegexNode body, StringBuilder text)
    {
        text.Append(opening);
        if (!TryAppend(body, text)) return false;
        text.Append(')');
        return true;
    }

    private static bool TryAppendChoice(RegexNode.Choice choice, StringBuilder text)
    {
        text.Append("(?:");
        for (var index = 0; index < choice.Items.Length; index++)
        {
            if (index > 0) text.Append('|');
            if (!TryAppend(choice.Items[index], text)) return false;
        }

        text.Append(')');
        return true;
    }

    private static bool TryAppendRepeat(RegexNode.Repeat repeat, StringBuilder text)
    {
        if (repeat.Kind == RepeatKind.Possessive) text.Append("(?>");
        if (!TryAppendGroup("(?:", repeat.Body, text)) return false;
        var max = repeat.Max == RegexNode.Repeat.Unbounded ? "" : repeat.Max.ToString(CultureInfo.InvariantCulture);
        text.Append(CultureInfo.InvariantCulture, $"{{{repeat.Min},{max}}}");
        text.Append(repeat.Kind switch
        {
            RepeatKind.Lazy => "?",
            RepeatKind.Possessive => ")",
            _ => "",
        });
        return true;
    }

    private static string Opening(LookKind kind) => kind switch
    {
        LookKind.Ahead => "(?=",
        LookKind.NotAhead => "(?!",
        LookKind.Behind => "(?<=",
        _ => "(?<!",
    };

    // Word boundaries are spelled out: .NET's own count letters beyond ASCII.
    private static string Assertion(AssertionKind kind) => kind switch
    {
        AssertionKind.SubjectStart => "\\A",
        AssertionKind.LineStart => "(?:\\A|(?<=\\n)(?!\\z))",
        AssertionKind.SubjectEnd => "\\z",
        AssertionKind.SubjectEndOrFinalLineFeed => "\\Z",
        AssertionKind.LineEnd => "(?=\\n|\\z)",
        AssertionKind.WordBoundary => "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))",
        AssertionKind.NotWordBoundary => "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))",
        _ => "\\G",
    };

    private static void AppendSet(ByteSet bytes, StringBuilder text)
    {
        if (bytes.IsEmpty)
        {
            text.Append("(?!)");
            return;
        }

        var negated = bytes.Count > 128;
        var members = negated ? ~bytes : bytes;
        if (members.IsEmpty)
        {
            text.Append("[\\x00-\\xff]");
            return;
        }

        text.Append(negated ? "[^" : "[");
        for (var first = members.First(); first >= 0;)
        {
            var last = first;
            while (last < 255 && members.Contains((byte)(last + 1))) last++;
            text.Append(CultureInfo.InvariantCulture, $"\\x{first:x2}");
            if (last > first) text.Append(CultureInfo.InvariantCulture, $"-\\x{last:x2}");
            first = last == 255 ? -1 : members.Next(last + 1);
        }

        text.Append(']');
    }
}
