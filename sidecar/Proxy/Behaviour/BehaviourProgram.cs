using WafOperator.Behaviour.Features;
using WafOperator.Behaviour.History;
using WafOperator.Behaviour.Holds;
using WafOperator.Behaviour.Limits;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Challenges;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Behaviour;

/// <summary>
/// The policy's part about what clients do over time. A client is remembered by its address, and by the sessions it
/// brings besides: what speaks against either counts, so that a fresh session is no fresh start. A request is judged by
/// what the client did before it; nothing is held back. Thread-safe.
/// </summary>
internal sealed class BehaviourProgram
{
    /// <summary>
    /// Keys of one request: its client, and one for each way to tell sessions apart. Several values under one name make
    /// one key: a request must not cost a judgement for each.
    /// </summary>
    private const int KeysMax = 1 + 4;

    private const int ThrottledMax = 4096;

    /// <summary>A risk that was not confirmed is half as high after this time.</summary>
    private static readonly TimeSpan RiskHalfLife = TimeSpan.FromMinutes(10);

    [ThreadStatic]
    private static FeatureContext? _context;

    private readonly BehaviourPolicy _policy;
    private readonly TimeProvider _time;
    private readonly ReplicaSharing _sharing;
    private readonly long _start;
    private readonly KeyReader[] _sessions;
    private readonly AddressSet _exempt;
    private readonly JudgingModel[] _models;
    private readonly RateTable _throttle;

    public BehaviourProgram(
        BehaviourPolicy policy, IReadOnlyList<JudgingModel> models, TimeProvider time, BehaviourProgram? previous,
        ReplicaSharing? sharing = null)
    {
        _policy = policy;
        _sharing = sharing ?? ReplicaSharing.None;
        _time = time;
        _models = [.. models];
        _sessions = [.. policy.Sessions.Select(session => new KeyReader(session.Of, session.Name, _sharing.Hashes))];
        _exempt = AddressSet.Parse(policy.ExemptClients, out var unreadable);
        Unreadable = unreadable;
        Challenges = policy.Challenge is not { } challenge ? null
            : challenge.Equals(previous?._policy.Challenge) ? previous!.Challenges : new(challenge, time);
        var isSame = previous is not null && previous._policy.Clients == policy.Clients
            && previous.State.Hashes.IsSame(_sharing.Hashes);
        State = isSame ? previous!.State : new BehaviourState(policy.Clients, _sharing.Hashes);
        _start = isSame ? previous!._start : time.GetTimestamp() - time.TimestampFrequency;
        var period = (long)(Math.Max(policy.ThrottlePeriod.TotalSeconds, 0.001) * time.TimestampFrequency);
        var burst = Math.Max(1, policy.ThrottleRequests / 10);
        _throttle = isSame && previous!._policy.ThrottleRequests == policy.ThrottleRequests
            && previous._policy.ThrottlePeriod == policy.ThrottlePeriod
            ? previous._throttle
            : new RateTable(Math.Max(1, policy.ThrottleRequests), Math.Max(1, period), burst, ThrottledMax);
    }

    public BehaviourState State { get; }

    /// <summary>Asks clients to show that they are browsers; null where no level of risk does.</summary>
    public ChallengeProgram? Challenges { get; }

    /// <summary>Never more than the policy's.</summary>
    public InspectionMode Mode => _policy.Mode;

    /// <summary>Networks of the policy that could not be read.</summary>
    public IReadOnlyList<string> Unreadable { get; }

    /// <summary>Milliseconds on the clock of <see cref="State"/>.</summary>
    public long Now => (long)_time.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>What the client's past means for this request.</summary>
    public BehaviourOutcome Judge(Address client, CanonicalRequest request)
    {
        if (_exempt.Contains(client)) return default;
        Span<UInt128> keys = stackalloc UInt128[KeysMax];
        keys = keys[..KeysOf(client, request, keys)];
        var now = Now;
        long held = 0;
        double risk = 0;
        byte by = 0;
        foreach (var key in keys)
        {
            held = Math.Max(held, State.Holds.RemainingOf(key, now));
            var (own, model) = RiskOf(key, now);
            if (own > risk) (risk, by) = (own, model);
        }

        if (held > 0)
        {
            return new BehaviourOutcome(BehaviourActionKind.Quarantine, risk, NameOf(by))
            {
                Refuses = true, RetryAfter = TimeSpan.FromMilliseconds(held),
            };
        }

        var outcome = Act(new BehaviourOutcome(ActionOf(risk), risk, NameOf(by)), client, keys, now);
        return outcome.Action is BehaviourActionKind.Challenge ? Ask(outcome, client, request) : outcome;
    }

    /// <summary>A client that has shown what its risk asks for is not refused, nor one that is about to.</summary>
    private BehaviourOutcome Ask(in BehaviourOutcome outcome, Address client, CanonicalRequest request)
    {
        var rung = outcome.Risk >= _policy.CriticalThreshold ? ChallengeRung.Work
            : outcome.Risk >= _policy.HighThreshold ? ChallengeRung.Refresh : ChallengeRung.Cookie;
        return outcome with
        {
            Rung = rung,
            Refuses = Challenges is { } challenges && !ChallengeProgram.IsCheck(request)
                && challenges.ShownBy(client, request) < rung,
        };
    }

