namespace WafOperator.Protocols.Policies;

/// <summary>
/// A field of bodies whose texts are code (editor, console): attacks of its families are noted in them, and refuse
/// nothing.
/// </summary>
public sealed record CodeField
{
    /// <summary>Path, decoded; a trailing <c>*</c> matches any rest.</summary>
    public required string Path { get; init; }

    /// <summary>Name; <c>array_*</c> stands for any item of a JSON array, a trailing <c>*</c> for any rest.</summary>
    public required string Name { get; init; }

    /// <summary>Attack families as models name them.</summary>
    public IReadOnlyList<string> Families { get; init; } = [];

    /// <summary>Tags of the rules that look for the same families.</summary>
    public IReadOnlyList<string> RuleTags { get; init; } = [];

    /// <summary>How events and metrics name the field: path and name, apart by a blank.</summary>
    public string Label => $"{Path} {Name}";
}
