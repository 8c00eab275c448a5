namespace WafOperator.Kubernetes.Client;

/// <summary>Whether a write is stored.</summary>
public enum WriteMode
{
    Store,

    /// <summary>Admission and validation run, nothing is stored.</summary>
    DryRun,
}
