using WafOperator.Features;

namespace WafOperator.Scoring.Parts;

/// <summary>What a request's parts show beside their scores.</summary>
[Flags]
internal enum AttackSignals
{
    None = 0,

    /// <summary>A value begins with a serialised object of Java, .NET or Python.</summary>
    Serialized = 1 << 0,

    /// <summary>A parameter or JSON key is named like a query operator of a document database.</summary>
    OperatorName = 1 << 1,
}

/// <summary>
/// Finds signals: short marks that hold too few bytes for a model to be sure of, and that requests of ordinary
/// applications hardly hold. The rules of models/training/wafml/signals.py.
/// </summary>
internal static class AttackSignal
{
    private static readonly byte[][] Operators =
    [
        .. new[]
        {
            "ne", "gt", "gte", "lt", "lte", "eq", "in", "nin", "regex", "exists", "where", "or", "nor", "and", "not",
            "type", "expr", "elemmatch", "all", "size", "mod", "jsonschema", "function",
        }.Select(System.Text.Encoding.ASCII.GetBytes),
    ];

    public static AttackSignals Of(ReadOnlySpan<byte> normalized, ValueFlags flags, bool isName)
    {
        var signals = (flags & ValueFlags.Serialized) != 0 ? AttackSignals.Serialized : AttackSignals.None;
        return isName && HasOperator(normalized) ? signals | AttackSignals.OperatorName : signals;
    }

    /// <summary>A whole name or a segment of it (<c>$ne</c>, <c>user[$ne]</c>, <c>user.$ne</c>).</summary>
    private static bool HasOperator(ReadOnlySpan<byte> name)
    {
        for (var at = name.IndexOf((byte)'$'); at >= 0;)
        {
            var word = name[(at + 1)..];
            var length = word.IndexOfAnyExceptInRange((byte)'a', (byte)'z');
            var isSegment = (at == 0 || name[at - 1] is (byte)'[' or (byte)'.') && (length < 0 || word[length] == ']');
            if (isSegment && IsOperator(length < 0 ? word : word[..length])) return true;
            var next = word.IndexOf((byte)'$');
            if (next < 0) return false;
            at += 1 + next;
        }

        return false;
    }

    private static bool IsOperator(ReadOnlySpan<byte> word)
    {
        foreach (var known in Operators)
        {
            if (word.SequenceEqual(known)) return true;
        }

        return false;
    }
}
