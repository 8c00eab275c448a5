using System.Net;
using Microsoft.AspNetCore.Http;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Inspection;

/// <summary>
/// The rules' part of one exchange: phases in order, their outcome as a value. An engine that fails is an outcome too; what
/// follows from it, the decision says. Not thread-safe.
/// </summary>
internal sealed class RuleStage : IDisposable
{
    /// <summary>Where rule sets keep the score: CRS 3, CRS 4.</summary>
    private static readonly string[] ScoreVariables = ["anomaly_score", "blocking_inbound_anomaly_score"];

    /// <summary>Where they keep the threshold: CRS 2, CRS 3 and 4; and what both have without being told.</summary>
    private static readonly string[] ThresholdVariables =
        ["inbound_anomaly_score_level", "inbound_anomaly_score_threshold"];

    private const long DefaultThreshold = 5;

    private readonly Transaction _transaction;
    private readonly RuleProgram _program;
    private bool _isLogged;
    private bool _isBroken;

    public RuleStage(
        RuleProgram program, CanonicalRequest canonical, Address client, ProxyConnection connection, UInt128 eventId,
        IReadOnlySet<long>? without = null)
    {
        _program = program;
        _transaction = program.Rent();
        if (without is not null) _transaction.Try(without);
        var address = client == connection.Peer ? connection.Remote?.Address : IPAddress.Parse(client.ToString());
        _transaction.Begin(canonical, new ConnectionFacts(
            address, connection.Remote?.Port ?? 0, connection.Local?.Address, connection.Local?.Port ?? 0, eventId));
    }

    /// <summary>Rules that matched and want to be told.</summary>
    public IReadOnlyList<MatchedRule> Matches => _transaction.Matches;

    /// <summary>
    /// The anomaly score does not interrupt by itself, because models have a say too. Set before the first phase.
    /// </summary>
    public bool DefersScore
    {
        init => _transaction.DefersScore = value;
    }

    /// <summary>Says which matches are only noted. Set before the body's phase.</summary>
    public IMatchReview? Review
    {
        set => _transaction.Review = value;
    }

    /// <summary>Values in which rules about attacks found something.</summary>
    public IReadOnlyList<RuleHit> Hits => _transaction.Hits;

    /// <summary>They found more than <see cref="Hits"/> holds.</summary>
    public bool HasDroppedHits => _transaction.DroppedHits > 0;

    /// <summary>Exclusions left something out that would have been tested.</summary>
    public bool HasSuppressed => _transaction.HasSuppressed;

    /// <summary>Ids of all rules that matched, silent ones included.</summary>
    public IReadOnlyList<long> MatchedIds => _transaction.MatchedRuleIds;

    public int AnomalyScore
    {
        get
        {
            long score = 0;
            foreach (var variable in ScoreVariables) score = Math.Max(score, _transaction.ReadNumber(variable) ?? 0);
            return (int)Math.Min(score, int.MaxValue);
        }
    }

    /// <summary>Rules want the body of requests.</summary>
    public bool WantsRequestBody => _transaction.WantsRequestBody;

    /// <summary>Rules want the body of responses.</summary>
    public bool WantsResponseBody => _transaction.WantsResponseBody;

    public bool WantsResponseType(string mediaType) =>
        _program.Settings.ResponseBodyTypes.Contains(mediaType, StringComparer.OrdinalIgnoreCase);

    public RuleOutcome RequestHead() => Run(static (transaction, _) => transaction.EvaluateRequestHeaders(), null);

    public RuleOutcome RequestBody() => Run(static (transaction, _) => transaction.EvaluateRequestBody(), null);

    public RuleOutcome ResponseHead(CanonicalResponse response) =>
        Run(static (transaction, head) => transaction.EvaluateResponseHeaders(head!), response);

    public RuleOutcome ResponseBody() => Run(static (transaction, _) => transaction.EvaluateResponseBody(), null);

    /// <summary>Phase 5: counters and logging rules. Once.</summary>
    public void Log()
    {
        if (_isLogged || _isBroken) return;
        _isLogged = true;
        Run(static (transaction, _) =>
        {
            transaction.EvaluateLogging();
            return null;
        }, null);
    }

    public void Dispose()
    {
        // A transaction that threw is in an unknown state: it is left to the collector instead of the pool.
        if (!_isBroken) _transaction.Dispose();
    }

    private RuleOutcome Run(Func<Transaction, CanonicalResponse?, Interruption?> phase, CanonicalResponse? response)
    {
        if (_isBroken) return Failed("the rule engine failed");
        try
        {
            var interruption = phase(_transaction, response);
            if (interruption is not null) return Interrupted(interruption);
            return _transaction.Exhausted
                ? Exhausted() with { Score = Judgement() }
                : new RuleOutcome(RuleOutcomeKind.Passed) { Score = Judgement() };
        }
        catch (Exception failure)
        {
            // The engine promises not to throw; if it does, the request must still get a defined outcome.
            _isBroken = true;
            return Failed($"the rule engine failed: {failure.GetType().Name}");
        }
    }

    private ScoreJudgement Judgement()
    {
        if (_transaction.ScoreJudgement is not { } judged) return default;
        long threshold = DefaultThreshold;
        foreach (var variable in ThresholdVariables) threshold = _transaction.ReadNumber(variable) ?? threshold;
        return new ScoreJudgement(
            true, _transaction.StandingScore >= threshold,
            new ScoreRefusal(judged.Status, FormOf(judged), judged.RedirectUrl, MessageOf(judged), judged.IsEnforced));
    }

    private static RuleOutcome Interrupted(Interruption interruption) => new(
        interruption.IsEnforced ? RuleOutcomeKind.Interrupted : RuleOutcomeKind.WouldInterrupt,
        FormOf(interruption), interruption.Status, interruption.RedirectUrl, MessageOf(interruption));

    private static BlockForm FormOf(Interruption interruption) => interruption.Action switch
    {
        InterruptionAction.Drop => BlockForm.Drop,
        InterruptionAction.Redirect => BlockForm.Redirect,
        _ => BlockForm.Respond,
    };

    private static string MessageOf(Interruption interruption) => $"rule {interruption.RuleId}: {interruption.Message}";

    /// <summary>The request is too much work, not the sidecar too weak: trying again would not help, so 413.</summary>
    private RuleOutcome Exhausted() => Failed(
        $"rule evaluation met its bound on work; rule {_transaction.DearestRuleId} took the most of it") with
    {
        Status = StatusCodes.Status413PayloadTooLarge, IsExhausted = true,
    };

    private static RuleOutcome Failed(string message) => new(RuleOutcomeKind.Failed, Message: message);
}
