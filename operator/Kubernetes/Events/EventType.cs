namespace WafOperator.Kubernetes.Events;

/// <summary>The two types of Kubernetes events.</summary>
public enum EventType
{
    Normal,

    /// <summary>Somebody should look at it.</summary>
    Warning,
}
