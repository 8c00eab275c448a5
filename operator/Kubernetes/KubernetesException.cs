namespace WafOperator.Kubernetes;

/// <summary>
/// Something between this program and the cluster went wrong. The message is one line for a person and names the next
/// step; it never holds a token, key or body.
/// </summary>
public class KubernetesException(string message, Exception? inner = null) : Exception(message, inner);
