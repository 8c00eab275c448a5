using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using WafOperator.Behaviour.Bots;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Reporting;
using WafOperator.Scoring;

namespace WafOperator.Proxy.Inspection;

/// <content>What was looked at, and the record of the decision.</content>
internal sealed partial class Exchange
{
    private UninspectedSet _missed;

    private void Miss(UninspectedReason? reason)
    {
        if (reason is { } why) _missed = _missed.With(why);
    }

    /// <summary>What was looked at until now.</summary>
    private Coverage CoverageOf()
    {
        var missed = _missed | CoverageReasons.OfAll(_canonical.Exceeded, !RefusesLongBodies)
            | CoverageReasons.OfAll(_canonical.Unread);
        if (CoverageReasons.Of(_canonical.BodyError) is { } malformed) missed = missed.With(malformed);
        if (_inputs.Access is AccessOutcome.Bypass) missed = missed.With(UninspectedReason.BypassClient);
        if (_route.Mode is InspectionMode.Off) missed = missed.With(UninspectedReason.RouteOff);
        if (_snapshot.Rules is null && _snapshot.Scoring is null) missed = missed.With(UninspectedReason.NoEngine);
        if (_inputs.Rules.Kind is RuleOutcomeKind.Failed && !missed.Contains(UninspectedReason.NoRoom))
            missed = missed.With(UninspectedReason.RulesFailed);
        missed |= CoverageReasons.OfAll(_scored.Gaps);
        var body = _held?.Length ?? 0;
        var isLookedAt = _rules is not null || _scored.Outcome is not ScoringOutcome.Skipped;
        return new Coverage
        {
            Bytes = _headBytes + Math.Max(body, _http.Request.ContentLength ?? 0),
            BytesInspected = isLookedAt ? _headBytes + (_isInspected ? Math.Max(0, body - _canonical.UnreadBytes) : 0)
                : 0,
            Parts = isLookedAt ? _canonical.ReadWork.Items : 0,
            PartsScored = _scored.PartsScored,
            Uninspected = missed,
            Limits = CoverageReasons.HidingOf(_canonical.Exceeded),
        };
    }

    /// <summary>What nobody had declared is known when it has passed.</summary>
    private void CountRest()
    {
        if (_http.Request is { ContentLength: null, Body: ReplayStream { RestBytes: > 0 and var bytes } })
            _services.Meters.PassedUninspected(bytes);
    }

    /// <summary>Exclusions that took part, in the rules or in the models.</summary>
    private IReadOnlyList<string> Exclusions()
    {
        if (_snapshot.ExclusionRules.Count == 0 && _scored.Exclusions is null) return [];
        var names = _snapshot.ExclusionRules.Count == 0 || _rules is null
            ? []
            : ExclusionEffect.Applied(_snapshot, _rules);
        return [.. names.Concat(_scored.Exclusions ?? []).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Read for events only; the application's clients pay nothing for it.</summary>
    private BotReading? BotOf()
    {
        if (_snapshot.Behaviour is null) return null;
        // Only a trusted hop knows how the client's connection is; browsers send more on encrypted ones.
        var isEncrypted = _snapshot.Identity.IsTrusted(_context.Connection.Peer)
            && _http.Request.Headers["X-Forwarded-Proto"] == "https";
        return BotJudge.Read(_canonical, isEncrypted);
    }

    /// <summary>Exclusions without which the request would have been decided otherwise.</summary>
    private IEnumerable<string> ExclusionHits()
    {
        var rules = _rules is null || _snapshot.ExclusionRules.Count == 0
            ? []
            : ExclusionEffect.ChangedBy(
                _snapshot, _rules, _inputs, _decision,
                without => new RuleStage(
                    _snapshot.Rules!, _canonical, _client, _context.Connection, _eventId, without)
                {
                    Review = _noted is null ? null : new CodeFieldNotes(_snapshot.CodeFields, _canonical),
                });
        return rules.Concat(_scored.ChangedBy ?? []).Distinct(StringComparer.Ordinal);
    }

    /// <summary>The request was judged and goes nowhere: its decision is the answer.</summary>
    private void AnswerJudged()
    {
        if (!_isReported) Report();
        var isAnswered = !_decision.Forwards && _decision.StatusCode >= StatusCodes.Status200OK;
        _http.Response.StatusCode = isAnswered ? _decision.StatusCode : StatusCodes.Status200OK;
        _http.Response.ContentLength = 0;
    }

    private void Report()
    {
        _isReported = true;
        _rules?.Log();
        var duration = TimeSpan.FromSeconds((double)_inspectedTicks / Stopwatch.Frequency);
        _services.Meters.RequestDecided(_decision);
        _context.Span?.Decided(_decision, _snapshot.Document.Name, EventIds.Text(_eventId));
        LearningTally.Count(_snapshot.Scoring, _scored, _decision);
        if (_decision.Forwards) _services.Meters.Covered(_inputs.Coverage);
        _services.Meters.Inspected(duration);
        var facts = new DecisionFacts
        {
            EventId = "",
            Time = default,
            Client = _client,
            Decision = _decision,
            Matches = _rules?.Matches ?? [],
            AnomalyScore = _rules?.AnomalyScore ?? 0,
            Exclusions = Exclusions(),
            CodeFields = CodeFieldNotes.Of(_noted, _scored.CodeFields),
            Models = _scored.Models ?? [],
            ModelVariable = _scored.Variable,
            ModelExcerpt = _scored.Excerpt,
            Risk = ModelOutcomes.RiskOf(_scored),
            RiskAction = _scored.Action,
            Score = _scored.Models is null ? null : _scored.Score,
            RuleEvidence = _scored.RuleEvidence,
            IsSampled = IsSampled,
            Coverage = _inputs.Coverage,
            DryRunLimit = _inputs.Rate.DryRunLimit,
            Behaviour = _inputs.Behaviour,
            Schema = _inputs.Schema,
            Inspection = duration,
            Pod = _services.Pod,
        };
        _ruleScore = facts.AnomalyScore;
        if (facts.Behaviour.IsTold) _services.Meters.BehaviourActed(facts.Behaviour.Action);
        foreach (var match in facts.Matches) _services.Meters.RuleMatched(match.Id);
        foreach (var note in facts.CodeFields) _services.Meters.CodeFieldNoted(note.Field);
        if (facts.Exclusions.Count > 0)
        {
            foreach (var exclusion in ExclusionHits()) _services.Meters.ExclusionHit(exclusion);
        }

        var judged = _context.Connection.Judged;
        if (judged is null && !EventComposer.IsWanted(_snapshot.Document.Logging.Decisions, facts)) return;
        var securityEvent = EventComposer.Compose(
            _snapshot, _canonical, facts with
            {
                EventId = EventIds.Text(_eventId), Time = _services.Time.GetUtcNow(), Bot = BotOf(),
            });
        if (judged is not null)
        {
            judged.Add(securityEvent);
            return;
        }

        _services.Log.Add(securityEvent);
        _services.Shipper?.Add(securityEvent);
    }
}
