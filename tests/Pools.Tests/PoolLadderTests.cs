using WafOperator.Pools;

namespace WafOperator.Pools.Tests;

/// <summary>Each test is a story of a pool with three rungs: a GPU, a slice of one, CPUs.</summary>
public sealed class PoolLadderTests
{
    private static readonly RungObservation Homeless =
        new() { UnschedulableSince = T(0), Unschedulable = "0/3 nodes: Insufficient nvidia.com/gpu" };

    private static DateTimeOffset T(double minutes) => DateTimeOffset.UnixEpoch + TimeSpan.FromMinutes(minutes);

    private static RungObservation Running(int count) => new() { Ready = count };

    private static LadderInputs At(
        double minutes, LadderState state, params (int Rung, RungObservation Seen)[] observed) => new()
    {
        State = state,
        Rungs = 3,
        Wanted = 2,
        ClimbWanted = 2,
        UnschedulableAfter = TimeSpan.FromMinutes(2),
        RetryAfter = TimeSpan.FromMinutes(10),
        Now = T(minutes),
        Observed = observed.ToDictionary(o => o.Rung, o => o.Seen),
        ParityOfTrying = true,
    };

    private static LadderState Serving(int rung, double since = 0) => new() { Serving = rung, ServingSince = T(since) };

    private static LadderStepKind[] Kinds(LadderDecision decision) => [.. decision.Steps.Select(s => s.Kind)];

    [Fact]
    public void ANewPool_TriesTheFirstRung_AndServesNobodyYet()
    {
        var next = PoolLadder.Next(At(0, new LadderState()));
        Assert.Equal((null, 0), (next.State.Serving, next.State.Trying));
        Assert.Equal(2, next.Replicas[0]);
    }

    [Fact]
    public void AReadyPod_IsNotServedFrom_BeforeItsScoresWereCompared()
    {
        var state = new LadderState { Trying = 0, TryingSince = T(0) };
        var unknown = PoolLadder.Next(At(1, state, (0, Running(2))) with { ParityOfTrying = null });
        Assert.Null(unknown.State.Serving);
        var agreed = PoolLadder.Next(At(1, state, (0, Running(1))));
        Assert.Equal(0, agreed.State.Serving);
        Assert.Equal([LadderStepKind.Taken], Kinds(agreed));
    }

    [Fact]
    public void ARungWithoutRoom_IsLeftAfterTheSetTime_AndNotBefore()
    {
        var state = new LadderState { Trying = 0, TryingSince = T(0) };
        Assert.Equal(0, PoolLadder.Next(At(1.99, state, (0, Homeless))).State.Trying);
        var next = PoolLadder.Next(At(2, state, (0, Homeless)));
        Assert.Equal(1, next.State.Trying);
        Assert.Equal([LadderStepKind.Unavailable], Kinds(next));
        Assert.Equal([1], next.Replicas.Keys);
    }

    [Fact]
    public void AServingRungThatLostItsPods_KeepsItsPlace_UntilTheNextIsReady()
    {
        var leaving = PoolLadder.Next(At(5, Serving(0), (0, Homeless)));
        Assert.Equal((0, 1), (leaving.State.Serving, leaving.State.Trying));
        Assert.Equal([0, 1], leaving.Replicas.Keys.Order());
        var taken = PoolLadder.Next(At(6, leaving.State, (0, Homeless), (1, Running(1))));
        Assert.Equal(1, taken.State.Serving);
        Assert.Equal([LadderStepKind.Down], Kinds(taken));
        Assert.Equal([0], taken.Lingering);
        var later = PoolLadder.Next(At(6.5, taken.State, (0, Homeless), (1, Running(1))));
        Assert.Empty(later.Lingering);
        Assert.Equal([1], later.Replicas.Keys);
    }

    [Fact]
    public void ARungThatRecovers_IsNotLeft()
    {
        var state = Serving(0) with { Trying = 1, TryingSince = T(3) };
        var next = PoolLadder.Next(At(4, state, (0, Running(2)), (1, new RungObservation { Starting = 1 })));
        Assert.Equal((0, null), (next.State.Serving, next.State.Trying));
        Assert.Equal([LadderStepKind.Recovered], Kinds(next));
    }

    [Theory]
    [InlineData(1, 0, "one pod serves, the other finds no node")]
    [InlineData(0, 1, "one pod is on its way, the other finds no node")]
    public void ARungWithSomeRoom_IsKept(int ready, int starting, string why)
    {
        var seen = Homeless with { Ready = ready, Starting = starting };
        var next = PoolLadder.Next(At(30, Serving(0), (0, seen)));
        Assert.True(next.State is { Serving: 0, Trying: null }, why);
    }

    [Fact]
    public void AFailingRung_IsLeftLikeOneWithoutRoom()
    {
        var failing = new RungObservation { FailingSince = T(0), Failing = "CrashLoopBackOff" };
        Assert.Equal(1, PoolLadder.Next(At(3, Serving(0), (0, failing))).State.Trying);
    }

