using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Importing;

/// <summary>
/// Annotations of ingress-nginx → a policy for the Services behind the Ingress, where the sidecars are: ModSecurity's
/// switch and snippet, request limits, address lists. Pure.
/// </summary>
internal static class IngressImport
{
    private const string Prefix = "nginx.ingress.kubernetes.io/";
    private const int DefaultBurst = 5;

    /// <summary>Annotations that are read, or that are about something else than what a WAF does.</summary>
    private static readonly HashSet<string> Read = new(StringComparer.Ordinal)
    {
        "enable-modsecurity", "enable-owasp-core-rules", "enable-owasp-modsecurity-crs", "modsecurity-snippet",
        "modsecurity-transaction-id", "limit-rps", "limit-rpm", "limit-burst-multiplier", "whitelist-source-range",
        "denylist-source-range", "proxy-body-size",
    };

    private static readonly string[] OfTheWaf = ["modsecurity", "limit-", "whitelist", "denylist", "server-snippet",
        "configuration-snippet", "auth-", "proxy-body-size"];

    public static void Take(JsonElement ingress, Imported imported)
    {
        var (ns, name) = (ingress.Text("metadata", "namespace"), ingress.Text("metadata", "name") ?? "ingress");
        var about = $"Ingress {name}";
        var annotations = ingress.At("metadata", "annotations") is { ValueKind: JsonValueKind.Object } map
            ? map.EnumerateObject().Where(a => a.Name.StartsWith(Prefix, StringComparison.Ordinal))
                .ToDictionary(a => a.Name[Prefix.Length..], a => a.Value.ToString(), StringComparer.Ordinal)
            : [];
        foreach (var other in annotations.Keys.Where(key => !Read.Contains(key)
            && OfTheWaf.Any(word => key.StartsWith(word, StringComparison.Ordinal))))
            imported.Note($"{about}: {Prefix}{other} has no counterpart: left out");
        var services = ingress.Items("spec", "rules").SelectMany(rule => rule.Items("http", "paths"))
            .Select(path => path.Text("backend", "service", "name") ?? path.Text("backend", "serviceName"))
            .Append(ingress.Text("spec", "defaultBackend", "service", "name")).OfType<string>().Distinct().ToList();
        if (services.Count == 0) imported.Note($"{about}: it has no backend Service: the policy has no target");
        var rules = RulesOf(annotations, about, imported);
        var spec = rules.ToSpec(new JsonArray([.. services.Select(service =>
            (JsonNode)new JsonObject { ["kind"] = "Service", ["name"] = service })]));
        Limits(annotations, spec, about, imported);
        imported.AddPolicy(ns, name, spec);
        for (var i = 0; i < rules.Exclusions.Count; i++)
        {
            rules.Exclusions[i].Insert(0, "policy", name);
            imported.AddExclusion(ns, $"{name}-{i + 1}", rules.Exclusions[i]);
        }

        imported.Note(
            $"{about}: set spec.clientIdentity.trustedProxies to the network of the ingress controller's pods, "
            + "or all clients have its address");
    }

    private static ImportedRules RulesOf(Dictionary<string, string> annotations, string about, Imported imported)
    {
        var reader = new ModSecurityImport(imported);
        var rules = reader.Read(about, annotations.GetValueOrDefault("modsecurity-snippet") ?? "");
        if (annotations.GetValueOrDefault("enable-modsecurity") == "false") rules.Mode = "Off";
        if (annotations.GetValueOrDefault("enable-owasp-core-rules") == "true"
            || annotations.GetValueOrDefault("enable-owasp-modsecurity-crs") == "true") rules.UsesCoreRuleSet = true;
        if (!annotations.ContainsKey("enable-modsecurity"))
        {
            rules.UsesCoreRuleSet = true;
            imported.Note($"{about}: ModSecurity was not switched on there: the policy detects with owasp-crs");
        }

        if (annotations.GetValueOrDefault("proxy-body-size") is { } size && size.Length > 1
            && size.TrimEnd('k', 'K', 'm', 'M') is { Length: > 0 } digits && digits.All(char.IsAsciiDigit))
            imported.Note(
                $"{about}: proxy-body-size {size} stays the ingress's; bodies beyond spec.body.limit are refused "
                + "by the sidecar");
        return rules;
    }

    private static void Limits(Dictionary<string, string> annotations, JsonObject spec, string about, Imported imported)
    {
        var limits = new JsonArray();
        var factor = Number(annotations, "limit-burst-multiplier") ?? DefaultBurst;
        foreach (var (annotation, period) in new[] { ("limit-rps", "1s"), ("limit-rpm", "1m") })
        {
            if (Number(annotations, annotation) is not { } requests) continue;
            limits.Add(new JsonObject
            {
                ["name"] = annotation[6..], ["key"] = "Client", ["requests"] = requests, ["period"] = period,
                ["burst"] = requests * factor,
            });
            imported.Note($"{about}: {annotation} is counted by each pod for itself: divide it by the replicas");
        }

        if (limits.Count > 0) spec["rateLimits"] = limits;
        var lists = new JsonObject();
        Networks(annotations, "whitelist-source-range", "allowClients", lists);
        Networks(annotations, "denylist-source-range", "denyClients", lists);
        if (lists.Count > 0) spec["accessLists"] = lists;
    }

    private static void Networks(
        Dictionary<string, string> annotations, string annotation, string field, JsonObject lists)
    {
        var networks = (annotations.GetValueOrDefault(annotation) ?? "")
            .Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (networks.Length > 0)
            lists[field] = new JsonArray([.. networks.Select(network => (JsonNode)JsonValue.Create(network)!)]);
    }

    private static int? Number(Dictionary<string, string> annotations, string name) =>
        int.TryParse(annotations.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            && n is > 0 and <= 100_000 ? n : null;
}
