using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.Blocking;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Challenges;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Messages;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Snapshots;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Inspection;

/// <summary>
/// One inspected request from its head to its decision record. Stages only find out; <see cref="Decider"/> decides. Uses
/// one snapshot to its end. Not thread-safe.
/// </summary>
internal sealed partial class Exchange : IAsyncDisposable
{
    private readonly ProxyContext _context;
    private readonly HttpContext _http;
    private readonly PolicySnapshot _snapshot;
    private readonly InspectionServices _services;
    private readonly CanonicalRequest _canonical;
    private readonly UInt128 _eventId;
    private RuleStage? _rules;
    private CodeFieldNotes? _noted;
    private HeldBody? _held;
    private Address _client;
    private Route _route = null!;
    private DecisionInputs _inputs;
    private Decision _decision;
    private long _inspectedTicks;
    private int _headBytes;
    private bool _isReported;
    private bool _isInspected, _hasNoRoom;
    private ScoringResult _scored;
    private readonly long _began = Stopwatch.GetTimestamp();
    private int _ruleScore;

    public Exchange(ProxyContext context, PolicySnapshot snapshot, InspectionServices services)
    {
        _context = context;
        _http = context.Http;
        _snapshot = snapshot;
        _services = services;
        _canonical = snapshot.Requests.Rent();
        _eventId = EventIds.Next(services.Time);
    }

    /// <summary>Row of the client in tables of clients.</summary>
    internal int Client => ClientCounts.RowOf(_client);

