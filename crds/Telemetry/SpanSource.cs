using System.Diagnostics;

namespace WafOperator.Telemetry;

/// <summary>
/// Where spans of one part of a program begin. Costs one comparison while traces are off. Thread-safe.
/// </summary>
/// <param name="name">Name of the instrumentation scope.</param>
public sealed class SpanSource(string name) : IDisposable
{
    private readonly ActivitySource _source = new(name);
    private volatile TraceSampler? _sampler;

    /// <summary>Name of the instrumentation scope.</summary>
    public string Name => _source.Name;

    /// <summary>Something takes spans.</summary>
    public bool IsOn => _sampler is not null;

    /// <summary>
    /// Begins a trace, or takes part in the caller's; null: this one is not traced. The caller of this method ends it.
    /// </summary>
    /// <param name="name">What is done, out of a fixed list.</param>
    /// <param name="kind">Server for requests of others.</param>
    /// <param name="caller">The caller's span; default for none.</param>
    public Activity? Begin(string name, ActivityKind kind = ActivityKind.Internal, ActivityContext caller = default)
    {
        if (_sampler is not { } sampler) return null;
        if (!sampler.Takes(caller.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))) return null;
        // A root of its own, whatever flows along with the work: queues hand on what happened to wake them.
        if (caller == default) Activity.Current = null;
        return _source.StartActivity(name, kind, caller);
    }

    /// <summary>A span that is over, in a trace that several processes write to: always taken.</summary>
    /// <param name="name">What was done, out of a fixed list.</param>
    /// <param name="parent">Trace and parent.</param>
    /// <param name="began">When it began; it ends now.</param>
    public Activity? Past(string name, ActivityContext parent, DateTimeOffset began) => _sampler is null ? null
        : _source.StartActivity(name, ActivityKind.Internal, parent, startTime: began);

    public void Dispose() => _source.Dispose();

    internal void Use(TraceSampler? sampler) => _sampler = sampler;
}
