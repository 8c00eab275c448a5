using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Cli.Output;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Judging;
using WafOperator.Recordings;

namespace WafOperator.Cli.Replaying;

/// <summary>What a replay found, counted; the first blocked requests are kept. Pure.</summary>
internal sealed class ReplayTally(int shownMax)
{
    private readonly List<(RecordedRequest Request, Judgement Verdict)> _blocked = [];
    private readonly Dictionary<string, int> _reasons = new(StringComparer.Ordinal);
    private readonly Dictionary<(long Rule, string? Message), int> _rules = [];

    public int Requests { get; private set; }

    /// <summary>Requests that Enforce blocks.</summary>
    public int Blocked { get; private set; }

    /// <summary>Requests that were not inspected whole.</summary>
    public int NotWhole { get; private set; }

    /// <summary>Labelled attacks, and those of them that were blocked.</summary>
    public (int All, int Blocked) Attacks { get; private set; }

    /// <summary>Labelled harmless requests, and those of them that were blocked.</summary>
    public (int All, int Blocked) Harmless { get; private set; }

    public void Add(RecordedRequest request, Judgement verdict)
    {
        Requests++;
        var isBlocked = verdict.Verdict is not VerdictKind.Allow;
        if (verdict.Decision is null or { Coverage.IsWhole: false }) NotWhole++;
        if (request.IsAttack is true) Attacks = (Attacks.All + 1, Attacks.Blocked + (isBlocked ? 1 : 0));
        if (request.IsAttack is false) Harmless = (Harmless.All + 1, Harmless.Blocked + (isBlocked ? 1 : 0));
        if (!isBlocked) return;
        Blocked++;
        var reason = verdict.Decision?.Reason ?? $"status {verdict.Status}";
        _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
        foreach (var rule in Finders(verdict.Decision).DistinctBy(rule => rule.Id))
            _rules[(rule.Id, rule.Message)] = _rules.GetValueOrDefault((rule.Id, rule.Message)) + 1;
        if (_blocked.Count < shownMax) _blocked.Add((request, verdict));
    }

    public Report ToReport(RecordingProblems problems) => new(
        Json(problems), [.. _blocked.Select(item => item.Request.Target)],
        (output, paint) => Write(output, paint, problems));

    private JsonObject Json(RecordingProblems problems) => new()
    {
        ["kind"] = "ReplayReport",
        ["requests"] = Requests,
        ["blocked"] = Blocked,
        ["notInspectedWhole"] = NotWhole,
        ["unreadable"] = problems.Count,
        ["labelledAttacks"] = new JsonObject { ["all"] = Attacks.All, ["blocked"] = Attacks.Blocked },
        ["labelledHarmless"] = new JsonObject { ["all"] = Harmless.All, ["blocked"] = Harmless.Blocked },
        ["reasons"] = new JsonObject([.. _reasons.OrderByDescending(r => r.Value)
            .Select(r => KeyValuePair.Create(r.Key, (JsonNode?)JsonValue.Create(r.Value)))]),
        ["rules"] = new JsonArray([.. Top(50).Select(rule => (JsonNode)new JsonObject
        {
            ["id"] = rule.Key.Rule, ["message"] = rule.Key.Message, ["requests"] = rule.Value,
        })]),
        ["shown"] = new JsonArray([.. _blocked.Select(item => (JsonNode)new JsonObject
        {
            ["line"] = item.Request.Line,
            ["method"] = item.Request.Method,
            ["target"] = item.Request.Target,
            ["reason"] = item.Verdict.Decision?.Reason,
            ["message"] = item.Verdict.Decision?.Message,
            ["score"] = item.Verdict.Decision?.AnomalyScore,
            ["rules"] = new JsonArray([.. Finders(item.Verdict.Decision).Select(r =>
                (JsonNode)JsonValue.Create(r.Id)!)]),
        })]),
    };

    private IEnumerable<KeyValuePair<(long Rule, string? Message), int>> Top(int count) =>
        _rules.OrderByDescending(rule => rule.Value).ThenBy(rule => rule.Key.Rule).Take(count);

    private void Write(TextWriter output, Paint paint, RecordingProblems problems)
    {
        if (_blocked.Count > 0)
        {
            var table = new Table("LINE", "REQUEST", "REASON", "FOUND");
            foreach (var (request, verdict) in _blocked)
                table.Add(
                    request.Line.ToString(CultureInfo.InvariantCulture), $"{request.Method} {request.Target}",
                    Cell.Of(verdict.Decision?.Reason ?? $"status {verdict.Status}", false), Found(verdict.Decision));
            table.Write(output, paint);
            if (Blocked > _blocked.Count) output.WriteLine($"… and {Blocked - _blocked.Count} more (--show)");
            output.WriteLine();
        }

        if (_rules.Count > 0)
        {
            var table = new Table("RULE", "REQUESTS", "MESSAGE");
            foreach (var (rule, count) in Top(10))
                table.Add(rule.Rule.ToString(CultureInfo.InvariantCulture), $"{count}", rule.Message);
            table.Write(output, paint);
            output.WriteLine();
        }

        foreach (var problem in problems.Kept) output.WriteLine(paint.Weak($"left out: line {PlainText.Of(problem)}"));
        output.WriteLine($"{Requests} requests: {Blocked} would be blocked ({Percent(Blocked, Requests)}), "
            + $"{NotWhole} not inspected whole, {problems.Count} lines left out");
        if (Attacks.All + Harmless.All > 0)
            output.WriteLine($"labelled: {Attacks.Blocked} of {Attacks.All} attacks blocked "
                + $"({Percent(Attacks.Blocked, Attacks.All)}), {Harmless.Blocked} of {Harmless.All} harmless ones "
                + $"({Percent(Harmless.Blocked, Harmless.All)})");
    }

    /// <summary>Rules that found something, without those of the Core Rule Set that only add up scores.</summary>
    private static IEnumerable<RuleMatch> Finders(SecurityEvent? decision) =>
        (decision?.Rules ?? []).Where(rule => (rule.Id / 1000) is not (949 or 959 or 980));

    private static string Found(SecurityEvent? decision)
    {
        if (decision is null) return "";
        var rules = Finders(decision)
            .Select(rule => rule.Variable is null ? $"{rule.Id}" : $"{rule.Id} in {rule.Variable}").Distinct().ToList();
        var text = string.Join(", ", rules.Take(3)) + (rules.Count > 3 ? $" and {rules.Count - 3} more" : "");
        return text.Length > 0 ? text : decision.Message ?? "";
    }

    private static string Percent(int part, int whole) => whole == 0 ? "-"
        : (100.0 * part / whole).ToString("0.##", CultureInfo.InvariantCulture) + " %";
}
