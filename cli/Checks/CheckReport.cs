using System.Text.Json.Nodes;
using WafOperator.Cli.Output;

namespace WafOperator.Cli.Checks;

/// <summary>Results of checks as people and programs read them. Pure.</summary>
internal static class CheckReport
{
    /// <param name="results">What was found.</param>
    /// <param name="isVerbose">Show checks that found nothing, too.</param>
    public static Report Of(IReadOnlyList<CheckResult> results, bool isVerbose) => new(
        new JsonObject
        {
            ["kind"] = "CheckReport",
            ["passed"] = results.Count(IsGood),
            ["unknown"] = results.Count(result => result.Unknown is not null),
            ["errors"] = CountOf(results, Severity.Error),
            ["warnings"] = CountOf(results, Severity.Warning),
            ["checks"] = new JsonArray([.. results.Select(Json)]),
        },
        [.. results.SelectMany(result => result.Findings).Select(finding => finding.Object.Split(' ')[0]).Distinct()],
        (output, paint) => Write(output, paint, results, isVerbose));

    public static int CountOf(IReadOnlyList<CheckResult> results, Severity severity) =>
        results.Sum(result => result.Findings.Count(finding => finding.Severity == severity));

    private static bool IsGood(CheckResult result) => result.Unknown is null && result.Findings.Count == 0;

    private static JsonObject Json(CheckResult result)
    {
        var json = new JsonObject
        {
            ["code"] = result.Check.Code,
            ["title"] = result.Check.Title,
            ["page"] = result.Check.Page,
            ["outcome"] = result.Unknown is not null ? "Unknown" : result.Findings.Count == 0 ? "Passed" : "Found",
        };
        if (result.Unknown is not null) json["why"] = result.Unknown;
        if (result.Findings.Count > 0)
        {
            json["findings"] = new JsonArray([.. result.Findings.Select(finding => (JsonNode)new JsonObject
            {
                ["severity"] = finding.Severity.ToString(),
                ["object"] = finding.Object,
                ["message"] = finding.Message,
                ["hint"] = finding.Hint,
            })]);
        }

        return json;
    }

    private static void Write(TextWriter output, Paint paint, IReadOnlyList<CheckResult> results, bool isVerbose)
    {
        foreach (var result in results)
        {
            if (IsGood(result))
            {
                if (isVerbose) output.WriteLine($"{paint.Good("ok     ")} {result.Check.Code}  {result.Check.Title}");
                continue;
            }

            if (result.Unknown is { } why)
            {
                output.WriteLine($"{paint.Weak("unknown")} {result.Check.Code}  {result.Check.Title}");
                output.WriteLine($"                {paint.Weak(PlainText.Of(why))}");
                continue;
            }

            output.WriteLine($"{Mark(paint, result.Findings.Max(f => f.Severity))} {result.Check.Code}  "
                + paint.Strong($"not so: {result.Check.Title}"));
            foreach (var finding in result.Findings)
            {
                output.WriteLine($"                {PlainText.Of(finding.Object)}: {PlainText.Of(finding.Message)}");
                output.WriteLine($"                {paint.Weak("→ " + PlainText.Of(finding.Hint))}");
            }

            if (result.Findings.Count == CheckRun.FindingsMax)
                output.WriteLine($"                (the first {CheckRun.FindingsMax} are shown)");
            output.WriteLine($"                {paint.Weak(result.Check.Page)}");
        }

        output.WriteLine($"{results.Count} checks: {results.Count(IsGood)} ok, "
            + $"{CountOf(results, Severity.Error)} errors, {CountOf(results, Severity.Warning)} warnings, "
            + $"{CountOf(results, Severity.Note)} notes, {results.Count(r => r.Unknown is not null)} unknown");
    }

    private static string Mark(Paint paint, Severity severity) => severity switch
    {
        Severity.Error => paint.Bad("error  "),
        Severity.Warning => paint.Warning("warning"),
        _ => paint.Weak("note   "),
    };
}
