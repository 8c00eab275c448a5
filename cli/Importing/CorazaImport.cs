using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Cli.Importing;

/// <summary>
/// Objects of the Coraza Kubernetes Operator (Engine, RuleSet, RuleSource, ConfigMaps with the key <c>rules</c>) →
/// one policy for each Engine. An Engine stands at a gateway, our sidecars at the workloads: targets are for people to
/// name. Pure.
/// </summary>
internal static class CorazaImport
{
    private const string Group = "waf.k8s.coraza.io/";

    public static bool IsTheirs(JsonElement item) =>
        item.Text("apiVersion")?.StartsWith(Group, StringComparison.Ordinal) is true;

    public static void Take(IReadOnlyList<JsonElement> objects, Imported imported)
    {
        foreach (var engine in objects.Where(item => IsTheirs(item) && item.Text("kind") == "Engine"))
            TakeEngine(engine, objects, imported);
    }

    private static void TakeEngine(JsonElement engine, IReadOnlyList<JsonElement> objects, Imported imported)
    {
        var (ns, name) = (engine.Text("metadata", "namespace"), engine.Text("metadata", "name") ?? "engine");
        var set = engine.Text("spec", "ruleSet", "name") ?? "";
        var reader = new ModSecurityImport(imported);
        var rules = reader.Read($"Engine {name}", "");
        if (Find(objects, "RuleSet", ns, set) is not { } ruleSet)
        {
            imported.Note($"Engine {name}: RuleSet {set} is not among the objects: give it to the import as well");
        }
        else
        {
            foreach (var source in ruleSet.Items("spec", "sources").Concat(ruleSet.Items("spec", "rules")))
            {
                var text = source.Text("name") is not { } wanted ? null
                    : Find(objects, "RuleSource", ns, wanted)?.Text("spec", "rules")
                        ?? Find(objects, "ConfigMap", ns, wanted)?.Text("data", "rules");
                if (text is null) imported.Note($"RuleSet {set}: {source.Text("name")} is not among the objects");
                else reader.Read(source.Text("name")!, text);
            }
        }

        var spec = rules.ToSpec([]);
        if (engine.Text("spec", "failurePolicy") is { } failure)
        {
            var mode = failure == "allow" ? "Open" : "Closed";
            spec["failureModes"] = new JsonObject { ["config"] = mode, ["rules"] = mode };
        }

        imported.AddPolicy(ns, name, spec);
        for (var i = 0; i < rules.Exclusions.Count; i++)
        {
            rules.Exclusions[i].Insert(0, "policy", name);
            imported.AddExclusion(ns, $"{name}-{i + 1}", rules.Exclusions[i]);
        }

        var gateway = engine.Text("spec", "target", "name") ?? "(by labels)";
        imported.Note(
            $"Engine {name}: it stands at gateway {gateway}: name the workloads behind it in spec.targetRefs");
    }

    private static JsonElement? Find(IReadOnlyList<JsonElement> objects, string kind, string? ns, string name)
    {
        foreach (var item in objects)
        {
            if (item.Text("kind") == kind && item.Text("metadata", "name") == name
                && (item.Text("metadata", "namespace") ?? ns) == ns) return item;
        }

        return null;
    }
}
