using System.Text.Json.Nodes;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Controllers.Bypass;

/// <summary>
/// The NetworkPolicies of a WafPolicy with <c>interception.networkPolicy</c>: pods may be reached on their sidecar and
/// on what it does not protect, not on the application's own ports. One for each set of open ports, since a
/// NetworkPolicy selects pods by label and allows ports by number. Pure.
/// </summary>
public static class BypassPolicies
{
    /// <summary>Label with the WafPolicy's uid.</summary>
    public const string OwnerLabel = ApiGroup.Name + "/policy-uid";

    /// <summary>The objects, by name; one port set at most once.</summary>
    public static IReadOnlyDictionary<string, JsonObject> Build(ObjectMeta policy, IEnumerable<CapturedPod> pods)
    {
        var objects = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var pod in pods.DistinctBy(pod => pod.OpenPortsLabel))
            objects[NameOf(policy.Name, pod.OpenPortsLabel)] = Build(policy, pod);
        return objects;
    }

    private static JsonObject Build(ObjectMeta policy, CapturedPod pod) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["namespace"] = policy.Namespace,
            ["name"] = NameOf(policy.Name, pod.OpenPortsLabel),
            ["labels"] = new JsonObject
            {
                ["app.kubernetes.io/managed-by"] = "waf-operator", [OwnerLabel] = policy.Uid,
            },
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = ApiGroup.ApiVersion, ["kind"] = "WafPolicy", ["name"] = policy.Name,
                ["uid"] = policy.Uid, ["controller"] = true,
            }),
        },
        ["spec"] = new JsonObject
        {
            ["podSelector"] = new JsonObject
            {
                ["matchLabels"] = new JsonObject { [WellKnown.OpenPortsLabel] = pod.OpenPortsLabel },
            },
            ["policyTypes"] = new JsonArray("Ingress"),
            ["ingress"] = new JsonArray(new JsonObject
            {
                ["ports"] = new JsonArray([.. pod.OpenPorts.Select(port =>
                    new JsonObject { ["protocol"] = "TCP", ["port"] = port })]),
            }),
        },
    };

    private static string NameOf(string policy, string ports)
    {
        const int PolicyLengthMax = 200;
        var name = policy.Length <= PolicyLengthMax ? policy : policy[..PolicyLengthMax].TrimEnd('-', '.');
        return $"waf-{name}-{ports}";
    }
}
