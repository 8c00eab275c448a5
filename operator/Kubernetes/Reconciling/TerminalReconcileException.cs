namespace WafOperator.Kubernetes.Reconciling;

/// <summary>Trying again will not help: the key rests until an informer reports a change.</summary>
public sealed class TerminalReconcileException(string message, Exception? inner = null) : Exception(message, inner);
