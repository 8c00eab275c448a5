using System.Collections.Immutable;

namespace WafOperator.SecLang;

/// <summary>How a variable of a rule is meant.</summary>
public enum TargetMode
{
    /// <summary>Its values are tested.</summary>
    Values,

    /// <summary><c>&amp;NAME</c>: their number is tested.</summary>
    Count,

    /// <summary><c>!NAME</c>: left out of what the rule's other variables give.</summary>
    Exclusion,
}

/// <summary>How a selector is written.</summary>
public enum SelectorKind
{
    /// <summary>The whole collection.</summary>
    None,

    /// <summary>One member, by name, whatever the case.</summary>
    Name,

    /// <summary><c>/…/</c>: all members whose name fits the pattern.</summary>
    Regex,

    /// <summary>An XPath expression (<c>XML</c> only).</summary>
    XPath,
}

/// <summary>One variable of a rule. <paramref name="Variable"/> is the catalogue's spelling.</summary>
public sealed record VariableTarget(string Variable, TargetMode Mode, SelectorKind SelectorKind, string Selector)
{
    /// <inheritdoc/>
    public override string ToString() => SecLangPrinter.Print(this);
}

/// <summary>
/// A rule's operator. <paramref name="Name"/> is the catalogue's spelling without <c>@</c>; <paramref name="Argument"/>
/// is byte-per-char.
/// </summary>
public sealed record OperatorCall(string Name, bool Negated, string Argument)
{
    /// <summary>What <c>SecAction</c> means.</summary>
    public static OperatorCall Always { get; } = new("unconditionalMatch", Negated: false, "");
}

/// <summary>
/// One action. <paramref name="Name"/> is the catalogue's spelling; the argument is null where none was written.
/// </summary>
public sealed record ActionCall(string Name, string? Argument);
