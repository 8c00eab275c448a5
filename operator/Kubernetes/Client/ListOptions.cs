namespace WafOperator.Kubernetes.Client;

/// <summary>Which objects a list or watch is about.</summary>
public sealed record ListOptions
{
    public static ListOptions All { get; } = new();

    /// <summary>One namespace, or null for all.</summary>
    public string? Namespace { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Options for one namespace.</summary>
    public static ListOptions In(string ns) => new() { Namespace = ns };
}
