namespace WafOperator.Kubernetes.Authentication;

/// <summary>The configuration that says how to reach a cluster is missing or cannot be used.</summary>
public sealed class KubeconfigException(string message, Exception? inner = null) : KubernetesException(message, inner);
