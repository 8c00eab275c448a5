using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Pools;

/// <summary>
/// What dashboards and alerts need of pools: where they are on their ladder, replicas, queue delay, steps.
/// </summary>
public sealed class PoolMetrics : IDisposable
{
    public const string MeterName = "WafOperator.Pools";

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<NamespacedName, PoolFigures> _pools = new();
    private readonly Counter<long> _steps;
    private readonly Counter<long> _scalings;

    public PoolMetrics()
    {
        _steps = _meter.CreateCounter<long>(
            "waf_operator_pool_ladder_steps", null, "Steps of pools on their ladder, by kind");
        _scalings = _meter.CreateCounter<long>(
            "waf_operator_pool_scalings", null, "Changes of replicas by queue delay, by direction");
        Gauge("waf_operator_pool_rung", "Rung that receives requests, 0 is the best; -1 while none does", f => f.Rung);
        Gauge("waf_operator_pool_replicas_desired", "Replicas that are wanted", f => f.Desired);
        Gauge("waf_operator_pool_replicas_ready", "Replicas that receive requests", f => f.Ready);
        Gauge("waf_operator_pool_queue_delay_seconds", "Queue delay of the slowest replica, 95th percentile",
            f => f.QueueDelay);
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>Another replica leads from now on, and its figures are the true ones.</summary>
    public void Clear() => _pools.Clear();

    internal void Set(NamespacedName pool, PoolFigures figures) => _pools[pool] = figures;

    internal void Forget(NamespacedName pool) => _pools.TryRemove(pool, out _);

    internal void Stepped(NamespacedName pool, LadderStepKind kind) =>
        _steps.Add(1, [.. Tags(pool), new("kind", kind.ToString())]);

    internal void Scaled(NamespacedName pool, bool up) =>
        _scalings.Add(1, [.. Tags(pool), new("direction", up ? "up" : "down")]);

    private void Gauge(string name, string description, Func<PoolFigures, double> figure) =>
        _meter.CreateObservableGauge(
        name, () => _pools.Select(p => new Measurement<double>(figure(p.Value), Tags(p.Key))), null, description);

    private static KeyValuePair<string, object?>[] Tags(NamespacedName pool) =>
        [new("namespace", pool.Namespace), new("pool", pool.Name)];
}

/// <summary>The figures of one pool.</summary>
internal sealed record PoolFigures(int Rung, int Desired, int Ready, double QueueDelay);
