namespace WafOperator.Kubernetes.Client;

/// <summary>Which part of a container's log is read.</summary>
public sealed record LogOptions
{
    /// <summary>The container.</summary>
    public required string Container { get; init; }

    /// <summary>Go on with what is written from now on, until the caller ends it.</summary>
    public bool Follow { get; init; }

    /// <summary>Only the last so many lines; null for all that are kept.</summary>
    public int? TailLines { get; init; }

    /// <summary>Only what is younger; null for all.</summary>
    public TimeSpan? Since { get; init; }

    /// <summary>The container before its last restart.</summary>
    public bool Previous { get; init; }
}