    [Fact]
    public void ScoresThatDiffer_SkipTheRung_AndTheLastRungCannotBeSkippedAway()
    {
        var state = Serving(0) with { Trying = 1, TryingSince = T(3) };
        var inputs = At(
            4, state, (0, Homeless), (1, Running(2))) with { Refused = new HashSet<int> { 1 }, ParityOfTrying = false };
        var next = PoolLadder.Next(inputs);
        Assert.Equal((0, 2), (next.State.Serving, next.State.Trying));
        Assert.Equal([LadderStepKind.Refused], Kinds(next));

        var last = At(5, next.State, (0, Homeless), (2, Running(2))) with
        {
            Refused = new HashSet<int> { 1, 2 }, ParityOfTrying = false,
        };
        Assert.Equal(0, PoolLadder.Next(last).State.Serving);
    }

    [Fact]
    public void Climbing_NeedsTimeAndRoom()
    {
        var early = At(9.9, Serving(2), (2, Running(2)));
        Assert.False(PoolLadder.WantsCapacity(early));
        var due = At(10, Serving(2), (2, Running(2)));
        Assert.True(PoolLadder.WantsCapacity(due));
        var full = PoolLadder.Next(due with { FreeSlots = new Dictionary<int, int> { [0] = 1, [1] = 0 } });
        Assert.Null(full.State.Trying);
        Assert.False(PoolLadder.WantsCapacity(At(19.9, full.State, (2, Running(2)))));
        var open = PoolLadder.Next(due with { FreeSlots = new Dictionary<int, int> { [0] = 1, [1] = 2 } });
        Assert.Equal((2, 1), (open.State.Serving, open.State.Trying));
        Assert.Equal([LadderStepKind.Trying], Kinds(open));
        Assert.Equal((2, 2), (open.Replicas[2], open.Replicas[1]));
    }

    [Fact]
    public void ABetterRung_TakesOver_OnlyWhenAllItsPodsAreReady()
    {
        var state = Serving(2) with { Trying = 0, TryingSince = T(10), FailedTries = 3 };
        Assert.Equal(2, PoolLadder.Next(At(11, state, (2, Running(2)), (0, Running(1)))).State.Serving);
        var next = PoolLadder.Next(At(11, state, (2, Running(2)), (0, Running(2))));
        Assert.Equal((0, 0), (next.State.Serving, next.State.FailedTries));
        Assert.Equal([LadderStepKind.Up], Kinds(next));
        Assert.Equal([2], next.Lingering);
    }

    [Fact]
    public void ATryThatComesToNothing_DoublesTheWait_UpToEightTimes()
    {
        var state = Serving(2) with { Trying = 0, TryingSince = T(10) };
        var homeless = Homeless with { UnschedulableSince = T(10) };
        var next = PoolLadder.Next(At(12, state, (2, Running(2)), (0, homeless)));
        Assert.Equal((2, null, 1), (next.State.Serving, next.State.Trying, next.State.FailedTries));
        Assert.Equal([2], next.Replicas.Keys);
        Assert.False(PoolLadder.WantsCapacity(At(31.9, next.State, (2, Running(2)))));
        Assert.True(PoolLadder.WantsCapacity(At(32, next.State, (2, Running(2)))));
        var tired = next.State with { FailedTries = 20 };
        Assert.False(PoolLadder.WantsCapacity(At(91.9, tired, (2, Running(2)))));
        Assert.True(PoolLadder.WantsCapacity(At(92, tired, (2, Running(2)))));
    }

    /// <summary>A pod of the rung was left over from before, and had waited long already.</summary>
    [Fact]
    public void WhatWasBeforeATry_DoesNotCountAgainstIt()
    {
        var state = Serving(2) with { Trying = 0, TryingSince = T(10) };
        var next = PoolLadder.Next(At(11.9, state, (2, Running(2)), (0, Homeless)));
        Assert.Equal(0, next.State.Trying);
    }

    [Fact]
    public void ABetterRungThatNeverGetsReady_IsGivenUp()
    {
        var state = Serving(2) with { Trying = 0, TryingSince = T(10) };
        var starting = (0, new RungObservation { Starting = 2 });
        Assert.Equal(0, PoolLadder.Next(At(19.9, state, (2, Running(2)), starting)).State.Trying);
        Assert.Null(PoolLadder.Next(At(20, state, (2, Running(2)), starting)).State.Trying);
    }

    [Fact]
    public void AnUpdateOnFullAccelerators_ReplacesInPlace_UntilItIsDone()
    {
        var stuck = Homeless with { Ready = 2, IsRolling = true };
        var next = PoolLadder.Next(At(2, Serving(0), (0, stuck)));
        Assert.True(next.State is { InPlace: true, Trying: null });
        Assert.Equal([LadderStepKind.ExactFit], Kinds(next));
        Assert.True(PoolLadder.Next(
            At(3, next.State, (0, new RungObservation { Ready = 1, Starting = 1, IsRolling = true }))).State.InPlace);
        Assert.False(PoolLadder.Next(At(4, next.State, (0, Running(2)))).State.InPlace);
    }

