namespace WafOperator.Kubernetes.Client;

/// <summary>One cause of a refusal: a stable reason, the field it is about (may be empty) and a sentence.</summary>
public sealed record ApiStatusCause(string Reason, string Field, string Message);
