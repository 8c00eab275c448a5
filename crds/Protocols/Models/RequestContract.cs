namespace WafOperator.Protocols.Models;

/// <summary>
/// What a network that reads whole requests takes and gives, and what its manifest has to say of it (pure): rows of
/// tokens in; of each row the log-odds of an attack, the width of that answer, and a score for each family and type.
/// </summary>
public static class RequestContract
{
    /// <summary>The kind of such packages.</summary>
    public const string Kind = "request-transformer";

    /// <summary>Tokens of a row, at least and at most.</summary>
    public const int RowTokensMin = 32;

    /// <summary>Tokens of a row, at least and at most.</summary>
    public const int RowTokensMax = 512;

    /// <summary>Families, or types, at most.</summary>
    public const int NamesMax = 128;

    /// <summary>Characters of a family's or type's name at most: events hold no longer ones.</summary>
    public const int NameLengthMax = 32;

    /// <summary>The outputs that are read, in their order.</summary>
    public static IReadOnlyList<string> Outputs { get; } = ["logit", "uncertainty", "families", "types"];

    /// <summary>Null when manifest and network are as this kind needs them; else what is wrong first.</summary>
    public static string? Problem(
        ModelManifest manifest, IReadOnlyList<NetworkTensor> inputs, IReadOnlyList<NetworkTensor> outputs)
    {
        if (Problem(manifest) is { } problem) return problem;
        if (inputs is not [{ ElementType: "int64", Shape: [-1, -1] }])
            return $"a package of kind '{Kind}' has one input, tokens of int64 and of shape [-1, -1]";
        long[][] shapes = [[-1], [-1], [-1, manifest.Families.Count], [-1, manifest.Types.Count]];
        for (var i = 0; i < Outputs.Count; i++)
        {
            var output = outputs.FirstOrDefault(o => o.Name == Outputs[i]);
            if (output is not { ElementType: "float32", Shape: { } shape } || !shape.SequenceEqual(shapes[i]))
            {
                return $"a package of kind '{Kind}' has the output '{Outputs[i]}', float32 of shape "
                    + $"[{string.Join(", ", shapes[i])}]";
            }

            if (manifest.Outputs.All(declared => declared.Name != Outputs[i]))
                return $"the manifest does not declare the output '{Outputs[i]}'";
        }

        return null;
    }

    /// <summary>Null when the manifest says what this kind needs of it; else what is wrong first.</summary>
    public static string? Problem(ModelManifest manifest) => manifest.RowTokens is < RowTokensMin or > RowTokensMax
        ? $"rows of {manifest.RowTokens} tokens; {RowTokensMin} to {RowTokensMax} are read"
        : NameProblem(manifest);

    /// <summary>The likeliest family, and of its types the likeliest; -1 for a family without types.</summary>
    public static (int Family, int Type) Likeliest(
        ModelManifest manifest, ReadOnlySpan<float> families, ReadOnlySpan<float> types)
    {
        var family = 0;
        for (var i = 1; i < families.Length; i++)
        {
            if (families[i] > families[family]) family = i;
        }

        var type = -1;
        for (var i = 0; i < types.Length; i++)
        {
            if (IsOf(manifest, i, family) && (type < 0 || types[i] > types[type])) type = i;
        }

        return (family, type);
    }

    /// <summary>The type of this number is one of the family.</summary>
    public static bool IsOf(ModelManifest manifest, int type, int family) =>
        FamilyOf(manifest.Types[type]).SequenceEqual(manifest.Families[family]);

    /// <summary>The family that a type is of: what stands before its slash.</summary>
    public static ReadOnlySpan<char> FamilyOf(string type) => type.AsSpan(0, Math.Max(0, type.IndexOf('/')));

    private static string? NameProblem(ModelManifest manifest)
    {
        foreach (var (names, what) in new[] { (manifest.Families, "families"), (manifest.Types, "types") })
        {
            if (names.Count is 0 or > NamesMax) return $"{names.Count} {what}; 1 to {NamesMax} are read";
            if (names.Distinct(StringComparer.Ordinal).Count() != names.Count) return $"two {what} have one name";
        }

        if (manifest.Families.Any(family => !IsWord(family))) return "a family has no plain name";
        return manifest.Types.Any(type => !IsType(type, manifest.Families)) ? "a type is not named family/type" : null;
    }

    private static bool IsType(string type, IReadOnlyList<string> families) =>
        type is not null && type.Length <= NameLengthMax && type.Split('/') is [var family, var name]
        && families.Contains(family, StringComparer.Ordinal) && IsWord(name);

    private static bool IsWord(string? name) =>
        name is { Length: > 0 and <= NameLengthMax } && name.All(c => char.IsAsciiLetterLower(c)
            || char.IsAsciiDigit(c) || c == '-');
}
