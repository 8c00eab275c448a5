using System.Globalization;
using WafOperator.Resources.Models;
using WafOperator.Resources.Quantities;
using WafOperator.Rollouts.Judging;

namespace WafOperator.Rollouts.Machine;

/// <summary>
/// The next state of a rollout (pure). All that is needed to go on stands in the status, so an operator that dies at
/// any point leaves a rollout that the next one continues; a state is entered by one write, so nothing is done twice.
/// Terminal states are never left.
/// </summary>
public static class RolloutMachine
{
    private const int HistoryMax = 50;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    /// <summary>Policies are not what wakes a rollout; they are looked at again by then.</summary>
    private static readonly TimeSpan Approval = TimeSpan.FromSeconds(10);

    /// <summary>True for phases that traffic or resources are spent on.</summary>
    public static bool IsUnderWay(ModelPhase phase) =>
        phase is ModelPhase.Verifying or ModelPhase.Evaluating or ModelPhase.Shadow or ModelPhase.Canary;

    /// <summary>True for phases that end a rollout.</summary>
    public static bool IsTerminal(ModelPhase phase) =>
        phase is ModelPhase.RolledBack or ModelPhase.Superseded or ModelPhase.Failed;

    /// <summary>The next state.</summary>
    public static RolloutTransition Next(RolloutInputs inputs)
    {
        var phase = inputs.Status.Phase;
        // Terminal for good; that the spec was looked at is still said, or tools would wait for it for ever.
        if (IsTerminal(phase))
            return new(inputs.Status with { ObservedGeneration = inputs.Generation }, null);
        if (inputs.Spec.Abort) return RollBack(inputs, "aborted by spec.abort");
        return phase switch
        {
            ModelPhase.Pending => Pending(inputs),
            ModelPhase.Verifying => Verifying(inputs),
            ModelPhase.Evaluating => Evaluating(inputs),
            ModelPhase.Shadow => Shadow(inputs),
            ModelPhase.Canary => Canary(inputs),
            _ => new(inputs.Status with { ObservedGeneration = inputs.Generation }, null),
        };
    }

    /// <summary>The status of a version whose place another one took.</summary>
    public static ModelVersionStatus Supersede(ModelVersionStatus status, string by, DateTimeOffset now) =>
        Enter(status, ModelPhase.Superseded, now, $"superseded by {by}") with { Weight = 0 };

    /// <summary>The status of a superseded version that is taken back, because its successor was rolled back.</summary>
    public static ModelVersionStatus Restore(ModelVersionStatus status, string from, DateTimeOffset now) =>
        Enter(status, ModelPhase.Promoted, now, $"restored: {from} was rolled back") with { Weight = 100 };

    private static RolloutTransition Pending(RolloutInputs inputs)
    {
        if (inputs.RejectedBefore is { } before) return Fail(inputs, $"this package was refused before: {before}");
        if (inputs.Spec.Suspend) return Hold(inputs, "suspended");
        return inputs.IsFirstInLine
            ? Go(inputs, ModelPhase.Verifying, "verifying the package")
            : Hold(inputs, $"waits for {inputs.WaitsFor ?? "another rollout"} of the same model");
    }

    private static RolloutTransition Verifying(RolloutInputs inputs) => inputs.Verification.Outcome switch
    {
        StageOutcome.Succeeded when !inputs.Spec.Suspend =>
            Go(inputs, ModelPhase.Evaluating, "package verified; evaluating on its corpus"),
        StageOutcome.Failed => Fail(inputs, inputs.Verification.Message ?? "the package could not be verified"),
        _ => Hold(inputs, inputs.Verification.Message ?? "fetching and verifying the package", Soon),
    };

