using System.Diagnostics;
using System.Globalization;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Behaviour;

namespace WafOperator.Proxy.Decisions;

/// <summary>
/// The one place where a request is let through or not. Pure: stages report, this decides; whether a part that is not
/// available means pass or refuse is decided in <see cref="Unavailable"/> and nowhere else.
/// </summary>
internal static class Decider
{
    private const string NoPolicy = "no policy was received yet";

    /// <summary>
    /// Reasons that a client can bring about. A pause is none of them: where it would matter, the rest of the body is
    /// waited for instead.
    /// </summary>
    private static readonly UninspectedSet ByClients = UninspectedSet.OfKind(UninspectedKind.Client);

    /// <summary>Of those, reasons that count where rules did not run.</summary>
    private static readonly UninspectedSet ModelReasons = UninspectedSet.Of(UninspectedReason.ModelBudget)
        .With(UninspectedReason.ModelParts).With(UninspectedReason.Malformed);

    public static Decision Decide(in DecisionInputs inputs)
    {
        if (!inputs.HasPolicy) return Config(inputs);
        if (inputs.Limit is LimitOutcome.Ambiguous)
        {
            return Refusal(VerdictKind.Block, DecisionReason.Protocol, 400)
                with { Message = "the request can be read in more than one way" };
        }

        // Order matters: what is cheap and certain first. A stage after the one that decided has not been asked.
        if (Access(inputs) is { } access) return access;
        // What a client did before refuses it here; where it is only recorded, the request is judged by itself first.
        var behaviour = Behaviour(inputs);
        if (behaviour is { Forwards: false }) return behaviour.Value;
        return Rate(inputs) ?? Limit(inputs)
            ?? Strictest(
                Strictest(Strictest(Strictest(Rules(inputs), Score(inputs)), Models(inputs)), Uninspected(inputs)),
                Schema(inputs))
            ?? behaviour ?? Passed(inputs);
    }

    /// <summary>
    /// Nothing that a later stage may find changes the decision: those need not run. A refusal that is only recorded
    /// lets the request go on, which is then inspected as any other.
    /// </summary>
    public static bool IsFinal(in DecisionInputs inputs) =>
        inputs.Access is AccessOutcome.Bypass
        || inputs.PolicyMode is InspectionMode.Enforce
            && (inputs.Access is not AccessOutcome.Pass || inputs.Rate.Limit is not null)
        || inputs is { Behaviour.Refuses: true, BehaviourMode: InspectionMode.Enforce }
        || inputs.Limit is LimitOutcome.Ambiguous || inputs.RouteMode is InspectionMode.Off
        || inputs.RouteMode is InspectionMode.Enforce
            && (inputs.Limit is LimitOutcome.BodyTooLarge
                || inputs.Limit is LimitOutcome.TooMuch && inputs.FailureModes.Uninspected is UninspectedOutcome.Block
                || inputs.Rules.Kind is RuleOutcomeKind.Interrupted
                || inputs.Rules.Kind is RuleOutcomeKind.Failed && RulesMode(inputs) is FailureMode.Closed);

    private static Decision Config(in DecisionInputs inputs) =>
        Unavailable(InspectionMode.Enforce, inputs.FailureModes.Config, NoPolicy)
        ?? Decision.Allowed with { Reason = DecisionReason.Unavailable, Message = NoPolicy };

    private static Decision? Access(in DecisionInputs inputs) => inputs.Access switch
    {
        AccessOutcome.ClientDenied => UnderMode(
            inputs.PolicyMode,
            Refusal(VerdictKind.Block, DecisionReason.AccessList, inputs.BlockStatus) with
            {
                Message = inputs.Feed is { } feed ? $"client is on the feed {feed}" : "client is not allowed",
            }),
        AccessOutcome.PathDenied => UnderMode(
            inputs.PolicyMode,
            Refusal(VerdictKind.Block, DecisionReason.AccessList, inputs.BlockStatus) with { Message = "path is not allowed" }),
        AccessOutcome.Bypass => Decision.Allowed with { Reason = DecisionReason.AccessList, Message = "client is not inspected" },
        _ => null,
    };

    private static Decision? Behaviour(in DecisionInputs inputs)
    {
        var behaviour = inputs.Behaviour;
        if (!behaviour.Refuses) return null;
        var isThrottled = behaviour.Action is BehaviourActionKind.Throttle;
        var refusal = Refusal(
            isThrottled ? VerdictKind.Limited : VerdictKind.Block, DecisionReason.Behaviour,
            isThrottled ? 429 : inputs.BlockStatus) with
        {
            RetryAfter = behaviour.RetryAfter,
            Form = behaviour.Action is BehaviourActionKind.Challenge ? BlockForm.Challenge : BlockForm.Respond,
            Message = string.Create(CultureInfo.InvariantCulture,
                $"{behaviour.Action} for what the client did before: risk {behaviour.Risk:0.00} by {behaviour.By}"),
        };
        return UnderMode(inputs.BehaviourMode, refusal);
    }