    [Fact]
    public void AnUpdateOfASingleReplicaOnItsOnlyAccelerator_IsStoodInForByTheNextRung()
    {
        var stuck = Homeless with { Ready = 1, IsRolling = true };
        var inputs = At(2, Serving(0), (0, stuck)) with { Wanted = 1, ClimbWanted = 1 };
        var next = PoolLadder.Next(inputs);
        Assert.Equal((0, 1), (next.State.Serving, next.State.Trying));
        var waiting = PoolLadder.Next(inputs with { State = next.State, Now = T(3) });
        Assert.Equal((0, 1), (waiting.State.Serving, waiting.State.Trying));
        var taken = PoolLadder.Next(
            At(4, next.State, (0, stuck), (1, Running(1))) with { Wanted = 1, ClimbWanted = 1 });
        Assert.Equal(1, taken.State.Serving);
    }

    [Fact]
    public void AtTheEndOfTheLadder_WithNothingServing_RoomAboveIsBegunAnewWith()
    {
        var state = new LadderState { Trying = 2, TryingSince = T(4) };
        var inputs = At(14, state, (2, Homeless)) with { FreeSlots = new Dictionary<int, int> { [0] = 1 } };
        Assert.True(PoolLadder.WantsCapacity(inputs));
        Assert.Equal(0, PoolLadder.Next(inputs).State.Trying);
    }

    [Fact]
    public void AShorterLadder_ForgetsTheRungThatIsGone()
    {
        var next = PoolLadder.Next(At(1, Serving(2), (2, Running(2))) with { Rungs = 2 });
        Assert.Equal((null, 0), (next.State.Serving, next.State.Trying));
        Assert.Equal([0], next.Replicas.Keys);
    }

    [Fact]
    public void WithoutWantedReplicas_NothingIsTried()
    {
        var next = PoolLadder.Next(At(60, Serving(2) with { Trying = 0 }) with { Wanted = 0 });
        Assert.Equal((2, null), (next.State.Serving, next.State.Trying));
        Assert.Equal(0, next.Replicas[2]);
    }

    /// <summary>
    /// A day in which the accelerator comes and goes at random, seen every 10 s. The pool must never be without a rung
    /// that runs once it had one, and must not change rungs more often than the waits allow.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void OverADayOfComingAndGoing_SomeRungAlwaysServes_AndNothingFlaps(int seed)
    {
        var chance = new Random(seed);
        var state = new LadderState();
        var world = new LadderWorld();
        var changes = 0;
        for (var second = 0; second < 24 * 3600; second += 10)
        {
            if (chance.Next(90) == 0) world.HasAccelerator = !world.HasAccelerator;
            var now = T(second / 60.0);
            var inputs = world.Look(At(0, state) with { Now = now });
            var next = PoolLadder.Next(inputs);
            if (next.State.Serving != state.Serving) changes++;
            if (state.Serving is not null) Assert.NotNull(next.State.Serving);
            // Nobody is sent to a rung without pods.
            if (next.State.Serving != state.Serving) Assert.True(world.ReadyOf(next.State.Serving!.Value, now) > 0);
            state = next.State;
            world.Apply(next, now);
        }

        // Up at most every 10 minutes, and down once for each.
        Assert.InRange(changes, 2, 24 * 6 * 2);
    }

    /// <summary>A cluster in miniature: a CPU that is always there, and an accelerator that is not.</summary>
    private sealed class LadderWorld
    {
        private readonly Dictionary<int, DateTimeOffset> _since = [];
        private DateTimeOffset? _goneSince;

        public bool HasAccelerator { get; set; } = true;

        public int ReadyOf(int rung, DateTimeOffset now) =>
            _since.TryGetValue(rung, out var began) && IsThere(rung) && now - began >= TimeSpan.FromSeconds(30) ? 2 : 0;

        public LadderInputs Look(LadderInputs inputs)
        {
            _goneSince = HasAccelerator ? null : _goneSince ?? inputs.Now;
            return inputs with
            {
                Observed = _since.Keys.ToDictionary(rung => rung, rung => Observe(rung, inputs.Now)),
                FreeSlots = new Dictionary<int, int> { [0] = HasAccelerator ? 2 : 0, [1] = 0, [2] = 9 },
            };
        }

        public void Apply(LadderDecision decision, DateTimeOffset now)
        {
            foreach (var rung in decision.Replicas.Keys) _since.TryAdd(rung, now);
            foreach (var rung in _since.Keys.ToList())
            {
                if (!decision.Replicas.ContainsKey(rung) && !decision.Lingering.Contains(rung)) _since.Remove(rung);
            }
        }

        private bool IsThere(int rung) => rung == 2 || (rung == 0 && HasAccelerator);

        private RungObservation Observe(int rung, DateTimeOffset now)
        {
            var ready = ReadyOf(rung, now);
            if (IsThere(rung)) return new RungObservation { Ready = ready, Starting = 2 - ready };
            var since = rung == 0 && _goneSince > _since[rung] ? _goneSince.Value : _since[rung];
            return new RungObservation { UnschedulableSince = since, Unschedulable = "no accelerator" };
        }
    }
}