    private static RolloutTransition Evaluating(RolloutInputs inputs)
    {
        switch (inputs.Evaluation.Outcome)
        {
            case StageOutcome.Failed:
                return Fail(inputs, inputs.Evaluation.Message ?? "the evaluation failed");
            case StageOutcome.Succeeded when inputs.Spec.Suspend:
                return Hold(inputs, "suspended after evaluation");
            // There is no version to compare it with, and its own corpus says nothing of the site's traffic.
            case StageOutcome.Succeeded when inputs is { Promoted: null, EnforcedBy.Count: > 0, ApprovedStep: < 1 }:
                return WaitForApproval(inputs);
            case StageOutcome.Succeeded when inputs.Promoted is null:
                return Promote(inputs,
                    $"first version of {inputs.Spec.Model}: promoted by its evaluation ({inputs.Evaluation.Message})");
            case StageOutcome.Succeeded:
                return EnterStep(inputs, ModelPhase.Shadow, 0, 0,
                    $"evaluated ({inputs.Evaluation.Message}); in shadow beside {inputs.Promoted.Version}");
            default:
                return Hold(inputs, inputs.Evaluation.Message ?? "evaluating", Soon);
        }
    }

    private static RolloutTransition WaitForApproval(RolloutInputs inputs)
    {
        var message = $"first version of {inputs.Spec.Model}: evaluated ({inputs.Evaluation.Message}), and waits for "
            + $"approval, since WafPolicy {string.Join(", ", inputs.EnforcedBy.Take(5))} enforces what it says: set ml.mode "
            + "to Detect there and watch it first, or annotate with wafoperator.dev/approve-step=1";
        return Hold(inputs, message, Approval) with { Event = inputs.Status.Message == message ? null : message };
    }

    private static RolloutTransition Shadow(RolloutInputs inputs)
    {
        if (Withdrawn(inputs) is { } withdrawn) return withdrawn;
        var shadow = inputs.Spec.Rollout?.Shadow ?? new ShadowSpec();
        var look = Look(inputs, shadow.MinimumSamples);
        if (look.Judgement.Verdict is RolloutVerdict.Fail) return RollBack(inputs, look.Judgement.Reason, look);
        var isLongEnough = inputs.Now - Began(inputs) >= DurationText.Parse(shadow.Duration);
        var isEnough = inputs.Samples.Pairs >= shadow.MinimumSamples;
        if (inputs.Spec.Suspend) return Watch(inputs, look, "suspended in shadow");
        if (isLongEnough && isEnough) return NextStep(inputs, look, 0);
        // The shadow ends with its time and samples; it takes no verdict but a failure.
        var missing = Math.Max(0, shadow.MinimumSamples - inputs.Samples.Pairs);
        var seen = look with { Judgement = look.Judgement with { MorePairs = missing } };
        return Watch(inputs, seen, $"in shadow: {look.Judgement.Reason}",
            Began(inputs) + DurationText.Parse(shadow.Duration));
    }

    private static RolloutTransition Canary(RolloutInputs inputs)
    {
        if (Withdrawn(inputs) is { } withdrawn) return withdrawn;
        var analysis = inputs.Spec.Rollout?.Analysis ?? new AnalysisSpec();
        var look = Look(inputs, analysis.MinimumSamples);
        if (look.Judgement.Verdict is RolloutVerdict.Fail) return RollBack(inputs, look.Judgement.Reason, look);
        if (inputs.Spec.Suspend) return Watch(inputs, look, $"suspended at {inputs.Status.Weight} %");
        if (look.Judgement.Verdict is RolloutVerdict.Pass) return NextStep(inputs, look, inputs.Status.Step + 1);
        if (inputs.Now - Began(inputs) < DurationText.Parse(analysis.Timeout))
            return Watch(inputs, look, $"at {inputs.Status.Weight} %: {look.Judgement.Reason}");
        return analysis.OnInconclusive switch
        {
            InconclusiveAction.Promote =>
                Promote(inputs, $"no verdict within {analysis.Timeout}; promoted as onInconclusive says", look),
            InconclusiveAction.RollBack =>
                RollBack(inputs, $"no verdict within {analysis.Timeout}: {look.Judgement.Reason}", look),
            _ => Watch(inputs, look, $"no verdict within {analysis.Timeout}, waiting on: {look.Judgement.Reason}"),
        };
    }