    public async Task RunAsync()
    {
        await using var _ = this;
        try
        {
            ReadHead();
            if (SocketThreads.IsLong(_headBytes)) await SocketThreads.LeaveAsync();
            BeginHead();
            if (!IsDecided && !_snapshot.RateLimits.IsEmpty) await LimitAsync(ofBody: false);
            if (MayCheck && Challenge is { } challenge && ChallengeProgram.IsCheck(_canonical))
            {
                await CheckAsync(challenge);
                return;
            }

            InspectHead();
            _context.Span?.Mark("head");
            if (!IsDecided) await InspectBodyAsync();
            Decide();
            if (_context.Connection.Judged is not null) AnswerJudged();
            else if (_context.Question is not null) await AnswerGatewayAsync();
            else if (_decision.Forwards) await ForwardAsync();
            else
            {
                await RefuseAsync();
                Charge();
            }
        }
        catch (Exception failure)
        {
            if (!await EndAsync(failure)) throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        _rules?.Dispose();
        _held?.Dispose();
        _snapshot.Requests.Return(_canonical);
        if (_unpackedBytes > 0) _services.Budget.Return(Client, _unpackedBytes);
        _services.Room.Leave(_context.Connection.Tracked);
        return ValueTask.CompletedTask;
    }

    private bool IsDecided => Decider.IsFinal(_inputs);

    private void ReadHead()
    {
        var started = Stopwatch.GetTimestamp();
        _headBytes = CanonicalHead.Read(_http, _canonical);
        _inspectedTicks += Stopwatch.GetTimestamp() - started;
    }

    private void BeginHead()
    {
        var started = Stopwatch.GetTimestamp();
        var headers = _http.Request.Headers;
        var peer = _context.Connection.Peer;
        _client = _snapshot.Identity.Resolve(peer, headers);
        // Also from proxies that are trusted: most pass on what the client wrote there.
        if (ForwardingHeaders.OtherTarget(headers) is { } other) _canonical.NameOtherTarget(other);
        _snapshot.Identity.DropForged(peer, headers, CanonicalHead.HoldsUnderscores(_canonical));
        _route = _snapshot.Routes.Find(_canonical);
        HopByHop.Drop(_http, _route.Upgrades);
        if (_route.Limits is { } limits) _canonical.Limits = limits;
        var document = _snapshot.Document;
        _inputs = new DecisionInputs
        {
            HasPolicy = true,
            PolicyMode = document.Mode,
            RouteMode = _route.Mode,
            Decision = document.Decision,
            ModelMode = document.Ml?.Mode ?? InspectionMode.Off,
            FailureModes = document.FailureModes,
            BlockStatus = document.BlockResponse.StatusCode,
            Access = _snapshot.Access.Judge(_client, _canonical, out var feed),
            Feed = feed,
        };
        if (!IsDecided && _snapshot.Behaviour is { } behaviour)
        {
            _inputs = _inputs with
            {
                Behaviour = behaviour.Judge(_client, _canonical), BehaviourMode = behaviour.Mode,
            };
        }

        _inspectedTicks += Stopwatch.GetTimestamp() - started;
    }

    private void InspectHead()
    {
        var started = Stopwatch.GetTimestamp();
        if (!IsDecided && _canonical.MustReject) _inputs = _inputs with { Limit = LimitOutcome.TooMuch };
        if (!IsDecided && _snapshot.Rules is { } program)
        {
            _rules = new RuleStage(program, _canonical, _client, _context.Connection, _eventId)
            {
                DefersScore = _snapshot.DefersScore,
            };
            _inputs = _inputs with { Rules = _rules.RequestHead() };
        }

        _inspectedTicks += Stopwatch.GetTimestamp() - started;
    }

    private async ValueTask InspectBodyAsync()
    {
        var facts = Facts();
        var plan = BodyPlan.Of(_route.Body, _route.Mode, facts);
        // Messages of a stream are looked at as they come, each with a decision of its own.
        if (!facts.IsDuplex || !MessageStream.Inspects(_route, _snapshot))
            Miss(CoverageReasons.OfUnread(facts, plan.Handling));
        if (OtherUpgrades.IsAsked(_http)) Miss(UninspectedReason.Upgrade);
        MissBehindGateway(facts);
        switch (plan.Handling)
        {
            case BodyHandling.Refuse:
                _inputs = _inputs with { Limit = LimitOutcome.BodyTooLarge };
                return;
            case not BodyHandling.Stream:
                _held = new HeldBody(_services.Budget, Client);
                var reading = BehindGateway(await ReadBodyAsync(plan, _held));
                _context.Span?.Mark("body");
                Miss(CoverageReasons.Of(reading, plan.Handling));
                // Detect held what Enforce would have refused.
                if (reading is BodyReading.TooLong || reading is BodyReading.Beginning && RefusesLongBodies) _inputs = _inputs with { Limit = LimitOutcome.BodyTooLarge };
                if (reading is BodyReading.NoRoom) NoteNoRoom();
                _canonical.IsBodyCut = reading is BodyReading.Beginning or BodyReading.Paused or BodyReading.NoRoom;
                Replay(reading);
                break;
            default:
                GatheringStream.Gather(_http);
                break;
        }

        if (TakesLong) await SocketThreads.LeaveAsync();
        var started = Stopwatch.GetTimestamp();
        EndBody();
        if (!IsDecided && _snapshot.RateLimits.NeedsBody)
            await LimitAsync(ofBody: true);
        JudgeLogin();
        CompareWithSchemas(facts);
        InspectWhole();
        _context.Span?.Mark("rules");
        if (ProgramToScore() is { } program) await ScoreAsync(program);
        if (_hasNoRoom && !IsAttack) _inputs = _inputs with { Rules = NoRoomLeft };
        _inspectedTicks += Stopwatch.GetTimestamp() - started;
    }

    /// <summary>Reads the body; while its client is waited for, the connection is one that may make room.</summary>
    private async ValueTask<BodyReading> ReadBodyAsync(BodyPlan plan, HeldBody held)
    {
        var pending = BodyReader.ReadAsync(
            _http, plan, _canonical, held, WaitsForPauses ? null : _services.Limits.WindowHoldMax);
        if (pending.IsCompleted) return await pending;
        var connection = _context.Connection.Tracked;
        connection.ReadingBegan();
        try
        {
            return await pending;
        }
        finally
        {
            connection.ReadingEnded();
        }
    }

    /// <summary>
    /// What there was room for was inspected; that is not the whole body, and what then happens is the policy's choice.
    /// </summary>
    private static readonly RuleOutcome NoRoomLeft =
        new(RuleOutcomeKind.Failed, Message: "no memory left to hold the body");

    /// <summary>Models, much text, or a body that may become much when it is unpacked.</summary>
    private bool TakesLong =>
        _snapshot.Scoring is not null || SocketThreads.IsLong(_headBytes + (_held?.Length ?? 0))
        || (_held is not null && _http.Request.Headers.ContentEncoding.Count > 0);

    /// <summary>
    /// A pause must not end inspection: where it is not recorded only, the rest of the window is waited for.
    /// </summary>
    private bool WaitsForPauses =>
        _route.Mode is InspectionMode.Enforce && _inputs.FailureModes.Uninspected is UninspectedOutcome.Block;

    private bool RefusesLongBodies =>
        _route.Body is { Mode: BodyInspectionKind.Buffered, OverLimit: BodyOverLimitOutcome.Reject };

    /// <summary>Counts the request against the limits of head or body, over all replicas where they share.</summary>
    private async ValueTask LimitAsync(bool ofBody)
    {
        var limits = _snapshot.RateLimits;
        var outcome = limits.IsShared ? await limits.TakeAsync(_client, _canonical, ofBody)
            : ofBody ? limits.TakeOfBody(_client, _canonical) : limits.Take(_client, _canonical);
        _inputs = _inputs with { Rate = _inputs.Rate.With(outcome) };
    }

    private void EndBody()
    {
        if (IsDecided) return;
        _canonical.AllowsXmlDoctypes = _route.Body.AllowsXmlDoctypes is true;
        _canonical.Room = this;
        _canonical.EndBody();
        if (_canonical.IsOutOfRoom) NoteNoRoom();
        if (RefusesLongBodies ? _canonical.MustReject : _canonical.MustRejectInPart) _inputs = _inputs with { Limit = LimitOutcome.TooMuch };
    }

    /// <summary>
    /// Everything that could be read was read: rules of phase 2, unless those of phase 1 have an answer already.
    /// </summary>
    private void InspectWhole()
    {
        if (IsDecided) return;
        if (_rules is not null && _inputs.Rules.Kind is not (RuleOutcomeKind.Failed or RuleOutcomeKind.Interrupted))
        {
            if (_snapshot.CodeFields.Concerns(_canonical))
                _rules.Review = _noted = new CodeFieldNotes(_snapshot.CodeFields, _canonical);
            _inputs = _inputs with { Rules = _rules.RequestBody() };
        }

        _isInspected = true;
    }

    private void Replay(BodyReading reading)
    {
        if (reading is not BodyReading.Whole) GatheringStream.Gather(_http);
        _http.Request.Body = new ReplayStream(_held!, reading is BodyReading.Whole ? null : _http.Request.Body);
    }

    private BodyFacts Facts()
    {
        var request = _http.Request;
        var canHaveBody = _http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;
        return new BodyFacts(canHaveBody, request.ContentLength, DuplexStreams.IsDuplex(_http));
    }

    private RequestFacts Facts(HttpResponse response)
    {
        var isStream = response.StatusCode is StatusCodes.Status101SwitchingProtocols || DuplexStreams.IsDuplex(_http);
        var isAttack = _decision.WouldHave is VerdictKind.Block
            && _decision.Reason is DecisionReason.Rules or DecisionReason.Model or DecisionReason.Protocol;
        return new RequestFacts(
            response.StatusCode, response.ContentLength ?? 0,
            isStream ? 0 : Stopwatch.GetElapsedTime(_began).TotalMilliseconds, _ruleScore,
            _scored.Models is null ? 0 : _scored.Score, isAttack || _hasRefusedMessage);
    }

    private void Decide()
    {
        _inputs = _inputs with { Coverage = CoverageOf() };
        _decision = Decider.Decide(_inputs);
        if (!_decision.Forwards || !InspectsResponse) Report();
    }

    private bool InspectsResponse =>
        _snapshot.InspectsResponses && _rules is not null && _route.Mode is not InspectionMode.Off
        && _inputs.Rules.Kind is RuleOutcomeKind.Passed;

    private async ValueTask ForwardAsync()
    {
        // A body that is wholly held was answered with 100 already; asking the application again would only wait.
        if (_held is not null) _http.Request.Headers.Remove("Expect");
        _context.Span?.PassOn(_http.Request.Headers);
        var connection = _context.Connection;
        var transformer = InspectsResponse
            ? new InspectingTransformer(connection, this, _services.Budget)
            : connection.PassThrough;
        WatchLogin();
        using var messages = _inputs.Access is not AccessOutcome.Bypass && DuplexStreams.IsDuplex(_http)
            ? MessageStream.Open(new MessageScope(_context, _snapshot, _services, _route, _client))
            : null;
        var error = messages is null
            ? await _services.Forwarder.ForwardAsync(_http, connection, transformer)
            : await messages.ForwardAsync(transformer);
        if (ClosedConnections.MayRepeat(_http, error))
            error = await _services.Forwarder.RepeatAsync(_http, connection, transformer);
        if (error is not ForwarderError.None) _services.Meters.Incident(ForwardingIncidents.IncidentOf(_http, error));
        if (!_isReported) Report();
        CountRest();
        CountLogin();
        LearnWords();
        if (messages is not null) TakeOver(messages.Inspector);
        Charge();
    }

    /// <summary>
    /// The client pays for what it was answered, and it is remembered. A refusal by a limit or for the client's past
    /// costs nothing more: who is refused must not be refused for longer because of it.
    /// </summary>
    private void Charge()
    {
        CountShadow();
        if (_snapshot.Behaviour is { } behaviour && _inputs.Access is AccessOutcome.Pass
            && _decision is not ({ Forwards: false, Reason: DecisionReason.Behaviour }
                or { Verdict: VerdictKind.Limited }))
        {
            behaviour.Remember(_client, _canonical, Facts(_http.Response));
        }

        if (!_snapshot.RateLimits.IsCharged || _decision.Verdict is VerdictKind.Limited) return;
        _snapshot.RateLimits.Charge(
            _client, _canonical, new ResponseFacts(_http.Response.StatusCode, _http.Response.ContentLength ?? 0));
    }

    /// <summary>Rules of the response; null when they have nothing against it.</summary>
    internal ResponseInspection BeginResponse() => new(_rules!, _snapshot.HttpLimits);

    /// <summary>How long a response may be held back.</summary>
    internal TimeSpan ResponseHoldMax => _services.Limits.WindowHoldMax;

    internal void Note(string incident) => _services.Meters.Incident(incident);

    /// <summary>Decides anew with what the response's rules found. True when the response may go on.</summary>
    internal bool DecideResponse(in RuleOutcome outcome, bool isWhole)
    {
        if (!isWhole) Miss(UninspectedReason.ResponseBody);
        _inputs = _inputs with { Rules = outcome, Coverage = CoverageOf() };
        _decision = Decider.Decide(_inputs);
        return _decision.Forwards;
    }

    /// <summary>
    /// Answers in the application's place. A body that was not read is read on for a moment by the server: closing at once
    /// would reset the connection, and the client would never see the answer.
    /// </summary>
    internal Task RefuseAsync()
    {
        if (!_isReported) Report();
        _held?.Dispose();
        if (_decision.Form is BlockForm.Challenge && Challenge is { } challenge) return AskAsync(challenge);
        return Refusals.AnswerAsync(
            _context, _decision, _snapshot.Document.BlockResponse, EventIds.Text(_eventId));
    }
}
