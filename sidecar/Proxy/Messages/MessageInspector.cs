using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Http;
using WafOperator.Http.Messages;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Inspection;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Telemetry;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Pool;

namespace WafOperator.Proxy.Messages;

/// <summary>
/// Judges one message after the other as if it were the body of the request that opened the stream: rules, then models,
/// then
/// one decision. Not thread-safe.
/// </summary>
internal sealed class MessageInspector(MessageScope scope, MessageProtocol protocol)
{
    /// <summary>
    /// Headers that are arguments rather than facts about the client: they were judged when the stream began.
    /// </summary>
    private static readonly HashSet<string> Left = new(StringComparer.OrdinalIgnoreCase)
    {
        "Cookie", "Authorization", "Referer", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Content-Type",
    };

    private readonly string? _coding =
        scope.Context.Http.Request.Headers["grpc-encoding"] is [{ } coding] ? coding : null;

    private Coverage _seen;

    /// <summary>Id of the event about the message that was judged last.</summary>
    public string EventId { get; private set; } = "";

    /// <summary>A message was refused, or would have been in mode Enforce.</summary>
    public bool HasRefused { get; private set; }

    /// <summary>The highest anomaly score of a message.</summary>
    public int RuleScore { get; private set; }

    public async ValueTask<Decision> JudgeAsync(MessageReader message, bool isCut)
    {
        var (content, isPacked, isUnpackedCut) = Unpack(message);
        isCut |= isUnpackedCut;
        if (SocketThreads.IsOne && (scope.Snapshot.Scoring is not null || SocketThreads.IsLong(content.Length)))
            await SocketThreads.LeaveAsync();
        var started = Stopwatch.GetTimestamp();
        var canonical = scope.Snapshot.Requests.Rent();
        RuleStage? rules = null;
        try
        {
            BeginHead(canonical);
            var format = protocol is MessageProtocol.Grpc ? MessageFormat.Protobuf : MessageFormat.Text;
            var unread = MessageContent.Read(canonical, content.Span, format, isCut);
            // Bytes that the application unpacks and we do not may look like anything.
            if (isPacked) unread = content.Length;
            var seen = Count(canonical, content.Length, unread, isCut);
            // A field of bytes says nothing about another behind the window; of one that goes on to the end, and of
            // bytes of no format that is read, nothing but such bytes is left.
            var isTooLong = isCut && scope.RefusesLong && unread < content.Length
                && !(canonical.BodyArguments.IsEmpty && message is GrpcFrameReader { IsCompressed: false } frame
                    && ProtobufStrings.EndsInCutField(content.Span, frame.DeclaredLength));
            // Nothing to look at, unless it lies behind a bound.
            if (canonical.BodyArguments.IsEmpty && !canonical.MustReject && !isTooLong)
                return Pass(content.Length == 0 ? MessageOutcome.Empty : MessageOutcome.Unread);
            var id = EventIds.Next(scope.Services.Time);
            var inputs = scope.Inputs;
            if (canonical.MustReject) inputs = inputs with { Limit = LimitOutcome.TooMuch };
            else if (isTooLong)
                inputs = inputs with { Limit = LimitOutcome.BodyTooLarge };
            var isFinal = Decider.IsFinal(inputs);
            if (!isFinal) rules = Rules(canonical, id);
            if (rules is not null) inputs = inputs with { Rules = Run(rules) };
            var scored = isFinal ? default : await ScoreAsync(canonical, rules, inputs, id);
            var gaps = CoverageReasons.OfAll(scored.Gaps);
            _seen = _seen with
            {
                PartsScored = _seen.PartsScored + scored.PartsScored, Uninspected = _seen.Uninspected | gaps,
            };
            seen = seen with { PartsScored = scored.PartsScored, Uninspected = seen.Uninspected | gaps };
            var decision = Decider.Decide(inputs with { Models = ModelOutcomes.Of(scored), Coverage = seen });
            EventId = EventIds.Text(id);
            Remember(decision, rules?.AnomalyScore ?? 0);
            var outcome = !decision.Forwards ? MessageOutcome.Blocked
                : isCut || unread > 0 ? MessageOutcome.Partly : MessageOutcome.Inspected;
            scope.Services.Meters.MessageSeen(protocol, outcome);
            Report(canonical, rules, scored, decision, Stopwatch.GetElapsedTime(started));
            return decision;
        }
        finally
        {
            rules?.Dispose();
            scope.Snapshot.Requests.Return(canonical);
        }
    }

    /// <summary>
    /// The stream has ended. How much of it was looked at joins the sums, and is told where every decision is.
    /// </summary>
    public void Close()
    {
        if (_seen is { Messages: 0, Bytes: 0 }) return;
        scope.Services.Meters.StreamCovered(_seen);
        if (scope.Snapshot.Document.Logging.Decisions is not DecisionLogLevel.All) return;
        var canonical = scope.Snapshot.Requests.Rent();
        BeginHead(canonical);
        EventId = EventIds.Text(EventIds.Next(scope.Services.Time));
        var ended = Decision.Allowed with { Message = $"the {protocol} stream has ended" };
        Write(canonical, FactsOf(null, default, ended, TimeSpan.Zero));
        scope.Snapshot.Requests.Return(canonical);
    }

