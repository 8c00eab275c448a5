namespace WafOperator.Proxy.Models.Pool;

/// <summary>How asking a pool ended; each has a counter.</summary>
internal enum PoolOutcome
{
    /// <summary>The first request was answered.</summary>
    Answered,

    /// <summary>The second request was answered first.</summary>
    HedgeAnswered,

    /// <summary>The policy's latency budget ended first.</summary>
    TimedOut,

    /// <summary>The pool could not be reached, or answered that it cannot.</summary>
    Failed,

    /// <summary>The pool has no such package, or will not answer this request.</summary>
    Refused,

    /// <summary>Nothing was sent: the pool failed too often a moment ago.</summary>
    CircuitOpen,
}
