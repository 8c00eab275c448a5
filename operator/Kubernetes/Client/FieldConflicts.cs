namespace WafOperator.Kubernetes.Client;

/// <summary>What happens when another field manager owns a field with another value.</summary>
public enum FieldConflicts
{
    /// <summary>Take the field over.</summary>
    TakeOver,

    /// <summary>Refuse with a conflict.</summary>
    Refuse,
}
