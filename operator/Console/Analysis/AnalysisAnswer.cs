using System.Text.Json.Serialization;
using WafOperator.Console.Intake;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Judging;

namespace WafOperator.Console.Analysis;

/// <summary>An attack that was found, in the shape of the earlier system.</summary>
public sealed record DetectedAttack(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("confidence")] double Confidence,
    [property: JsonPropertyName("affected_fields")] IReadOnlyList<string> AffectedFields);

/// <summary>What was found, in the shape of the earlier system.</summary>
public sealed record AnalysisFindings(
    [property: JsonPropertyName("threat_level")] string ThreatLevel,
    [property: JsonPropertyName("confidence")] double Confidence,
    [property: JsonPropertyName("detected_attacks")] IReadOnlyList<DetectedAttack> DetectedAttacks,
    [property: JsonPropertyName("model_scores")] IReadOnlyDictionary<string, double> ModelScores);

/// <summary>A judged request: the earlier system's shape, and the decision as events have it.</summary>
public sealed record AnalysisAnswer(
    [property: JsonPropertyName("request_id")] string RequestId,
    [property: JsonPropertyName("analysis")] AnalysisFindings Analysis,
    [property: JsonPropertyName("recommendation")] string Recommendation,
    [property: JsonPropertyName("timestamp")] DateTimeOffset Timestamp)
{
    /// <summary>Line or entry of the call, from 1.</summary>
    [JsonPropertyName("line")]
    public long Line { get; init; }

    /// <summary>Status that the client would get; 200 for what passes on to the application.</summary>
    [JsonPropertyName("status_code")]
    public int StatusCode { get; init; }

    /// <summary>The whole decision; absent for what is refused before there is one, and in mode Off.</summary>
    [JsonPropertyName("decision")]
    public SecurityEvent? Decision { get; init; }

    /// <summary>What else is to be known.</summary>
    [JsonPropertyName("note")]
    public string? Note { get; init; }
}

