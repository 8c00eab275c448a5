using System.Collections.Concurrent;
using WafOperator.Kubernetes.Objects;
using WafOperator.Operator.Metrics;
using WafOperator.Pools;
using WafOperator.Telemetry;

namespace WafOperator.Controllers.Pools;

/// <summary>
/// What dashboards and alerts need of pools: where they are on their ladder, replicas, queue delay, steps.
/// </summary>
public sealed class PoolMetrics
{
    private readonly ConcurrentDictionary<NamespacedName, PoolFigures> _pools = new();

    public PoolMetrics()
    {
        Read(OperatorMetrics.PoolRung, figures => figures.Rung);
        Read(OperatorMetrics.PoolDesired, figures => figures.Desired);
        Read(OperatorMetrics.PoolReady, figures => figures.Ready);
        Read(OperatorMetrics.PoolQueueDelay, figures => figures.QueueDelay);
    }

    /// <summary>Another replica leads from now on, and its figures are the true ones.</summary>
    public void Clear() => _pools.Clear();

    internal void Set(NamespacedName pool, PoolFigures figures) => _pools[pool] = figures;

    internal void Forget(NamespacedName pool) => _pools.TryRemove(pool, out _);

    internal static void Stepped(NamespacedName pool, LadderStepKind kind) =>
        OperatorMetrics.PoolSteps.Of(pool.Namespace ?? "", pool.Name, kind.ToString()).Inc();

    internal static void Scaled(NamespacedName pool, bool up) =>
        OperatorMetrics.PoolScalings.Of(pool.Namespace ?? "", pool.Name, up ? "up" : "down").Inc();

    private void Read(ObservedMetric metric, Func<PoolFigures, double> figure) => metric.From(() =>
        _pools.Select(p => new Sample(figure(p.Value), p.Key.Namespace ?? "", p.Key.Name)));
}

/// <summary>The figures of one pool.</summary>
internal sealed record PoolFigures(int Rung, int Desired, int Ready, double QueueDelay);
