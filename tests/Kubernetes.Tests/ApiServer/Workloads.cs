using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Tests.ApiServer;

/// <summary>Builders of the workloads that tests need: only what matters shows in the test.</summary>
public static class Workloads
{
    public static JsonObject Pod(string ns, string name, string app) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["namespace"] = ns,
            ["name"] = name,
            ["labels"] = new JsonObject { ["app"] = app },
        },
        ["spec"] = PodSpec(),
    };

    public static JsonObject Deployment(string ns, string name, int replicas) => new()
    {
        ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["replicas"] = replicas,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = name } },
                ["spec"] = PodSpec(),
            },
        },
    };

    public static JsonObject Budget(string ns, string app) => new()
    {
        ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = app },
        ["spec"] = new JsonObject
        {
            ["minAvailable"] = 1,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = app } },
        },
    };

    /// <summary>What a kubelet would report of a pod that runs.</summary>
    public static Task MakeReadyAsync(KubernetesClient client, string ns, string name)
    {
        var status = new JsonObject
        {
            ["phase"] = "Running",
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
        };
        var patch = Patch.MergeStatus(new JsonObject { ["status"] = status });
        return client.PatchAsync(BuiltIn.Pods, new(ns, name), patch, CancellationToken.None);
    }

    /// <summary>A token of a service account for an audience, as a pod's projected volume would hold.</summary>
    public static async Task<string> TokenAsync(
        KubernetesClient client, string ns, string account, string audience, KubernetesObject? pod = null)
    {
        var type = new ResourceType(
            "", "v1", $"serviceaccounts/{account}/token", "TokenRequest", ResourceScope.Namespaced)
            .ReadAs(static o => o);
        var body = new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["metadata"] = new JsonObject { ["namespace"] = ns },
            ["spec"] = new JsonObject { ["audiences"] = new JsonArray(audience) },
        };
        if (pod is not null)
        {
            body["spec"]!["boundObjectRef"] = new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "Pod", ["name"] = pod.Metadata.Name, ["uid"] = pod.Metadata.Uid,
            };
        }

        var answer = await client.CreateAsync(type, body, CancellationToken.None);
        return answer.Text("status", "token")!;
    }

    private static JsonObject PodSpec() => new()
    {
        ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = "registry.local/app:1" }),
    };
}
