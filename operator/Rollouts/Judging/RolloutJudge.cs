using System.Globalization;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Models;
using WafOperator.Rollouts.Statistics;

namespace WafOperator.Rollouts.Judging;

/// <summary>
/// Compares a candidate with its baseline from what both did with the same requests (pure).
/// <para>
/// Each metric is a difference d "how much worse", with a limit δ. The candidate passes when the upper bound of d is
/// under δ and fails when the lower bound is over δ/4; between the two lies a zone in which either answer is right,
/// which is what lets both errors be small with finite data. The bounds hold for all looks together (<see
/// cref="AlphaSpending"/>), so looking often costs nothing but evidence.
/// </para>
/// </summary>
public static class RolloutJudge
{
    /// <summary>Judges at a look.</summary>
    /// <param name="samples">Counters since the step began.</param>
    /// <param name="look">Number of the look, from 1.</param>
    /// <param name="settings">Limits.</param>
    /// <param name="others">Further metrics (Prometheus queries), judged already.</param>
    public static Judgement Judge(
        RolloutSamples samples, int look, JudgeSettings settings, IReadOnlyList<MetricJudgement>? others = null)
    {
        var z = Normal.Quantile(AlphaSpending.At(settings.Alpha, look));
        List<MetricJudgement> metrics =
        [
            FalsePositives(samples, z, settings),
            Recall(samples, z, settings),
            Errors(samples, z, settings),
            Latency(samples, z, settings),
            .. others ?? [],
        ];
        return Join(metrics, samples, settings);
    }

    private static MetricJudgement FalsePositives(RolloutSamples s, double z, JudgeSettings settings)
    {
        var pairs = new PairedDifference(s.Pass0C1, s.Pass1C0, s.PassPairs);
        var judged = Paired("false-positives", Share(s.Pass1C0 + s.Pass1C1, s.PassPairs),
            Share(s.Pass0C1 + s.Pass1C1, s.PassPairs), pairs, z, settings);
        return OfAll(judged, s, s.PassPairs);
    }

    private static MetricJudgement Recall(RolloutSamples s, double z, JudgeSettings settings)
    {
        var pairs = new PairedDifference(s.Attack1C0, s.Attack0C1, s.AttackPairs);
        var judged = Paired(
            "recall", Share(s.Attack1C0 + s.Attack1C1, s.AttackPairs), Share(s.Attack0C1 + s.Attack1C1, s.AttackPairs),
                pairs, z, settings);
        // Little attack traffic is neither pass nor fail: the corpus was asked before, and a clear failure still
        // counts.
        return s.AttackPairs < settings.MinimumAttacks && judged.Verdict is not RolloutVerdict.Fail
            ? judged with { Verdict = RolloutVerdict.None, MorePairs = 0 }
            : OfAll(judged, s, s.AttackPairs);
    }

    /// <summary>A metric counts its own kind of pairs; what is missing is said in pairs of all kinds.</summary>
    private static MetricJudgement OfAll(MetricJudgement judged, RolloutSamples s, long own) =>
        judged with { MorePairs = own == 0 ? judged.MorePairs : (long)(judged.MorePairs * ((double)s.Pairs / own)) };

    /// <summary>
    /// Judges what both versions did with requests that people labelled. Few labels are neither pass nor fail.
    /// </summary>
    public static IReadOnlyList<MetricJudgement> Labelled(RolloutSamples labelled, JudgeSettings settings)
    {
        var z = Normal.Quantile(settings.Alpha);
        settings = settings with { MinimumToFail = settings.MinimumToFail / 2 };
        return
        [
            .. new[] { FalsePositives(labelled, z, settings), Recall(labelled, z, settings) }.Select(m => m with
            {
                Name = "feedback-" + m.Name, MorePairs = 0,
                Verdict = m.Verdict is RolloutVerdict.Inconclusive ? RolloutVerdict.None : m.Verdict,
            }),
        ];
    }

    private static MetricJudgement Paired(
        string name, double baseline, double candidate, PairedDifference pairs, double z, JudgeSettings settings)
    {
        var (lower, upper) = pairs.Bounds(z);
        return Decide(name, baseline, candidate, lower, upper, pairs.Total, settings) with
        {
            MorePairs = Missing(pairs, z, settings.RegressionMax, upper),
        };
    }

    private static MetricJudgement Errors(RolloutSamples s, double z, JudgeSettings settings)
    {
        var difference = new RateDifference(
            s.CandidateErrors, Math.Max(s.Pairs, s.CandidateErrors), s.BaselineErrors,
                Math.Max(s.Pairs, s.BaselineErrors));
        var (lower, upper) = difference.Bounds(z);
        return Decide(
            "errors", Share(s.BaselineErrors, s.Pairs), Share(s.CandidateErrors, s.Pairs), lower, upper, s.Pairs,
                settings);
    }