    /// <summary>What ends a rollout in any stage with traffic.</summary>
    private static RolloutTransition? Withdrawn(RolloutInputs inputs)
    {
        if (inputs.LoadFailure is { } failure) return RollBack(inputs, $"sidecars cannot load it: {failure}");
        // Nothing is said against the package then: it may be tried again under another name.
        return inputs.Promoted is null
            ? Fail(inputs, "the baseline that it was compared with is gone")
            : inputs.Promoted.Digest != inputs.Status.BaselineDigest
                ? Fail(inputs, $"the baseline changed to {inputs.Promoted.Version} during the rollout")
                : null;
    }

    private static RolloutTransition NextStep(RolloutInputs inputs, StepLook look, int step)
    {
        var steps = inputs.Spec.Rollout?.Steps ?? new RolloutSpec().Steps;
        var isLast = step >= steps.Count;
        if (!isLast && steps[step].Manual && inputs.ApprovedStep < step + 1)
            return Watch(inputs, look,
                $"step {step + 1} waits for approval: annotate with wafoperator.dev/approve-step={step + 1}");
        var what = isLast ? "the promotion" : $"step {step + 1}";
        if (inputs.Spec.Rollout?.Webhooks.Count > 0)
        {
            switch (inputs.Webhooks.Outcome)
            {
                case StageOutcome.Failed:
                    return Watch(inputs, look, $"a webhook holds {what}: {inputs.Webhooks.Message}");
                case not StageOutcome.Succeeded:
                    var asking = new StepToEnter(step + 1, isLast ? 100 : steps[step].Weight);
                    return Watch(inputs, look, $"asking webhooks about {what}") with { AsksWebhooks = asking };
            }
        }

        if (isLast) return Promote(inputs, look.Judgement.Reason, look);
        return EnterStep(inputs, ModelPhase.Canary, step, steps[step].Weight,
            $"{steps[step].Weight} % of the clients: {look.Judgement.Reason}", look);
    }

    private static StepLook Look(RolloutInputs inputs, int minimumSamples)
    {
        var analysis = inputs.Spec.Rollout?.Analysis ?? new AnalysisSpec();
        var interval = DurationText.Parse(analysis.Interval);
        var elapsed = inputs.Now - Began(inputs);
        // The number of the look follows from the clock, not from how often somebody called.
        var number = Math.Max(1, (int)(elapsed / interval));
        var settings = new JudgeSettings
        {
            MinimumSamples = minimumSamples,
            RegressionMax = DecimalText.ParseDouble(analysis.MaximumRegressionPercent) / 100,
            Alpha = DecimalText.ParseDouble(analysis.Alpha) / 2,
        };
        var judgement = RolloutJudge.Judge(inputs.Samples, number, settings, inputs.OtherMetrics);
        if (elapsed < interval && judgement.Verdict is RolloutVerdict.Pass)
            judgement = judgement with { Verdict = RolloutVerdict.Inconclusive,
                Reason = $"first look after {analysis.Interval}" };
        return new StepLook(judgement, inputs.Samples, number, elapsed, interval);
    }

    private static RolloutTransition Watch(
        RolloutInputs inputs, StepLook look, string message, DateTimeOffset notBefore = default)
    {
        var rate = look.Elapsed > TimeSpan.Zero ? look.Samples.Pairs / look.Elapsed.TotalSeconds : 0;
        DateTimeOffset? estimate = rate > 0 && look.Judgement.Verdict is RolloutVerdict.Inconclusive
            ? Second(inputs.Now + TimeSpan.FromSeconds(
                Math.Min(look.Judgement.MorePairs / rate, TimeSpan.FromDays(365).TotalSeconds)))
            : null;
        if (estimate < notBefore) estimate = Second(notBefore);
        if (estimate is { } at) message +=
            string.Create(CultureInfo.InvariantCulture, $"; a decision is expected at {at:u}");
        else if (look.Samples.Pairs == 0) message += "; there is no traffic to judge by";
        var status = Measured(inputs.Status, look) with { Message = message, EstimatedDecisionTime = estimate,
            ObservedGeneration = inputs.Generation };
        return new(status, look.Interval < TimeSpan.FromSeconds(5) ? look.Interval : TimeSpan.FromSeconds(5));
    }

