using WafOperator.Rollouts.Statistics;

namespace WafOperator.Rollouts.Training;

/// <summary>Attacks that were looked for and those that were found.</summary>
public readonly record struct DetectionCount(long Found, long Total);

/// <summary>What was measured since the last run, and what was so when it began.</summary>
public sealed record TrainingSignals
{
    /// <summary>Confirmed attacks while the version in force was approved.</summary>
    public DetectionCount Approved { get; init; }

    /// <summary>Confirmed attacks of late.</summary>
    public DetectionCount Recent { get; init; }

    /// <summary>
    /// Digest of the rules in force, and the one of the last run; empty: not known, which changes nothing.
    /// </summary>
    public string RulesDigest { get; init; } = "";
    public string RulesDigestBefore { get; init; } = "";

    /// <summary>The same of the sets that candidates are judged on.</summary>
    public string CorpusDigest { get; init; } = "";
    public string CorpusDigestBefore { get; init; } = "";

    /// <summary>Somebody says that traffic has moved away from what the model knows.</summary>
    public bool HasDrifted { get; init; }
}

/// <summary>What the signals ask for.</summary>
/// <param name="Causes">Reasons to train.</param>
/// <param name="AsksForLabels">People are asked; nothing is trained for it.</param>
/// <param name="Message">For people; empty: nothing to say.</param>
public sealed record TriggerVerdict(IReadOnlyList<TrainingCause> Causes, bool AsksForLabels, string Message);

/// <summary>
/// Which signals are a reason to train. Drift never is by itself: it says that traffic is new, not what is right about
/// it, and traffic is what an attacker can make. Pure.
/// </summary>
public static class TrainingTriggers
{
    /// <summary>Share of attacks that may be lost before it is a reason: two points.</summary>
    public const double FallMax = 0.02;

    /// <summary>One-sided level of the bound that has to show it.</summary>
    private const double Level = 0.025;

    /// <summary>Evaluates them.</summary>
    public static TriggerVerdict Evaluate(TrainingSignals signals)
    {
        var causes = new List<TrainingCause>();
        var words = new List<string>();
        var missed = new RateDifference(
            Missed(signals.Recent), signals.Recent.Total, Missed(signals.Approved), signals.Approved.Total);
        var fall = missed.Bounds(Normal.Quantile(Level)).Lower;
        if (fall > FallMax)
        {
            causes.Add(TrainingCause.DetectionFell);
            words.Add($"detection fell by {100 * missed.Estimate:0.0} points, surely by {100 * fall:0.0}");
        }

        if (Changed(signals.RulesDigestBefore, signals.RulesDigest)) causes.Add(TrainingCause.RulesChanged);
        if (Changed(signals.CorpusDigestBefore, signals.CorpusDigest)) causes.Add(TrainingCause.CorpusChanged);
        if (signals.HasDrifted) words.Add("traffic has drifted: label some of it; drift alone trains nothing");
        return new(causes, signals.HasDrifted, string.Join("; ", words));
    }

    private static long Missed(DetectionCount count) => count.Total - count.Found;

    private static bool Changed(string before, string now) => before.Length > 0 && now.Length > 0 && before != now;
}
