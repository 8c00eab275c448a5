using System.Text;
using WafOperator.Behaviour.Bots;
using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Behaviour;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Schemas;
using WafOperator.Proxy.Snapshots;

namespace WafOperator.Proxy.Reporting;

/// <summary>What is to be told about one decided request.</summary>
internal readonly record struct DecisionFacts
{
    public required string EventId { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required Address Client { get; init; }
    public required Decision Decision { get; init; }
    public IReadOnlyList<MatchedRule> Matches { get; init; }
    public int AnomalyScore { get; init; }
    public IReadOnlyList<string> Exclusions { get; init; }

    /// <summary>What was noted in fields that carry code.</summary>
    public IReadOnlyList<CodeFieldNote> CodeFields { get; init; }
    public IReadOnlyList<ModelResult> Models { get; init; }

    /// <summary>The part that models scored highest, as rules name it.</summary>
    public string? ModelVariable { get; init; }

    /// <summary>Its bytes that weighed most, not yet redacted.</summary>
    public string? ModelExcerpt { get; init; }
    public string? Risk { get; init; }

    /// <summary>The joint score; null when models did not run.</summary>
    public double? Score { get; init; }

    /// <summary>What rules added to its log-odds.</summary>
    public double RuleEvidence { get; init; }

    /// <summary>The policy's sample of decisions holds this one.</summary>
    public bool IsSampled { get; init; }

    /// <summary>What the policy does at that risk; Allow is silent.</summary>
    public RiskActionKind RiskAction { get; init; }
    public Coverage Coverage { get; init; }
    public string? DryRunLimit { get; init; }

    /// <summary>What the client did before.</summary>
    public BehaviourOutcome Behaviour { get; init; }

    /// <summary>What does not fit the API's description.</summary>
    public SchemaOutcome Schema { get; init; }

    /// <summary>Signs of a program in the head; null where they are not read.</summary>
    public BotReading? Bot { get; init; }
    public TimeSpan Inspection { get; init; }
    public string? Pod { get; init; }
}

/// <summary>Facts about a decision → the event that leaves the pod: bounded, and without secrets. Pure.</summary>
internal static class EventComposer
{
    private const int PathMax = 512;
    private const int HostMax = 256;
    private const int MethodMax = 32;
    private const int RulesMax = 64;
    private const int TagsMax = 32;
    private const int TextMax = 512;

    public static bool IsWanted(DecisionLogLevel level, in DecisionFacts facts) => level switch
    {
        DecisionLogLevel.None => false,
        DecisionLogLevel.Blocked => facts.Decision.WouldHave is not VerdictKind.Allow,
        DecisionLogLevel.Matched => facts.Decision.Reason is not (DecisionReason.None or DecisionReason.Off)
            || facts.Matches is { Count: > 0 } || facts.CodeFields is { Count: > 0 } || facts.DryRunLimit is not null
            || facts.RiskAction is not RiskActionKind.Allow
            || facts.Behaviour.IsTold || facts.IsSampled,
        _ => true,
    };

    public static SecurityEvent Compose(PolicySnapshot snapshot, CanonicalRequest request, in DecisionFacts facts)
    {
        var document = snapshot.Document;
        var decision = facts.Decision;
        var matches = facts.Matches ?? [];
        var holdsSecrets = (matches.Count > 0 || facts.ModelExcerpt is not null)
            && snapshot.Redactor.HoldsSecrets(request);
        return new SecurityEvent
        {
            Id = facts.EventId,
            Time = facts.Time,
            Namespace = document.Namespace,
            Policy = document.Name,
            Revision = document.Revision,
            Pod = facts.Pod,
            Client = facts.Client.ToString(),
            Method = Redactor.Bounded(Text(request[request.Method]), MethodMax),
            Path = Redactor.Path(Text(request[request.Path]), PathMax),
            Host = request.Host.IsEmpty ? null : Redactor.Bounded(Text(request[request.Host]), HostMax),
            Verdict = decision.Verdict,
            WouldHave = decision.WouldHave,
            Reason = decision.Reason.ToString(),
            Message = decision.Message is { } message
                ? snapshot.Redactor.Masked(
                    Explained(
                        WithoutQuotes(message, snapshot.Redactor, matches, holdsSecrets), decision, request),
                    TextMax)
                : facts.DryRunLimit is { } limit ? $"rate limit {limit} (dry run)" : null,
            StatusCode = decision.StatusCode,
            AnomalyScore = facts.AnomalyScore,
            Rules = Rules(snapshot, request, matches, holdsSecrets),
            Models = Models(snapshot, facts, holdsSecrets),
            Risk = facts.Risk,
            Score = facts.Score is { } score ? Math.Round(score, 6) : null,
            RuleEvidence = Math.Round(facts.RuleEvidence, 3),
            Bot = facts.Bot is { } bot ? new BotFinding { Weight = bot.Weight, Reasons = bot.Reasons() } : null,
            Behaviour = facts.Behaviour.IsTold
                ? new BehaviourFinding
                {
                    Risk = Math.Round(facts.Behaviour.Risk, 3), By = facts.Behaviour.By,
                    Action = facts.Behaviour.Action.ToString(),
                }
                : null,
            Api = facts.Schema.Schema is { } schema
                ? new ApiFinding
                {
                    Schema = schema, Operation = facts.Schema.Operation,
                    Reason = facts.Schema.Finding.Reason.ToString(), Message = facts.Schema.Finding.Message,
                }
                : null,
            Exclusions = facts.Exclusions ?? [],
            CodeFields = facts.CodeFields is { Count: > 0 } noted ? noted : null,
            Coverage = facts.Coverage.ToReport(),
            InspectionMicroseconds = (long)facts.Inspection.TotalMicroseconds,
        };
    }

    private static IReadOnlyList<ModelResult> Models(PolicySnapshot snapshot, in DecisionFacts facts, bool holdsSecrets)
    {
        if (facts is not { Models: { Count: > 0 } models, ModelExcerpt: { } text }) return facts.Models ?? [];
        var dataMax = snapshot.Document.Logging.MatchedDataBytesMax;
        var excerpt = snapshot.Redactor.Excerpt(facts.ModelVariable, text, holdsSecrets, dataMax);
        return [.. models.Select(model => model.Part is null ? model : model with { Excerpt = excerpt })];
    }

    private static List<RuleMatch> Rules(
        PolicySnapshot snapshot, CanonicalRequest request, IReadOnlyList<MatchedRule> matches, bool holdsSecrets)
    {
        var rules = new List<RuleMatch>();
        var dataMax = snapshot.Document.Logging.MatchedDataBytesMax;
        foreach (var match in matches)
        {
            if (rules.Count == RulesMax) break;
            var redactor = snapshot.Redactor;
            rules.Add(new RuleMatch
            {
                Id = match.Id,
                Message = redactor.MayShow(match.Variable, holdsSecrets) || !Quotes(match)
                    ? redactor.Masked(match.Message, TextMax)
                    : Redactor.Mask,
                Severity = match.Severity is RuleSeverity.None ? null : match.Severity.ToString(),
                Variable = Redactor.Bounded(match.Variable, 128),
                Data = BodyProblem(match, request)
                    ?? (match.Value.Length == 0 ? null : redactor.Excerpt(match.Variable, match.Value, holdsSecrets,
                        dataMax)),
                Tags = [.. match.Tags.Take(TagsMax).Select(tag => Redactor.Bounded(tag, 128))],
            });
        }

        return rules;
    }

    /// <summary>Which bounds were met, and where a reader stopped at one.</summary>
    private static string Explained(string message, in Decision decision, CanonicalRequest request)
    {
        if (decision.Reason is not DecisionReason.Limit || request.Exceeded is ExceededLimits.None) return message;
        return request.Problem is { } problem
            ? $"{message} ({request.Exceeded}: {problem.Reason} At byte {problem.Offset} of the body)"
            : $"{message} ({request.Exceeded})";
    }

    /// <summary>
    /// What a match on the outcome of reading the body is about: the reader's reason, its flags and where. Nothing of
    /// it is content of the request.
    /// </summary>
    private static string? BodyProblem(MatchedRule match, CanonicalRequest request)
    {
        if (request.Problem is not { } problem) return null;
        var isAboutBody = match.Variable.StartsWith("REQBODY_", StringComparison.Ordinal)
            || match.Variable.StartsWith("MULTIPART_STRICT", StringComparison.Ordinal);
        if (!isAboutBody) return null;
        var flags = request.Multipart is MultipartFlags.None ? "" : $" ({request.Multipart})";
        return $"{problem.Reason} At byte {problem.Offset} of the body{flags}";
    }

    /// <summary>A decision repeats its rule's message, which may quote what must not be shown.</summary>
    private static string WithoutQuotes(
        string message, Redactor redactor, IReadOnlyList<MatchedRule> matches, bool holdsSecrets)
    {
        foreach (var match in matches)
        {
            if (!Quotes(match) || redactor.MayShow(match.Variable, holdsSecrets)) continue;
            message = message.Replace(match.Message, Redactor.Mask, StringComparison.Ordinal);
        }

        return message;
    }

    /// <summary>True when a message repeats what matched.</summary>
    private static bool Quotes(MatchedRule match) =>
        match.Value.Length > 0 && match.Message.Contains(match.Value, StringComparison.Ordinal);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