    private static RolloutTransition EnterStep(
        RolloutInputs inputs, ModelPhase phase, int step, int weight, string message, StepLook? look = null)
    {
        var from = look is null ? inputs.Status : Measured(inputs.Status, look);
        var status = Enter(from, phase, inputs.Now, message) with
        {
            Step = step,
            StepStartedAt = Second(inputs.Now),
            Weight = weight,
            Samples = 0,
            Looks = 0,
            Verdict = RolloutVerdict.Inconclusive,
            Baseline = inputs.Promoted?.Version,
            BaselineDigest = inputs.Promoted?.Digest,
            Counters = RolloutExposure.Of(from).EndStep().ToCounters(),
            ObservedGeneration = inputs.Generation,
        };
        return new(status, Soon, message);
    }

    private static RolloutTransition Promote(RolloutInputs inputs, string reason, StepLook? look = null)
    {
        var from = look is null ? inputs.Status : Measured(inputs.Status, look);
        var status = Enter(from, ModelPhase.Promoted, inputs.Now, $"promoted: {reason}") with
        {
            Weight = 100, Verdict = RolloutVerdict.Pass, EstimatedDecisionTime = null,
                ObservedGeneration = inputs.Generation,
        };
        return new(status, null, status.Message);
    }

    private static RolloutTransition RollBack(RolloutInputs inputs, string reason, StepLook? look = null)
    {
        var from = look is null ? inputs.Status : Measured(inputs.Status, look);
        var status = Enter(from, ModelPhase.RolledBack, inputs.Now,
            $"rolled back: {reason}{RolloutExposure.Of(from).Words}") with
        {
            Weight = 0, Verdict = RolloutVerdict.Fail, EstimatedDecisionTime = null,
                ObservedGeneration = inputs.Generation,
        };
        return new(status, null, status.Message);
    }

    private static RolloutTransition Fail(RolloutInputs inputs, string reason)
    {
        var status = Enter(inputs.Status, ModelPhase.Failed, inputs.Now, reason) with
        {
            Weight = 0, Verdict = RolloutVerdict.Fail, ObservedGeneration = inputs.Generation,
        };
        return new(status, null, status.Message);
    }

    private static RolloutTransition Go(RolloutInputs inputs, ModelPhase phase, string message) =>
        new(Enter(inputs.Status, phase, inputs.Now, message) with { ObservedGeneration = inputs.Generation }, Soon,
            message);

    private static RolloutTransition Hold(RolloutInputs inputs, string message, TimeSpan? lookAgain = null) =>
        new(inputs.Status with { Message = message, ObservedGeneration = inputs.Generation }, lookAgain);

    private static ModelVersionStatus Measured(ModelVersionStatus status, StepLook look) => status with
    {
        Samples = look.Samples.Pairs,
        Looks = look.Number,
        Verdict = look.Judgement.Verdict,
        Metrics = [.. look.Judgement.Metrics.Select(MetricOf)],
        Counters = RolloutExposure.Of(status).With(look.Samples).ToCounters(),
    };

    private static RolloutMetricStatus MetricOf(MetricJudgement m) => new()
    {
        Name = m.Name, Baseline = Text(m.Baseline), Candidate = Text(m.Candidate),
            Bound = $"{Text(m.Lower)}..{Text(m.Upper)}",
        Threshold = Text(m.Threshold), Verdict = m.Verdict,
    };

    private static ModelVersionStatus Enter(
        ModelVersionStatus status, ModelPhase phase, DateTimeOffset now, string message)
    {
        var entry = new RolloutHistoryEntry { Time = Second(now), Phase = phase,
            Message = message.Length <= 1_000 ? message : message[..1_000] };
        return status with
        {
            Phase = phase,
            PhaseStartedAt = phase == status.Phase ? status.PhaseStartedAt : Second(now),
            Message = message,
            History = [.. status.History.Append(entry).TakeLast(HistoryMax)],
        };
    }

    private static DateTimeOffset Began(RolloutInputs inputs) => inputs.Status.StepStartedAt ?? inputs.Now;

    private static DateTimeOffset Second(DateTimeOffset time) =>
        new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), time.Offset);

    private static string Text(double number) => number.ToString("0.####", CultureInfo.InvariantCulture);

    private sealed record StepLook(
        Judgement Judgement, RolloutSamples Samples, int Number, TimeSpan Elapsed, TimeSpan Interval);
}
