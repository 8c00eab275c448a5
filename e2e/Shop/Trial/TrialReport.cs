using System.Globalization;
using System.Text.Json;

namespace WafOperator.E2e.Shop.Trial;

/// <summary>
/// Joins the answers of a trial with the sidecars' decision logs by event id, and draws the table request, verdict, reason.
/// </summary>
internal static class TrialReport
{
    private const int TitleWidth = 76;

    /// <summary>Returns 0 when every customer got through and every attack was blocked, else 1.</summary>
    public static int Write(IEnumerable<string> results, IEnumerable<string> decisionLog, TextWriter output)
    {
        var events = Events(decisionLog);
        var wrong = 0;
        output.WriteLine($"  {"REQUEST",-TitleWidth}  {"STATUS",-7} {"VERDICT",-9} REASON");
        TrialKind? section = null;
        foreach (var line in results)
        {
            if (!line.StartsWith('{')) continue;
            if (JsonSerializer.Deserialize(line, TrialJson.Default.TrialResult) is not { } result) continue;
            if (section is not null && section != result.Kind) output.WriteLine();
            section = result.Kind;
            var found = events.FirstOrDefault(one => result.Text.Contains(one.Id, StringComparison.Ordinal));
            var blocked = found.Id is not null || result.Status == StatusCodes.Status403Forbidden;
            var reached = result.Status is >= 100 and < 500 && !blocked;
            var right = result.Kind == TrialKind.Attack ? blocked : reached;
            if (!right) wrong++;
            var verdict = blocked ? "blocked" : reached ? "passed" : "failed";
            var mark = right ? ' ' : '!';
            var reason = found.Reason ?? (reached ? "" : blocked ? "(no event found in the logs)" : result.Text.ReplaceLineEndings(" "));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{mark} {Fit(result.Title),-TitleWidth}  {result.Status,-7} {verdict,-9} {reason}"));
        }
        output.WriteLine();
        output.WriteLine(wrong == 0 ? "Every customer got through, every attack was blocked." : $"{wrong} requests did not end as they should (!).");
        return wrong == 0 ? 0 : 1;
    }

    private static string Fit(string title) => title.Length <= TitleWidth ? title : title[..(TitleWidth - 1)] + "…";

    private static List<(string Id, string? Reason)> Events(IEnumerable<string> log)
    {
        var events = new List<(string Id, string? Reason)>();
        foreach (var line in log)
        {
            var start = line.IndexOf('{', StringComparison.Ordinal);
            if (start < 0 || !line.Contains("waf-event/", StringComparison.Ordinal)) continue;
            try
            {
                using var document = JsonDocument.Parse(line[start..]);
                var id = Text(document.RootElement, "id");
                if (!string.IsNullOrEmpty(id)) events.Add((id, Reason(document.RootElement)));
            }
            catch (JsonException)
            {
                // A line cut off by the log's limits names no event.
            }
        }
        return events;
    }

    /// <summary>The part that decided, the score, and the first rule of those with the highest severity.</summary>
    private static string Reason(JsonElement one)
    {
        var reason = Text(one, "reason") ?? "?";
        if (one.TryGetProperty("anomalyScore", out var score) && score.GetInt32() > 0)
            reason += string.Create(CultureInfo.InvariantCulture, $" score {score.GetInt32()}");
        if (!one.TryGetProperty("rules", out var rules) || rules.ValueKind != JsonValueKind.Array) return reason;
        var first = rules.EnumerateArray()
            .Where(rule => rule.GetProperty("id").GetInt64() is < 949_000 or > 999_999)
            .OrderBy(rule => Text(rule, "severity") is "CRITICAL" or "Critical" ? 0 : 1)
            .FirstOrDefault();
        if (first.ValueKind != JsonValueKind.Object) return reason;
        return $"{reason}: {first.GetProperty("id").GetInt64()} {Text(first, "message")} [{Text(first, "variable")}]";
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
