namespace WafOperator.Scoring;

/// <summary>
/// Why models did not look at the whole of a request. A score with a gap is the score of what was seen: it may refuse a
/// request, and it is no reason to let one pass.
/// </summary>
[Flags]
public enum ModelGaps
{
    /// <summary>Everything was looked at by every model that the policy names.</summary>
    None = 0,

    /// <summary>The request needs more work than the policy's budget allows.</summary>
    Budget = 1 << 0,

    /// <summary>The request has more parts than are scored.</summary>
    Parts = 1 << 1,

    /// <summary>A model is still being loaded.</summary>
    Cold = 1 << 2,

    /// <summary>A model cannot be had, was refused, or failed on the request.</summary>
    Missing = 1 << 3,

    /// <summary>
    /// A value is longer than what is read of it, or the request has more rows than a model of whole requests read.
    /// </summary>
    Window = 1 << 4,

    /// <summary>A pool did not answer; models in the sidecar did.</summary>
    Pool = 1 << 5,
}
