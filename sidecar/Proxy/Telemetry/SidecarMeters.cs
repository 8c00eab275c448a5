using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Challenges;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Logins;
using WafOperator.Proxy.Messages;
using WafOperator.Proxy.Models.Pool;
using WafOperator.Telemetry;

namespace WafOperator.Proxy.Telemetry;

/// <summary>
/// What the data plane counts. Hot counters are plain numbers read when somebody looks; labels come from fixed lists or
/// from bounded tables, so no client can grow them. Thread-safe.
/// </summary>
internal sealed class SidecarMeters
{
    /// <summary>Rules that have a counter of their own; matches of further ones are counted together.</summary>
    private const int RuleIdsMax = 1_000;

    private static readonly int Verdicts = Enum.GetValues<VerdictKind>().Length;
    private static readonly int Reasons = Enum.GetValues<DecisionReason>().Length;

    private static readonly int OffRoute = (int)VerdictKind.Allow * Reasons + (int)DecisionReason.Off;

    private static readonly int PoolOutcomes = Enum.GetValues<PoolOutcome>().Length;

    private static readonly UninspectedReason[] Whys = Enum.GetValues<UninspectedReason>();

    private static readonly BehaviourActionKind[] BehaviourActions = Enum.GetValues<BehaviourActionKind>();

    private static readonly ChallengeEvent[] ChallengeEvents = Enum.GetValues<ChallengeEvent>();

    private static readonly LoginOutcome[] LoginOutcomes = Enum.GetValues<LoginOutcome>();

    private readonly long[] _requests = new long[Verdicts * Reasons];
    private readonly ConcurrentDictionary<long, Tally> _rules = new();
    private readonly ConcurrentDictionary<string, Tally> _named = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Tally> _exclusions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Tally> _codeFields = new(StringComparer.Ordinal);
    private readonly long[] _poolOutcomes = new long[PoolOutcomes];
    private readonly MessageTally _messages;
    private readonly long[] _uninspected = new long[Whys.Length];
    private readonly long[] _limits = new long[32];
    private readonly long[] _challenges = new long[ChallengeEvents.Length];
    private readonly long[] _logins = new long[LoginOutcomes.Length];
    private readonly long[] _behaviour = new long[BehaviourActions.Length];
    private long _poolHedges;
    private long _forwarded;
    private long _whole;
    private long _bytes;
    private long _bytesInspected;
    private long _passed;
    private long _wouldBlock;
    private long _wouldLimit;

    public SidecarMeters()
    {
        _messages = new MessageTally(Metrics.Messages);
        Metrics.PoolCalls.From(ObservePool);
        Metrics.PoolHedges.From(() => Interlocked.Read(ref _poolHedges));
        Metrics.Requests.From(ObserveRequests);
        Metrics.WouldBlock.From(() => Interlocked.Read(ref _wouldBlock) + Interlocked.Read(ref _wouldLimit));
        Metrics.Uninspected.From(ObserveUninspected);
        Metrics.BehaviourActions.From(ObserveBehaviour);
        Metrics.Challenges.From(() => ChallengeEvents.Select(
            what => new Sample(Interlocked.Read(ref _challenges[(int)what]), what.ToString())));
        Metrics.Logins.From(() => LoginOutcomes.Select(
            outcome => new Sample(Interlocked.Read(ref _logins[(int)outcome]), outcome.ToString())));
        Metrics.RuleMatches.From(ObserveRules);
        Metrics.ExclusionHits.From(() => Observe(_exclusions));
        Metrics.CodeFields.From(() => Observe(_codeFields));
        Metrics.Incidents.From(() => Observe(_named));
    }

    /// <summary>What is exported; gauges are read where their state is.</summary>
    public SidecarMetrics Metrics { get; } = new();

    /// <summary>What the policy's lists lack.</summary>
    public VocabularyTally Vocabulary { get; } = new();

    /// <summary>A request went on under a policy whose mode is Off.</summary>
    public void RequestPassed() => Interlocked.Increment(ref _passed);

