namespace WafOperator.Pools;

/// <summary>
/// The ladder of a pool (pure): which rung receives requests, and which is tried beside it. A rung gets requests only
/// after its pods are ready and its scores agree with the golden vectors; the one before goes on until then. Down when
/// no pod of the rung can run for a set time; up when capacity for it was seen, with waits that double after each try
/// that failed, so that it never flaps.
/// </summary>
public static class PoolLadder
{
    /// <summary>How long the rung that was left stays after requests went to another: proxies take a moment.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromSeconds(10);

    /// <summary>A better rung that is not ready by then is given up.</summary>
    public static readonly TimeSpan TryMax = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(5);
    private const int DoublingsMax = 3;

    /// <summary>
    /// Whether this call needs <see cref="LadderInputs.FreeSlots"/>, which costs two lists to find out.
    /// </summary>
    public static bool WantsCapacity(LadderInputs inputs)
    {
        var state = Within(inputs.State, inputs.Rungs);
        if (inputs.Wanted == 0 || inputs.Now < RetryAt(state, inputs)) return false;
        return state is { Serving: > 0, Trying: null } || IsAtTheEnd(state, inputs);
    }

    /// <summary>What comes next.</summary>
    public static LadderDecision Next(LadderInputs inputs)
    {
        var steps = new List<LadderStep>();
        var state = Within(inputs.State, inputs.Rungs);
        if (inputs.Wanted == 0)
            state = state.Serving is null ? state : state with { Trying = null, TryingSince = null, InPlace = false };
        else if (state.Serving is null && state.Trying is null)
            state = Try(state, FirstAllowed(inputs) ?? 0, inputs);
        else if (state.Trying is { } trying)
            state = WhileTrying(state, trying, inputs, steps);
        else
            state = WhileServing(state, state.Serving!.Value, inputs, steps);
        return Decide(state, inputs, steps);
    }

    private static LadderState WhileTrying(LadderState state, int trying, LadderInputs inputs, List<LadderStep> steps)
    {
        var seen = inputs.Of(trying);
        var isClimbing = state.Serving > trying;
        if (inputs.Refused.Contains(trying))
            return GoOn(
                state, trying, inputs, steps, LadderStepKind.Refused, "its scores differ from the golden vectors");
        if (inputs.ParityOfTrying == true && seen.Ready >= ReadyWanted(state, isClimbing, inputs))
            return Take(state, trying, inputs, steps);
        if (!isClimbing && state.Serving is { } serving && HasRecovered(inputs.Of(serving)))
        {
            steps.Add(new(LadderStepKind.Recovered, serving, "its pods run again"));
            return state with { Trying = null, TryingSince = null };
        }

        var obstacle = isClimbing
            ? seen.ObstacleAfter(inputs, state.TryingSince)
            : seen.StandstillAfter(inputs, state.TryingSince);
        if (isClimbing && obstacle is null && inputs.Now - state.TryingSince >= TryMax)
            obstacle = $"it was not ready within {TryMax.TotalMinutes} minutes";
        if (obstacle is not null) return GoOn(state, trying, inputs, steps, LadderStepKind.Unavailable, obstacle);
        return state;
    }

    private static LadderState WhileServing(LadderState state, int serving, LadderInputs inputs, List<LadderStep> steps)
    {
        var seen = inputs.Of(serving);
        if (state.InPlace && !seen.IsRolling) state = state with { InPlace = false };
        if (seen.StandstillAfter(inputs) is { } standstill && NextBelow(serving, inputs) is { } below)
        {
            steps.Add(new(LadderStepKind.Leaving, serving, standstill));
            return Try(state, below, inputs);
        }

        if (seen is { IsRolling: true, Ready: > 0 } && !state.InPlace && seen.UnschedulableFor(inputs) is { } fit)
            return WithoutSurge(state, serving, fit, inputs, steps);
        return WantsCapacity(inputs) ? Climb(state, serving, inputs, steps) : state;
    }

    /// <summary>
    /// The new pods find no accelerator while the old ones hold them all. With several replicas they are replaced one
    /// by one; a single one is stood in for by the next rung.
    /// </summary>
    private static LadderState WithoutSurge(
        LadderState state, int serving, string obstacle, LadderInputs inputs, List<LadderStep> steps)
    {
        steps.Add(new(LadderStepKind.ExactFit, serving, obstacle));
        return inputs.Wanted == 1 && NextBelow(serving, inputs) is { } standIn
            ? Try(state, standIn, inputs)
            : state with { InPlace = true };
    }

    private static LadderState Climb(LadderState state, int below, LadderInputs inputs, List<LadderStep> steps)
    {
        state = state with { LastRetryAt = inputs.Now };
        for (var rung = 0; rung < below; rung++)
        {
            if (inputs.Refused.Contains(rung) || inputs.SlotsOf(rung) < inputs.ClimbWanted) continue;
            steps.Add(new(LadderStepKind.Trying, rung, $"there is room for {inputs.SlotsOf(rung)} pods"));
            return Try(state, rung, inputs);
        }

        return state;
    }

