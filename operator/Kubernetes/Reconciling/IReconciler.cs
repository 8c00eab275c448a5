using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Reconciling;

/// <summary>
/// Makes the world equal to what one object says. Called with a name only, any number of times; an exception means
/// "again, later", <see cref="TerminalReconcileException"/> "not before something changes".
/// </summary>
public interface IReconciler
{
    ValueTask<ReconcileResult> ReconcileAsync(NamespacedName key, CancellationToken cancellationToken);
}