    /// <summary>The bytes cannot be told apart: refused in mode Enforce, else they pass unseen from here on.</summary>
    public Decision JudgeBroken()
    {
        Miss(UninspectedReason.Stream);
        var mode = scope.Route.Mode;
        var refusal = new Decision(
            mode is InspectionMode.Enforce ? VerdictKind.Block : VerdictKind.Allow,
            VerdictKind.Block, DecisionReason.Protocol, 400)
        {
            Message = $"the stream breaks the rules of {protocol}",
        };
        return Tell(refusal);
    }

    /// <summary>There is no memory left to keep messages: what follows is the policy's choice.</summary>
    public Decision JudgeUnheld()
    {
        scope.Services.Meters.Incident("body_budget_used_up");
        Miss(UninspectedReason.NoRoom);
        var failed = new RuleOutcome(RuleOutcomeKind.Failed, Message: "no memory left to hold a message");
        return Tell(Decider.Decide(scope.Inputs with { Rules = failed, Coverage = _seen }));
    }

    private Decision Tell(in Decision decision)
    {
        var canonical = scope.Snapshot.Requests.Rent();
        BeginHead(canonical);
        EventId = EventIds.Text(EventIds.Next(scope.Services.Time));
        scope.Services.Meters.MessageSeen(protocol, decision.Forwards ? MessageOutcome.Unread : MessageOutcome.Blocked);
        Report(canonical, null, default, decision, TimeSpan.Zero);
        Remember(decision, 0);
        scope.Snapshot.Requests.Return(canonical);
        return decision;
    }

    private void Miss(UninspectedReason reason) =>
        _seen = _seen with { Uninspected = _seen.Uninspected.With(reason) };

    /// <summary>What was looked at of this message; it joins the sums of the stream.</summary>
    private Coverage Count(CanonicalRequest canonical, long length, long unread, bool isCut)
    {
        var missed = CoverageReasons.OfAll(canonical.Exceeded, !scope.RefusesLong)
            | CoverageReasons.OfAll(canonical.Unread);
        if (unread > 0) missed = missed.With(UninspectedReason.UnreadContentType);
        if (isCut) missed = missed.With(UninspectedReason.OverLimit);
        var seen = new Coverage
        {
            Messages = 1,
            Bytes = length,
            BytesInspected = Math.Max(0, length - unread),
            Parts = canonical.BodyArguments.Length,
            Uninspected = missed,
            Limits = CoverageReasons.HidingOf(canonical.Exceeded),
        };
        _seen = _seen with
        {
            Messages = _seen.Messages + 1,
            Bytes = _seen.Bytes + seen.Bytes,
            BytesInspected = _seen.BytesInspected + seen.BytesInspected,
            Parts = _seen.Parts + seen.Parts,
            Uninspected = _seen.Uninspected | missed,
            Limits = _seen.Limits | seen.Limits,
        };
        return seen;
    }

    /// <summary>What speaks against the client when the stream is over.</summary>
    private void Remember(in Decision decision, int ruleScore)
    {
        HasRefused |= decision.WouldHave is VerdictKind.Block
            && decision.Reason is DecisionReason.Rules or DecisionReason.Model or DecisionReason.Protocol;
        RuleScore = Math.Max(RuleScore, ruleScore);
    }

    private Decision Pass(MessageOutcome outcome)
    {
        scope.Services.Meters.MessageSeen(protocol, outcome);
        return Decision.Allowed;
    }

    private (ReadOnlyMemory<byte> Content, bool IsPacked, bool IsCut) Unpack(MessageReader message)
    {
        if (message is not GrpcFrameReader { IsCompressed: true }) return (message.Content, false, false);
        var unpacked = MessageCompression.Unpack(message.Content, _coding, scope.WindowBytes, out var isCut);
        return unpacked is null ? (message.Content, true, false) : (unpacked, false, isCut);
    }

    private void BeginHead(CanonicalRequest canonical)
    {
        var request = scope.Context.Http.Request;
        var target = scope.Context.Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan();
        var query = target.IndexOf('?');
        canonical.Begin(
            Microsoft.AspNetCore.Http.HttpMethods.IsConnect(request.Method) ? "GET" : request.Method,
            query < 0 ? target : target[..query],
            CanonicalHead.Protocol(request.Protocol));
        foreach (var (name, values) in request.Headers)
        {
            if (name.StartsWith(':') || Left.Contains(name)) continue;
            foreach (var value in values) canonical.AddHeader(name, value);
        }

        canonical.EndHeaders();
        if (scope.Route.Limits is { } limits) canonical.Limits = limits;
    }

