using System.Text.Json.Nodes;
using WafOperator.Cli.Output;

namespace WafOperator.Cli.Checks;

/// <summary>The checks themselves, as a table.</summary>
internal static class CheckList
{
    public static Report Of(IReadOnlyList<Check> checks) => new(
        new JsonArray([.. checks.Select(check => (JsonNode)new JsonObject
        {
            ["code"] = check.Code, ["title"] = check.Title, ["page"] = check.Page,
            ["pre"] = check.Stage is CheckStage.Before,
        })]),
        [.. checks.Select(check => check.Code)],
        (output, paint) =>
        {
            var table = new Table("CODE", "IS TRUE WHEN NOTHING IS FOUND", "PAGE");
            foreach (var check in checks) table.Add(check.Code, check.Title, check.Page);
            table.Write(output, paint);
        });
}
