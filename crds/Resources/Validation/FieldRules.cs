using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Resources.Quantities;

namespace WafOperator.Resources.Validation;

/// <summary>
/// Each CEL rule of the schemas once more in C#, by its id: clusters before 1.25 drop CEL silently and must be safe as
/// well. A test holds the two lists equal. The structure below <c>self</c> was checked before; defaults are filled in.
/// </summary>
public static class FieldRules
{
    /// <summary>Protocols that would bring more requests, or that are inspected without being named.</summary>
    private static readonly string[] CarryHttp = ["websocket", "h2", "http", "tls"];

    private static readonly Dictionary<string, Func<JsonObject, JsonObject?, bool>> Checks = new(StringComparer.Ordinal)
    {
        ["target-group"] = (self, _) => self["group"] is not { } group
            || group.GetValue<string>() == (Text(self, "kind") switch
            {
                "Service" or "Pod" => "",
                "Job" or "CronJob" => "batch",
                _ => "apps",
            }),
        ["target-selector"] = (self, _) => Text(self, "kind") == "Pod"
            ? self["selector"] is not null && self["name"] is null
            : self["name"] is not null && self["selector"] is null,
        ["label-values"] = (self, _) => Text(self, "operator") is "In" or "NotIn" == Count(self, "values") > 0,
        ["paranoia-order"] = (self, _) => Number(self, "detectionParanoia") is not { } detection
            || detection >= (Number(self, "paranoia") ?? 1),
        ["threshold-order"] = (self, _) => Fraction(self, "medium") <= Fraction(self, "high")
            && Fraction(self, "high") <= Fraction(self, "critical"),
        ["rate-limit-key"] = (self, _) =>
            Text(self, "key") is not ("Session" or "Header" or "JwtClaim" or "Parameter")
            || Text(self, "keyName").Length > 0,
        ["rate-limit-distinct"] = (self, _) => self["distinct"] is null
            || (Number(self, "requests") <= 1000 && self["cost"] is null && self["burst"] is null),
        ["distinct-name"] = (self, _) => Text(self, "of") == "Client" || Text(self, "name").Length > 0,
        ["distinct-of"] = (self, _) => Text(self, "of") != "Route",
        ["exclusion-what"] = (self, _) => Count(self, "rules") + Count(self, "families") + Count(self, "models") > 0,
        ["serving-pool"] = (self, _) => Text(self, "mode") != "Pool" || Text(self, "pool").Length > 0,
        ["autoscaling-order"] = (self, _) => (Number(self, "minReplicas") ?? 1) <= (Number(self, "maxReplicas") ?? 4),
        ["route-upgrades"] = (self, _) => (self["upgrades"] as JsonArray ?? []).All(token =>
            !CarryHttp.Any(start => token!.GetValue<string>().StartsWith(start, StringComparison.Ordinal))),
        ["upstream-tls-name"] = (self, _) => self["serverName"] is not null || Flag(self, "insecureSkipVerify"),
        ["upstream-tls-ca"] = (self, _) => self["ca"] is null || !Flag(self, "insecureSkipVerify"),
        ["immutable"] = (self, old) => old is null || SameIn(self, old, "model", "version", "artifact"),
    };

    /// <summary>Ids of all rules.</summary>
    public static IReadOnlyCollection<string> Ids => Checks.Keys;

    /// <summary>Whether a rule holds. Throws <see cref="KeyNotFoundException"/> for an id without a check.</summary>
    public static bool Holds(string id, JsonObject self, JsonObject? old) => Checks[id](self, old);

    private static bool SameIn(JsonObject self, JsonObject old, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
            if (!JsonNode.DeepEquals(self["spec"]?[field], old["spec"]?[field])) return false;
        return true;
    }

    private static string Text(JsonObject self, string name) => self[name]?.GetValue<string>() ?? "";

    private static long? Number(JsonObject self, string name) =>
        self[name] is { } node ? long.Parse(node.ToJsonString(), CultureInfo.InvariantCulture) : null;

    private static decimal Fraction(JsonObject self, string name) =>
        DecimalText.TryParse(Text(self, name), out var value) ? value : 0;

    private static bool Flag(JsonObject self, string name) => self[name]?.GetValue<bool>() is true;

    private static int Count(JsonObject self, string name) => (self[name] as JsonArray)?.Count ?? 0;
}