/// <summary>Judged requests of a call that holds several.</summary>
public sealed record AnalysisList(
    [property: JsonPropertyName("requests")] int Requests,
    [property: JsonPropertyName("blocked")] int Blocked,
    [property: JsonPropertyName("results")] IReadOnlyList<AnalysisAnswer> Results)
{
    /// <summary>Requests that there was no time for, the last ones.</summary>
    [JsonPropertyName("not_judged")]
    public int NotJudged { get; init; }

    /// <summary>Lines that are no requests.</summary>
    [JsonPropertyName("left_out")]
    public int LeftOut { get; init; }

    /// <summary>The first of them, with their numbers.</summary>
    [JsonPropertyName("problems")]
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>A judgement → the answer. Pure.</summary>
public static class AnalysisShape
{
    /// <summary>Where a model finds an attack of a family in a part.</summary>
    private const double Threshold = 0.5;

    /// <param name="judged">The judgement.</param>
    /// <param name="revision">Revision of the policy, as pods report it.</param>
    /// <param name="line">Line of the request.</param>
    /// <param name="now">The time.</param>
    public static AnalysisAnswer Of(Judgement judged, string revision, long line, DateTimeOffset now)
    {
        var isBlocked = judged.Verdict is not VerdictKind.Allow;
        var decision = judged.Decision is { } decided ? decided with { Revision = revision } : null;
        return new AnalysisAnswer(
            (decision is { } e && Guid.TryParse(e.Id, out var id) ? id : Guid.NewGuid()).ToString("d"),
            decision is null ? WithoutDecision(isBlocked) : Findings(decision, isBlocked),
            isBlocked ? "BLOCK" : "ALLOW", decision?.Time ?? now)
        {
            Line = line, StatusCode = judged.Status, Decision = decision, Note = NoteOf(judged, isBlocked),
        };
    }

    private static string? NoteOf(Judgement judged, bool isBlocked) => judged switch
    {
        { Decision: null } when isBlocked => "the sidecar refuses these bytes before it inspects them: they are no "
            + "request that it can read",
        { Decision: null } => "the policy's mode is Off: nothing is inspected",
        { Requests: > 1 } => $"the bytes hold {judged.Requests} requests; the first one is judged",
        _ => null,
    };

    private static AnalysisFindings WithoutDecision(bool isBlocked) => new(
        isBlocked ? "medium" : "none", isBlocked ? 1 : 0,
        isBlocked ? [new DetectedAttack("PROTOCOL_VIOLATION", 1, [])] : [], new Dictionary<string, double>());

    private static AnalysisFindings Findings(SecurityEvent e, bool isBlocked)
    {
        var scored = e.Models.Where(model => model.Outcome == "Scored").ToList();
        var confidence = e.Score ?? (isBlocked ? 1 : 0);
        return new AnalysisFindings(
            ThreatLevels.Of(e).ToString().ToLowerInvariant(), confidence, Attacks(e, scored, isBlocked, confidence),
            scored.GroupBy(model => model.Model, StringComparer.Ordinal).ToDictionary(
                model => model.Key, model => Math.Round(model.Max(m => m.Score), 6), StringComparer.Ordinal));
    }

    private static List<DetectedAttack> Attacks(
        SecurityEvent e, List<ModelResult> scored, bool isBlocked, double confidence)
    {
        var found = new Dictionary<string, (double Confidence, SortedSet<string> Fields)>(StringComparer.Ordinal);
        foreach (var rule in e.Rules)
        {
            // A match is certain; how much of an attack it is, the joint score says.
            foreach (var family in rule.Tags.Select(AttackKinds.FamilyOfTag).OfType<string>().Distinct())
                Add(family, confidence, rule.Variable);
        }

        foreach (var model in scored.Where(model => model.Family is not null && model.Score >= Threshold))
        {
            if (AttackKinds.FamilyOf(model.Family!) is { } family) Add(family, model.Score, model.Part);
        }

        // Rules that add up scores are of that family: it says nothing beside another.
        if (found.Count > 1) found.Remove("generic");
        if (found.Count == 0 && isBlocked) Add(AttackKinds.Of(e), confidence, null);
        return
        [
            .. found.OrderByDescending(attack => attack.Value.Confidence).ThenBy(attack => attack.Key)
                .Select(attack => new DetectedAttack(
                    TypeOf(attack.Key), Math.Round(attack.Value.Confidence, 6), [.. attack.Value.Fields])),
        ];

        void Add(string family, double score, string? part)
        {
            var known = found.GetValueOrDefault(family);
            var fields = known.Fields ?? new SortedSet<string>(StringComparer.Ordinal);
            if (FieldOf(part) is { } field) fields.Add(field);
            found[family] = (Math.Max(known.Confidence, score), fields);
        }
    }

    /// <summary>A part as the earlier system names fields; null for what is about the request as a whole.</summary>
    private static string? FieldOf(string? part)
    {
        if (part is null) return null;
        var colon = part.IndexOf(':', StringComparison.Ordinal);
        var (kind, name) = colon < 0 ? (part, "") : (part[..colon], part[(colon + 1)..]);
        return kind.ToUpperInvariant() switch
        {
            "ARGS" or "ARGS_GET" or "ARGS_POST" or "ARGS_NAMES" or "QUERY" or "FORM" or "JSON" when name.Length > 0 =>
                name,
            "REQUEST_HEADERS" or "HEADER" when name.Length > 0 => $"header:{name}",
            "REQUEST_COOKIES" or "COOKIE" when name.Length > 0 => $"cookie:{name}",
            "REQUEST_BODY" or "XML" or "BODY" => "body",
            "REQUEST_URI" or "REQUEST_URI_RAW" or "REQUEST_FILENAME" or "PATH" => "uri",
            "TX" or "REQUEST_LINE" => null,
            _ => part,
        };
    }

    private static string TypeOf(string family) => family switch
    {
        "sqli" => "SQL_INJECTION",
        "xss" => "CROSS_SITE_SCRIPTING",
        "rce" => "COMMAND_INJECTION",
        "lfi" => "PATH_TRAVERSAL",
        "rfi" => "REMOTE_FILE_INCLUSION",
        "php" => "PHP_INJECTION",
        "java" => "JAVA_INJECTION",
        "nosql" => "NOSQL_INJECTION",
        "ssti" => "TEMPLATE_INJECTION",
        "ldap" => "LDAP_INJECTION",
        "protocol" => "PROTOCOL_VIOLATION",
        "sessionfixation" => "SESSION_FIXATION",
        _ => family.Replace('-', '_').ToUpperInvariant(),
    };
}
