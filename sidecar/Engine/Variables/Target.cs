using WafOperator.Engine.Values;
using WafOperator.SecLang;

namespace WafOperator.Engine.Variables;

/// <summary>One variable of a compiled rule: what it reads, and which members. Immutable.</summary>
internal sealed class Target(
    VariableId variable, TargetMode mode, SelectorKind kind, byte[] name, NamePattern? pattern, int slot)
{
    public VariableId Variable { get; } = variable;

    public TargetMode Mode { get; } = mode;

    public SelectorKind Kind { get; } = kind;

    /// <summary>The member's name in lower case.</summary>
    public byte[] Name { get; } = name;

    public uint NameHash { get; } = WafOperator.Http.NameHash.Of(name);

    public NamePattern? Pattern { get; } = pattern;

    /// <summary>The place of a TX variable known when rules are compiled, or -1.</summary>
    public int Slot { get; } = slot;

    /// <summary>
    /// For each TX name known when rules are compiled, whether the pattern names it; empty without a pattern.
    /// </summary>
    public bool[] FittingSlots { get; set; } = [];

    /// <summary>Whether a member of this name is meant.</summary>
    public bool Selects(ReadOnlySpan<byte> memberName, uint memberHash) => Kind switch
    {
        SelectorKind.Name => memberHash == NameHash && Ascii.EqualsIgnoreCase(memberName, Name),
        SelectorKind.Regex => Pattern!.IsMatch(memberName),
        _ => true,
    };
}
