namespace WafOperator.Kubernetes.Client;

/// <summary>
/// No usable answer came: no connection, a TLS failure, a time-out, or an answer that is not Kubernetes.
/// </summary>
public sealed class KubernetesUnreachableException : KubernetesException
{
    internal KubernetesUnreachableException(ApiTarget target, string message, Exception? inner = null)
        : base(message, inner) => Target = target;

    public ApiTarget Target { get; }

    /// <summary>A watch was given up because nothing came through it; nothing says that the server is unwell.</summary>
    public bool IsSilence { get; internal init; }
}