    /// <summary>Nothing comes of the rung that is tried: further down, or back to the one that serves.</summary>
    private static LadderState GoOn(
        LadderState state, int trying, LadderInputs inputs, List<LadderStep> steps, LadderStepKind why, string message)
    {
        if (state.Serving > trying)
        {
            steps.Add(new(why, trying, message));
            return state with
            {
                Trying = null, TryingSince = null, LastRetryAt = inputs.Now, FailedTries = state.FailedTries + 1,
            };
        }

        if (NextBelow(trying, inputs) is { } below)
        {
            steps.Add(new(why, trying, message));
            return Try(state, below, inputs);
        }

        // The end of the ladder. Where nothing serves, what has room above is begun anew with.
        if (!WantsCapacity(inputs)) return state;
        state = state with { LastRetryAt = inputs.Now };
        for (var rung = 0; rung < trying; rung++)
        {
            if (!inputs.Refused.Contains(rung) && inputs.SlotsOf(rung) > 0) return Try(state, rung, inputs);
        }

        return state;
    }

    private static LadderState Take(LadderState state, int rung, LadderInputs inputs, List<LadderStep> steps)
    {
        var kind = state.Serving is not { } before ? LadderStepKind.Taken
            : rung < before ? LadderStepKind.Up : LadderStepKind.Down;
        steps.Add(new(kind, rung, "its pods are ready and their scores agree"));
        return state with
        {
            Serving = rung, ServingSince = inputs.Now, Trying = null, TryingSince = null, InPlace = false,
            FailedTries = kind == LadderStepKind.Down ? state.FailedTries : 0,
        };
    }

    private static LadderState Try(LadderState state, int rung, LadderInputs inputs) =>
        state with { Trying = rung, TryingSince = inputs.Now };

    private static int ReadyWanted(LadderState state, bool isClimbing, LadderInputs inputs)
    {
        if (isClimbing) return inputs.ClimbWanted;
        return state.Serving is { } serving && inputs.Of(serving).Ready > 0 ? inputs.Wanted : 1;
    }

    private static bool HasRecovered(RungObservation rung) =>
        rung is { Ready: > 0, IsRolling: false, UnschedulableSince: null, FailingSince: null };

    private static bool IsAtTheEnd(LadderState state, LadderInputs inputs) =>
        state is { Serving: null, Trying: { } trying } && NextBelow(trying, inputs) is null
        && (inputs.Refused.Contains(trying)
            || inputs.Of(trying).StandstillAfter(inputs, state.TryingSince) is not null);

    private static int? NextBelow(int rung, LadderInputs inputs)
    {
        for (var below = rung + 1; below < inputs.Rungs; below++)
        {
            if (!inputs.Refused.Contains(below)) return below;
        }

        return null;
    }

    private static int? FirstAllowed(LadderInputs inputs) => NextBelow(-1, inputs);

    /// <summary>A ladder that became shorter has no rung there any more.</summary>
    private static LadderState Within(LadderState state, int rungs)
    {
        if (state.Serving >= rungs) state = state with { Serving = null, ServingSince = null, InPlace = false };
        return state.Trying >= rungs ? state with { Trying = null, TryingSince = null } : state;
    }

    private static DateTimeOffset RetryAt(LadderState state, LadderInputs inputs)
    {
        var wait = inputs.RetryAfter * (1 << Math.Min(state.FailedTries, DoublingsMax));
        var since = state.ServingSince ?? state.TryingSince ?? inputs.Now;
        return (state.LastRetryAt is { } last && last > since ? last : since) + wait;
    }

    private static LadderDecision Decide(LadderState state, LadderInputs inputs, List<LadderStep> steps)
    {
        var replicas = new Dictionary<int, int>();
        if (state.Serving is { } serving) replicas[serving] = inputs.Wanted;
        if (state.Trying is { } trying)
            replicas[trying] = state.Serving > trying ? Math.Min(inputs.ClimbWanted, inputs.Wanted) : inputs.Wanted;
        var isOverlapping = state.ServingSince is { } since && inputs.Now < since + Overlap;
        var left = inputs.Observed.Keys.Where(rung => !replicas.ContainsKey(rung)).ToList();
        var wait = state.Trying is not null || left.Count > 0 || inputs.Observed.Values.Any(o => o.HasObstacle)
            ? Glance
            : state.Serving > 0 ? Later(RetryAt(state, inputs) - inputs.Now) : (TimeSpan?)null;
        return new LadderDecision
        {
            State = state,
            Replicas = replicas,
            Lingering = isOverlapping ? left : [],
            Steps = steps,
            LookAgain = wait,
        };
    }

    private static TimeSpan Later(TimeSpan wait) => wait > Glance ? wait : Glance;
}
