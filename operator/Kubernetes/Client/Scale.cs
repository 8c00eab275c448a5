namespace WafOperator.Kubernetes.Client;

/// <summary>The scale subresource: how many replicas are wanted and how many there are.</summary>
public sealed record Scale(int SpecReplicas, int StatusReplicas, string Selector, string ResourceVersion);