    private static Decision? Rate(in DecisionInputs inputs)
    {
        if (inputs.Rate.Limit is null) return null;
        var refusal = Refusal(VerdictKind.Limited, DecisionReason.RateLimit, 429) with
        {
            RetryAfter = inputs.Rate.RetryAfter, Message = $"rate limit {inputs.Rate.Limit}",
            RateLimit = inputs.Rate.Policy is { } policy ? (inputs.Rate.Limit, policy) : null,
        };
        return UnderMode(inputs.PolicyMode, refusal);
    }

    private static Decision? Limit(in DecisionInputs inputs) => inputs.Limit switch
    {
        LimitOutcome.BodyTooLarge => UnderMode(
            inputs.RouteMode,
            Refusal(VerdictKind.Block, DecisionReason.Limit, 413) with { Message = "the body is longer than the policy inspects" }),
        LimitOutcome.TooMuch when inputs.FailureModes.Uninspected is UninspectedOutcome.Block =>
            UnderMode(inputs.RouteMode, TooMuch(inputs)),
        _ => null,
    };

    private static Decision TooMuch(in DecisionInputs inputs) =>
        Refusal(VerdictKind.Block, DecisionReason.Limit, inputs.BlockStatus) with
        {
            Message = inputs.Coverage.Limits is ExceededLimits.None
                ? "the request has more parts or layers than are inspected"
                : $"the request has more parts or layers than are inspected: {inputs.Coverage.Limits}",
        };

    /// <summary>
    /// What the engines that ran did not object to, but did not see whole either. Whatever the policy chose, and what
    /// ordinary traffic consists of, passes; what a client can bring about follows the policy.
    /// </summary>
    private static Decision? Uninspected(in DecisionInputs inputs)
    {
        if (inputs.FailureModes.Uninspected is UninspectedOutcome.Record) return null;
        var missed = inputs.Coverage.Uninspected & ByClients;
        // Models that did not see everything leave the decision to rules that did; their own failure mode was asked
        // before. Whether a body that cannot be read is refused is the business of a rule, too, where there are rules.
        if (inputs.Rules.Kind is not RuleOutcomeKind.NotRun)
            missed = missed.Without(ModelReasons);
        missed = missed.Without(UninspectedReason.WindowTime);
        if (missed.IsEmpty) return null;
        if (missed.Contains(UninspectedReason.Limit)) return UnderMode(inputs.RouteMode, TooMuch(inputs));
        var message = $"not inspected whole: {missed}";
        if (missed.Contains(UninspectedReason.NoRoom))
        {
            return UnderMode(inputs.RouteMode, Refusal(VerdictKind.Unavailable, DecisionReason.Unavailable, 503)
                with { Message = message });
        }

        var status = missed == UninspectedSet.Of(UninspectedReason.Malformed) ? 400 : inputs.BlockStatus;
        return UnderMode(ModelModeOf(inputs), Refusal(VerdictKind.Block, DecisionReason.Uninspected, status)
            with { Message = message });
    }

    private static InspectionMode ModelModeOf(in DecisionInputs inputs) =>
        (InspectionMode)Math.Min((int)inputs.RouteMode, (int)inputs.ModelMode);

    private static Decision? Rules(in DecisionInputs inputs)
    {
        var rules = inputs.Rules;
        switch (rules.Kind)
        {
            case RuleOutcomeKind.Failed:
                return Unavailable(inputs.RouteMode, RulesMode(inputs), rules.Message, rules.Status);
            case RuleOutcomeKind.Interrupted or RuleOutcomeKind.WouldInterrupt:
                // A rule that names a status of its own keeps it; 403 is what rules say when they say nothing.
                var status = rules.Status is 0 or 403 ? inputs.BlockStatus : rules.Status;
                var refusal = Refusal(VerdictKind.Block, DecisionReason.Rules, status) with
                {
                    Form = rules.Form, RedirectUrl = rules.RedirectUrl, Message = rules.Message,
                };
                return UnderMode(
                    rules.Kind is RuleOutcomeKind.WouldInterrupt ? InspectionMode.Detect : inputs.RouteMode, refusal);
            default:
                return null;
        }
    }