    /// <summary>
    /// Share of values that take more than twice as long as the baseline's slowest twentieth. A share is judged like
    /// every other metric, and unlike a quantile's ratio it does not jump at a bucket's edge.
    /// </summary>
    private static MetricJudgement Latency(RolloutSamples s, double z, JudgeSettings settings)
    {
        long baseline = s.BaselineLatency.Sum(), candidate = s.CandidateLatency.Sum();
        if (baseline == 0 || candidate == 0)
            return new MetricJudgement("latency", 0, 0, -1, 1, settings.RegressionMax, RolloutVerdict.None);
        var from = SlowFrom(s.BaselineLatency, baseline);
        long slowBaseline = s.BaselineLatency.Skip(from).Sum(), slowCandidate = s.CandidateLatency.Skip(from).Sum();
        var (lower, upper) = new RateDifference(slowCandidate, candidate, slowBaseline, baseline).Bounds(z);
        return Decide("latency", Share(slowBaseline, baseline), Share(slowCandidate, candidate), lower, upper,
            Math.Min(baseline, candidate), settings);
    }

    /// <summary>
    /// First bucket that holds only values over twice the upper bound of the baseline's 95th percentile.
    /// </summary>
    private static int SlowFrom(IReadOnlyList<long> baseline, long total)
    {
        long seen = 0;
        var bucket = 0;
        while (bucket < baseline.Count - 1 && (seen += baseline[bucket]) < total * 0.95) bucket++;
        var bounds = RolloutCounters.LatencyBuckets;
        if (bucket >= bounds.Count) return bounds.Count;
        var limit = bounds[bucket] * 2;
        var from = bucket + 1;
        while (from < bounds.Count && bounds[from - 1] < limit) from++;
        return from;
    }

    private static MetricJudgement Decide(
        string name, double baseline, double candidate, double lower, double upper, long seen, JudgeSettings settings)
    {
        var verdict = lower > settings.RegressionMax / 4 && seen >= settings.MinimumToFail ? RolloutVerdict.Fail
            : upper < settings.RegressionMax ? RolloutVerdict.Pass
            : RolloutVerdict.Inconclusive;
        return new MetricJudgement(name, baseline, candidate, lower, upper, settings.RegressionMax, verdict);
    }

    /// <summary>Pairs until the upper bound falls under the limit, if what was seen goes on.</summary>
    private static long Missing(PairedDifference pairs, double z, double limit, double upper)
    {
        if (upper < limit) return 0;
        var room = limit - pairs.Estimate;
        if (pairs.Total == 0 || room <= 0) return pairs.Total == 0 ? (long)(z * z / limit) : pairs.Total;
        // Few pairs say little about how often the versions differ: as if a quarter of the limit had been seen before.
        var before = 4 / limit;
        var discordant = Math.Max(
            (pairs.CandidateOnly + pairs.BaselineOnly + 1) / (pairs.Total + before), limit / 4);
        return Math.Max(0, (long)Math.Ceiling(z * z * discordant / (room * room)) - pairs.Total);
    }

    private static Judgement Join(List<MetricJudgement> metrics, RolloutSamples samples, JudgeSettings settings)
    {
        var failed = metrics.FirstOrDefault(m => m.Verdict is RolloutVerdict.Fail);
        if (failed is not null) return new(RolloutVerdict.Fail, metrics, Words(failed), 0);
        var toMinimum = Math.Max(0, settings.MinimumSamples - samples.Pairs);
        if (toMinimum > 0)
        {
            return new(RolloutVerdict.Inconclusive, metrics,
                $"{samples.Pairs} of {settings.MinimumSamples} paired samples seen",
                    Math.Max(toMinimum, metrics.Max(m => m.MorePairs)));
        }

        var open = metrics.FirstOrDefault(m => m.Verdict is RolloutVerdict.Inconclusive);
        return open is null
            ? new(RolloutVerdict.Pass, metrics,
                $"no metric is more than {Percent(settings.RegressionMax)} worse over {samples.Pairs} paired samples",
                0)
            : new(RolloutVerdict.Inconclusive, metrics, $"{open.Name} is not decided: " + Words(open),
                Math.Max(1, open.MorePairs));
    }

    private static string Words(MetricJudgement m) => string.Create(
        CultureInfo.InvariantCulture,
        $"{m.Name}: baseline {m.Baseline:0.0000}, candidate {m.Candidate:0.0000}, worse by {Percent(m.Lower)} to {Percent(m.Upper)} (limit {Percent(m.Threshold)})");

    private static string Percent(double share) =>
        (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + " points";

    private static double Share(long hits, long total) => total == 0 ? 0 : (double)hits / total;
}