    private RuleStage? Rules(CanonicalRequest canonical, UInt128 id) => scope.Snapshot.Rules is { } program
        ? new RuleStage(program, canonical, scope.Client, scope.Context.Connection, id)
        {
            DefersScore = scope.Snapshot.DefersScore,
        }
        : null;

    private static RuleOutcome Run(RuleStage rules)
    {
        var head = rules.RequestHead();
        return head.Kind is RuleOutcomeKind.Passed ? rules.RequestBody() : head;
    }

    private async ValueTask<ScoringResult> ScoreAsync(
        CanonicalRequest canonical, RuleStage? rules, DecisionInputs inputs, UInt128 id)
    {
        var isAttack = inputs.Rules.Score.IsOver
            || inputs.Rules.Kind is RuleOutcomeKind.Interrupted or RuleOutcomeKind.WouldInterrupt;
        if (scope.Snapshot.Scoring is not { } program
            || inputs.Rules.Kind is RuleOutcomeKind.Interrupted) return default;
        PoolAnswers? answers = null;
        var started = Stopwatch.GetTimestamp();
        if (program.HasRemote && Collect(program, canonical, rules, isAttack, id) is { } questions)
        {
            var left = program.Policy.LatencyBudget - Stopwatch.GetElapsedTime(started);
            answers = await scope.Services.Pool.AskAsync(questions, left, scope.Context.Http.RequestAborted);
        }

        return Score(program, canonical, (rules, isAttack, id), answers);
    }

    private PoolQuestions? Collect(
        ScoringProgram program, CanonicalRequest canonical, RuleStage? rules, bool isAttack, UInt128 id)
    {
        Span<byte> client = stackalloc byte[16];
        return scope.Services.Scorer.Collect(
            program, scope.Snapshot.ModelExclusions, canonical, Facts(client, (rules, isAttack, id)));
    }

    private ScoringResult Score(
        ScoringProgram program, CanonicalRequest canonical, (RuleStage? Rules, bool IsAttack, UInt128 Id) found,
        PoolAnswers? answers)
    {
        Span<byte> client = stackalloc byte[16];
        var scored = scope.Services.Scorer.Score(
            program, scope.Snapshot.ModelExclusions, canonical, Facts(client, found), answers);
        if (ModelOutcomes.IncidentOf(scored.Outcome) is { } incident) scope.Services.Meters.Incident(incident);
        return scored;
    }

    private ScoringFacts Facts(Span<byte> client, (RuleStage? Rules, bool IsAttack, UInt128 Id) found)
    {
        BinaryPrimitives.WriteUInt128BigEndian(client, scope.Client.Bits);
        return new ScoringFacts
        {
            Client = client, RulesFoundAttack = found.IsAttack, Route = scope.Route.Prefix, Sample = (ulong)found.Id,
            Hits = found.Rules?.Hits, HasDroppedHits = found.Rules is { HasDroppedHits: true },
        };
    }

    /// <summary>Messages are many: only those that something was found in are told one by one.</summary>
    private void Report(
        CanonicalRequest canonical, RuleStage? rules, in ScoringResult scored, in Decision decision, TimeSpan took)
    {
        LearningTally.Count(scope.Snapshot.Scoring, scored, decision);
        var matches = rules?.Matches ?? [];
        if (decision.Reason is DecisionReason.None && matches.Count == 0) return;
        if (decision.WouldHave is not VerdictKind.Allow)
            scope.Services.Meters.RequestDecided(decision);
        foreach (var match in matches) scope.Services.Meters.RuleMatched(match.Id);
        Write(canonical, FactsOf(rules, scored, decision, took));
    }

    private DecisionFacts FactsOf(RuleStage? rules, in ScoringResult scored, in Decision decision, TimeSpan took) =>
        new()
        {
            EventId = EventId,
            Time = scope.Services.Time.GetUtcNow(),
            Client = scope.Client,
            Decision = decision,
            Matches = rules?.Matches ?? [],
            AnomalyScore = rules?.AnomalyScore ?? 0,
            Exclusions = [],
            Models = scored.Models ?? [],
            ModelVariable = scored.Variable,
            ModelExcerpt = scored.Excerpt,
            Risk = ModelOutcomes.RiskOf(scored),
            Score = scored.Models is null ? null : scored.Score,
            RuleEvidence = scored.RuleEvidence,
            Coverage = _seen,
            Inspection = took,
            Pod = scope.Services.Pod,
        };

    private void Write(CanonicalRequest canonical, in DecisionFacts facts)
    {
        if (!EventComposer.IsWanted(scope.Snapshot.Document.Logging.Decisions, facts)) return;
        var securityEvent = EventComposer.Compose(scope.Snapshot, canonical, facts);
        scope.Services.Log.Add(securityEvent);
        scope.Services.Shipper?.Add(securityEvent);
    }
}