    /// <summary>
    /// That the engine fails is a fault of ours; a request that is too much work for it is one that a client wrote.
    /// </summary>
    private static FailureMode RulesMode(in DecisionInputs inputs) =>
        inputs.Rules.IsExhausted && inputs.FailureModes.Uninspected is UninspectedOutcome.Block
            ? FailureMode.Closed
            : inputs.FailureModes.Rules;

    /// <summary>The anomaly score, where it does not interrupt by itself.</summary>
    private static Decision? Score(in DecisionInputs inputs)
    {
        var reason = ScoreRole.Of(inputs);
        if (reason is ScoreReason.None) return null;
        var said = inputs.Rules.Score.Refusal;
        var refusal = Refusal(
            VerdictKind.Block, DecisionReason.Rules, said.Status is 0 or 403 ? inputs.BlockStatus : said.Status) with
        {
            Form = said.Form, RedirectUrl = said.RedirectUrl, Message = ScoreRole.MessageOf(reason, inputs),
        };
        return UnderMode(said.IsEnforced ? inputs.RouteMode : InspectionMode.Detect, refusal);
    }

    /// <summary>The one that refuses; of two that do or do not, the first.</summary>
    private static Decision? Strictest(Decision? first, Decision? second) =>
        first is null || (first.Value.Forwards && second is { Forwards: false }) ? second : first;

    private static Decision? Models(in DecisionInputs inputs)
    {
        if (inputs.Decision is DecisionKind.Rules) return null;
        var mode = ModelModeOf(inputs);
        var models = inputs.Models;
        var unavailable = models.Kind switch
        {
            ModelOutcomeKind.Unavailable => Unavailable(mode, inputs.FailureModes.Ml, models.Message),
            ModelOutcomeKind.PoolUnavailable => Unavailable(mode, inputs.FailureModes.Pool, models.Message),
            _ => null,
        };
        if (models.Action is not RiskActionKind.Block || models.Kind is ModelOutcomeKind.NotRun) return unavailable;
        return UnderMode(
            mode, Refusal(VerdictKind.Block, DecisionReason.Model, inputs.BlockStatus) with { Message = models.Message });
    }

    /// <summary>What engines found goes before it: a request may be an attack and not fit, too.</summary>
    private static Decision? Schema(in DecisionInputs inputs)
    {
        var schema = inputs.Schema;
        if (schema.Schema is null) return null;
        return UnderMode(
            (InspectionMode)Math.Min((int)inputs.RouteMode, (int)schema.Mode),
            Refusal(VerdictKind.Block, DecisionReason.Schema, schema.Status) with
            {
                Form = BlockForm.Problem, Allow = schema.Allow,
                Message = schema.Operation is { } operation
                    ? $"ApiSchema {schema.Schema}, {operation}: {schema.Finding.Message}"
                    : $"ApiSchema {schema.Schema}: {schema.Finding.Message}",
            });
    }

    private static Decision Passed(in DecisionInputs inputs)
    {
        if (inputs.Rules.Kind is RuleOutcomeKind.Failed)
            return Decision.Allowed with { Reason = DecisionReason.Unavailable, Message = inputs.Rules.Message };
        if (inputs.Models.Kind is ModelOutcomeKind.Unavailable or ModelOutcomeKind.PoolUnavailable)
            return Decision.Allowed with { Reason = DecisionReason.Unavailable, Message = inputs.Models.Message };
        if (inputs.RouteMode is InspectionMode.Off) return Decision.Allowed with { Reason = DecisionReason.Off };
        var missed = inputs.Coverage.Uninspected & ByClients;
        return missed.IsEmpty
            ? Decision.Allowed
            : Decision.Allowed with { Reason = DecisionReason.Uninspected, Message = $"not inspected whole: {missed}" };
    }

    /// <summary>Fail open or closed. Null means open: the stages after this one go on.</summary>
    private static Decision? Unavailable(
        InspectionMode mode, FailureMode failureMode, string? message, int status = 0) => failureMode switch
    {
        FailureMode.Open => null,
        FailureMode.Closed => UnderMode(mode, Refusal(
            VerdictKind.Unavailable, DecisionReason.Unavailable, status is 0 ? 503 : status) with { Message = message }),
        _ => throw new UnreachableException(),
    };

    private static Decision Refusal(VerdictKind verdict, DecisionReason reason, int status) =>
        new(verdict, verdict, reason, status);

    /// <summary>Enforce does what was found; Detect lets it pass and keeps what was found.</summary>
    private static Decision? UnderMode(InspectionMode mode, Decision refusal) => mode switch
    {
        InspectionMode.Enforce => refusal,
        InspectionMode.Detect => refusal with { Verdict = VerdictKind.Allow },
        _ => null,
    };
}
