namespace WafOperator.Resources.Manifests;

/// <summary>Bounds of what a manifest reader takes from a text that a stranger may have written.</summary>
public sealed record ManifestLimits
{
    /// <summary>Characters of the whole text.</summary>
    public int TextLengthMax { get; init; } = 4 << 20;

    /// <summary>Nesting of lists and objects.</summary>
    public int DepthMax { get; init; } = 64;

    /// <summary>Values in all documents, aliases expanded.</summary>
    public int NodesMax { get; init; } = 200_000;

    /// <summary>Documents in a text.</summary>
    public int DocumentsMax { get; init; } = 256;
}
