using System.Text.Json.Nodes;

namespace WafOperator.Injection;

/// <summary>Whether a pod's node selector or required node affinity leaves Windows nodes only.</summary>
internal static class WindowsNodes
{
    private static readonly string[] Labels = ["kubernetes.io/os", "beta.kubernetes.io/os"];

    public static bool Only(JsonObject? spec)
    {
        if (Labels.Any(label => PodView.Text(spec?["nodeSelector"] as JsonObject, label) == "windows")) return true;
        var required = Member(Member(spec?["affinity"], "nodeAffinity"),
            "requiredDuringSchedulingIgnoredDuringExecution");
        // Terms are alternatives: each of them has to ask for Windows.
        var terms = PodView.Objects(Member(required, "nodeSelectorTerms"));
        return terms.Count > 0
            && terms.All(term => PodView.Objects(term["matchExpressions"]).Any(AsksForWindows));
    }

    private static bool AsksForWindows(JsonObject expression) =>
        Labels.Contains(PodView.Text(expression, "key"))
        && PodView.Text(expression, "operator") == "In"
        && expression["values"] is JsonArray { Count: > 0 } values
        && values.All(value => value is JsonValue text && text.TryGetValue<string>(out var system)
            && system == "windows");

    private static JsonNode? Member(JsonNode? node, string name) => (node as JsonObject)?[name];
}
