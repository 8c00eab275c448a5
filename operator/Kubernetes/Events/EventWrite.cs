namespace WafOperator.Kubernetes.Events;

/// <summary>One write: a new event when <paramref name="ExistingName"/> is null, else a higher count.</summary>
internal sealed record EventWrite(EventNote Note, string? ExistingName, int Count);