    /// <summary>A request goes on to the application, looked at so far.</summary>
    public void Covered(in Coverage coverage)
    {
        Interlocked.Increment(ref _forwarded);
        Interlocked.Add(ref _bytes, coverage.Bytes);
        Interlocked.Add(ref _bytesInspected, coverage.BytesInspected);
        if (coverage.IsWhole)
        {
            Interlocked.Increment(ref _whole);
            return;
        }

        CountMissed(coverage);
    }

    private void CountMissed(in Coverage coverage)
    {
        for (var rest = coverage.Uninspected.Bits; rest != 0; rest &= rest - 1)
            Interlocked.Increment(ref _uninspected[BitOperations.TrailingZeroCount(rest)]);
        for (var rest = (uint)coverage.Limits; rest != 0; rest &= rest - 1)
            Interlocked.Increment(ref _limits[BitOperations.TrailingZeroCount(rest)]);
    }

    /// <summary>
    /// A stream whose opening was counted has ended: its messages join the sums of bytes and reasons.
    /// </summary>
    public void StreamCovered(in Coverage stream)
    {
        Interlocked.Add(ref _bytes, stream.Bytes);
        Interlocked.Add(ref _bytesInspected, stream.BytesInspected);
        CountMissed(stream);
    }

    /// <summary>Bytes that nobody had declared went on behind a request that was counted.</summary>
    public void PassedUninspected(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>What was looked at since start.</summary>
    public InspectionCounters Inspection() => new()
    {
        Requests = Interlocked.Read(ref _forwarded),
        Whole = Interlocked.Read(ref _whole),
        Bytes = Interlocked.Read(ref _bytes),
        BytesInspected = Interlocked.Read(ref _bytesInspected),
        Uninspected = Whys.Where(why => Interlocked.Read(ref _uninspected[(int)why]) > 0)
            .ToDictionary(why => why.ToString(), why => Interlocked.Read(ref _uninspected[(int)why])),
    };

    public void RequestDecided(in Decision decision)
    {
        Interlocked.Increment(ref _requests[(int)decision.Verdict * Reasons + (int)decision.Reason]);
        if (decision.Verdict is not VerdictKind.Allow) return;
        if (decision.WouldHave is VerdictKind.Block) Interlocked.Increment(ref _wouldBlock);
        else if (decision.WouldHave is VerdictKind.Limited) Interlocked.Increment(ref _wouldLimit);
    }

    /// <summary>A message of a stream passed, or did not.</summary>
    public void MessageSeen(MessageProtocol protocol, MessageOutcome outcome) => _messages.Add(protocol, outcome);

    public void Inspected(TimeSpan duration) => Metrics.Inspection.Observe(duration.TotalSeconds);

    public void RuleMatched(long id)
    {
        if (!_rules.TryGetValue(id, out var tally))
            tally = _rules.GetOrAdd(_rules.Count < RuleIdsMax ? id : 0, static _ => new Tally());
        tally.Add();
    }

    /// <summary>A question to the pool ended; time that was not spent is zero.</summary>
    public void PoolAsked(PoolOutcome outcome, TimeSpan took)
    {
        Interlocked.Increment(ref _poolOutcomes[(int)outcome]);
        if (took > TimeSpan.Zero) Metrics.PoolCall.Observe(took.TotalSeconds);
    }

    /// <summary>Questions that ended so.</summary>
    public long PoolCalls(PoolOutcome outcome) => Interlocked.Read(ref _poolOutcomes[(int)outcome]);

    /// <summary>A request came from a client at some risk.</summary>
    public void BehaviourActed(BehaviourActionKind action) => Interlocked.Increment(ref _behaviour[(int)action]);

    /// <summary>A client was asked, or answered.</summary>
    public void ChallengeMet(ChallengeEvent what) => Interlocked.Increment(ref _challenges[(int)what]);

    /// <summary>Somebody tried to sign in.</summary>
    public void LoginAnswered(LoginOutcome outcome) => Interlocked.Increment(ref _logins[(int)outcome]);

    /// <summary>A second request was sent.</summary>
    public void PoolHedged() => Interlocked.Increment(ref _poolHedges);

    /// <summary>Something that should not happen often. <paramref name="kind"/> is a constant, never input.</summary>
    public void Incident(string kind) => _named.GetOrAdd(kind, static _ => new Tally()).Add();

    /// <summary>An exclusion of the policy changed a decision; its name comes from the policy.</summary>
    public void ExclusionHit(string name) => _exclusions.GetOrAdd(name, static _ => new Tally()).Add();

    /// <summary>Something was noted in a field that carries code; its label comes from the policy.</summary>
    public void CodeFieldNoted(string label) => _codeFields.GetOrAdd(label, static _ => new Tally()).Add();

    public IReadOnlyDictionary<string, long> ExclusionHits => _exclusions.ToDictionary(pair => pair.Key, pair => pair.Value.Value);

    public RequestCounters Counters()
    {
        var allowed = Sum(VerdictKind.Allow) + Interlocked.Read(ref _passed);
        var blocked = Sum(VerdictKind.Block);
        var limited = Sum(VerdictKind.Limited);
        var unavailable = Sum(VerdictKind.Unavailable);
        return new RequestCounters
        {
            Total = allowed + blocked + limited + unavailable,
            Allowed = allowed,
            Blocked = blocked,
            RateLimited = limited,
            Unavailable = unavailable,
            WouldBlock = Interlocked.Read(ref _wouldBlock),
        };
    }

    private long Sum(VerdictKind verdict)
    {
        long sum = 0;
        for (var reason = 0; reason < Reasons; reason++) sum += Interlocked.Read(ref _requests[(int)verdict * Reasons + reason]);
        return sum;
    }

    private IEnumerable<Sample> ObserveRequests()
    {
        yield return new Sample(
            Interlocked.Read(ref _passed) + Interlocked.Read(ref _requests[OffRoute]),
            nameof(VerdictKind.Allow), nameof(DecisionReason.Off));
        for (var verdict = 0; verdict < Verdicts; verdict++)
        {
            for (var reason = 0; reason < Reasons; reason++)
            {
                var count = Interlocked.Read(ref _requests[verdict * Reasons + reason]);
                if (count == 0 || verdict * Reasons + reason == OffRoute) continue;
                yield return new Sample(count, ((VerdictKind)verdict).ToString(), ((DecisionReason)reason).ToString());
            }
        }
    }

    /// <summary>Every reason from the start, so that a rate over it sees the first one; limits by their name.</summary>
    private IEnumerable<Sample> ObserveUninspected()
    {
        foreach (var why in Whys)
        {
            if (why is UninspectedReason.Limit) continue;
            yield return new Sample(Interlocked.Read(ref _uninspected[(int)why]), why.ToString(), "");
        }

        for (var bit = 0; bit < _limits.Length; bit++)
        {
            if (Interlocked.Read(ref _limits[bit]) is > 0 and var count)
            {
                yield return new Sample(
                    count, nameof(UninspectedReason.Limit), ((ExceededLimits)(1u << bit)).ToString());
            }
        }
    }

    private IEnumerable<Sample> ObservePool() => Enum.GetValues<PoolOutcome>()
        .Select(outcome => new Sample(PoolCalls(outcome), outcome.ToString()));

    private IEnumerable<Sample> ObserveBehaviour() =>
        BehaviourActions.Where(action => Interlocked.Read(ref _behaviour[(int)action]) > 0)
            .Select(action => new Sample(Interlocked.Read(ref _behaviour[(int)action]), action.ToString()));

    private IEnumerable<Sample> ObserveRules() => _rules.Select(pair => new Sample(
        pair.Value.Value, pair.Key == 0 ? "other" : pair.Key.ToString(CultureInfo.InvariantCulture)));

    private static IEnumerable<Sample> Observe(ConcurrentDictionary<string, Tally> tallies) =>
        tallies.Select(pair => new Sample(pair.Value.Value, pair.Key));

    private sealed class Tally
    {
        private long _value;

        public long Value => Interlocked.Read(ref _value);

        public void Add() => Interlocked.Increment(ref _value);
    }
}