    /// <summary>Remembers a request and what became of it.</summary>
    public void Remember(Address client, CanonicalRequest request, in RequestFacts facts)
    {
        if (_exempt.Contains(client)) return;
        var context = _context ??= new FeatureContext();
        context.Shape.Read(request);
        var path = request[request.NormalPath];
        var learned = facts.Status is >= 200 and < 400 ? State.Routes.Learn(path) : 0;
        var observation = new Observation
        {
            Verb = context.Shape.Verb, Route = learned != 0 ? learned : State.Routes.NumberOf(path),
            Status = facts.Status, Bytes = facts.Bytes, Milliseconds = facts.Milliseconds,
            PathBytes = context.Shape.PathBytes, RuleScore = facts.RuleScore, ModelScore = facts.ModelScore,
            Marks = context.Shape.Marks | (facts.IsRefused ? RequestMarks.Refused : 0),
        };
        var now = Now;
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        var silence = State.History.TryRead(own, out var record) ? now - record.LastAt : long.MaxValue;
        var judge = new ClientJudge(_models, context, State.Site.Add(now, silence));
        Span<UInt128> keys = stackalloc UInt128[KeysMax];
        foreach (var key in keys[..KeysOf(client, request, keys)])
            State.History.Add(key, observation, SuspicionOf(facts), now, judge);
    }

    /// <summary>One level's action.</summary>
    internal BehaviourActionKind ActionOf(double risk) => risk switch
    {
        _ when risk >= _policy.CriticalThreshold => _policy.CriticalAction,
        _ when risk >= _policy.HighThreshold => _policy.HighAction,
        _ when risk >= _policy.MediumThreshold => _policy.MediumAction,
        _ => BehaviourActionKind.Allow,
    };

    private BehaviourOutcome Act(in BehaviourOutcome outcome, Address client, ReadOnlySpan<UInt128> keys, long now)
    {
        switch (outcome.Action)
        {
            case BehaviourActionKind.Block:
                return outcome with { Refuses = true };
            case BehaviourActionKind.Quarantine:
                var until = now + (long)_policy.QuarantineFor.TotalMilliseconds;
                // A session does not take its address with it, behind which others may be, nor the other way round.
                foreach (var key in keys)
                {
                    if (ActionOf(RiskOf(key, now).Risk) is BehaviourActionKind.Quarantine)
                        State.Holds.Begin(key, new Hold(client.ToString(), outcome.By ?? "", now, until));
                }

                return outcome with { Refuses = true, RetryAfter = _policy.QuarantineFor };
            case BehaviourActionKind.Throttle:
                _throttle.Parts = _sharing.Parts;
                var wait = _throttle.Take(keys[0], _time.GetTimestamp()).WaitTicks;
                return wait == 0 ? outcome : outcome with
                {
                    Refuses = true, RetryAfter = TimeSpan.FromSeconds((double)wait / _time.TimestampFrequency),
                };
            default:
                return outcome;
        }
    }

    private int KeysOf(Address client, CanonicalRequest request, Span<UInt128> keys)
    {
        var own = keys[0] = KeyReader.ClientKey(client, _sharing.Hashes);
        var count = 1;
        foreach (var session in _sessions)
        {
            var found = session.Read(client, request, keys.Slice(count, 1));
            // A cookie is known to its owner. Claims, headers and parameters can be written by anybody, who must not
            // bring others into disrepute: they count within the client that brings them.
            for (var i = count; i < count + found && !session.IsSecret; i++) keys[i] ^= own;
            count += found;
        }

        return count;
    }

    private string? NameOf(byte model) => model == ClientJudge.Violations ? "violations"
        : model < _models.Length ? _models[model].Family : null;

    private (double Risk, byte Model) RiskOf(UInt128 key, long now)
    {
        var (risk, model, second) = State.History.RiskOf(key);
        return (risk / 255.0 * Fade(now / 1000 - second), model);
    }

    private static double Fade(long seconds) => Math.Pow(0.5, Math.Max(0, seconds) / RiskHalfLife.TotalSeconds);

    private static byte SuspicionOf(in RequestFacts facts) =>
        (byte)(facts.IsRefused ? 128 : facts.RuleScore >= 5 ? 96 : facts.RuleScore > 0 ? 32 : 0);
}

/// <summary>What became of a request.</summary>
/// <param name="Status">Status that the client received.</param>
/// <param name="Bytes">Bytes of the body, as far as they were declared.</param>
/// <param name="Milliseconds">Time until the answer was sent.</param>
/// <param name="RuleScore">Anomaly score of the rules.</param>
/// <param name="ModelScore">Score of models about the payload.</param>
/// <param name="IsRefused">Inspection refused it, or would have in mode Enforce.</param>
internal readonly record struct RequestFacts(
    int Status, long Bytes, double Milliseconds, int RuleScore, double ModelScore, bool IsRefused);
