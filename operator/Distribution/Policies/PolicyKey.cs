namespace WafOperator.Distribution.Policies;

/// <summary>Names a policy.</summary>
public readonly record struct PolicyKey(string Namespace, string Name)
{
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>A policy document as it travels.</summary>
/// <param name="Revision">Revision inside the document.</param>
/// <param name="Json">The document, UTF-8.</param>
public sealed record PublishedPolicy(string Revision, ReadOnlyMemory<byte> Json);
