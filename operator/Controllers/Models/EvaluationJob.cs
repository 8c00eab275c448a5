using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols;
using WafOperator.Protocols.Models;
using WafOperator.Resources;
using ObjectMeta = WafOperator.Kubernetes.Objects.ObjectMeta;

namespace WafOperator.Controllers.Models;

/// <summary>What evaluation Jobs need of the installation.</summary>
public sealed record EvaluationSettings(
    string SidecarImage, string OperatorUrl, string TokenAudience, string CaConfigMap, string CaKey);

/// <summary>
/// The Job that runs a package on its own corpus before any traffic: the sidecar's image with the command
/// <c>evaluate</c>. The result is the container's termination message. Pure.
/// </summary>
public static class EvaluationJob
{
    private const string Container = "evaluate";
    private const int DeadlineSeconds = 600;

    /// <summary>Label with the ModelVersion's uid.</summary>
    public const string VersionLabel = ApiGroup.Name + "/model-version";

    /// <summary>Name of the Job of a version.</summary>
    public static NamespacedName KeyOf(NamespacedName version) =>
        new(version.Namespace, version.Name.Length <= 50 ? $"waf-evaluate-{version.Name}"
            : $"waf-evaluate-{version.Name[..50].TrimEnd('-', '.')}");

    /// <summary>The Job.</summary>
    public static JsonObject Build(ObjectMeta version, string digest, EvaluationSettings settings)
    {
        var key = KeyOf(version.Key);
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = key.Namespace,
                ["name"] = key.Name,
                ["labels"] = Labels(version),
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = ApiGroup.ApiVersion, ["kind"] = "ModelVersion", ["name"] = version.Name,
                        ["uid"] = version.Uid,
                    ["controller"] = true,
                }),
            },
            ["spec"] = new JsonObject
            {
                ["backoffLimit"] = 2,
                ["activeDeadlineSeconds"] = DeadlineSeconds,
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = Labels(version) },
                    ["spec"] = PodSpec(digest, settings),
                },
            },
        };
    }

    /// <summary>The result in a pod's status; null while there is none.</summary>
    public static ModelEvaluation? ResultOf(KubernetesObject pod)
    {
        foreach (var container in pod.Json.Items("status", "containerStatuses"))
        {
            if (container.Text("name") != Container || container.Text("state", "terminated", "message")
                is not { } message) continue;
            try
            {
                return JsonSerializer.Deserialize<ModelEvaluation>(message, ProtocolJson.Default.Options);
            }
            catch (JsonException)
            {
                return new ModelEvaluation { Digest = "", Error = "the evaluation's result cannot be read" };
            }
        }

        return null;
    }

    private static JsonObject Labels(ObjectMeta version) => new()
    {
        ["app.kubernetes.io/managed-by"] = "waf-operator", [VersionLabel] = version.Uid,
    };

    private static JsonObject PodSpec(string digest, EvaluationSettings settings) => new()
    {
        ["restartPolicy"] = "Never",
        ["automountServiceAccountToken"] = false,
        ["securityContext"] = new JsonObject
        {
            ["runAsNonRoot"] = true, ["runAsUser"] = 65532, ["runAsGroup"] = 65532, ["fsGroup"] = 65532,
            ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
        },
        ["containers"] = new JsonArray(new JsonObject
        {
            ["name"] = Container,
            ["image"] = settings.SidecarImage,
            ["args"] = new JsonArray("evaluate", "--digest", digest),
            ["env"] = new JsonArray(
                Variable("WAF_OPERATOR_URL", settings.OperatorUrl),
                Variable("WAF_TOKEN_FILE", "/var/run/secrets/waf/token"),
                Variable("WAF_CA_FILE", "/var/run/secrets/waf/ca.crt")),
            ["resources"] = new JsonObject
            {
                ["requests"] = new JsonObject { ["cpu"] = "100m", ["memory"] = "128Mi" },
                ["limits"] = new JsonObject { ["memory"] = "1Gi" },
            },
            ["securityContext"] = new JsonObject
            {
                ["allowPrivilegeEscalation"] = false, ["readOnlyRootFilesystem"] = true,
                ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
            },
            ["volumeMounts"] = new JsonArray(
                new JsonObject { ["name"] = "identity", ["mountPath"] = "/var/run/secrets/waf", ["readOnly"] = true },
                new JsonObject { ["name"] = "tmp", ["mountPath"] = "/tmp" }),
        }),
        ["volumes"] = new JsonArray(
            new JsonObject { ["name"] = "tmp", ["emptyDir"] = new JsonObject { ["sizeLimit"] = "512Mi" } },
            Identity(settings)),
    };

    private static JsonObject Identity(EvaluationSettings settings) => new()
    {
        ["name"] = "identity",
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject
                {
                    ["serviceAccountToken"] = new JsonObject
                    {
                        ["path"] = "token", ["audience"] = settings.TokenAudience, ["expirationSeconds"] = 3600,
                    },
                },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = settings.CaConfigMap,
                        ["items"] = new JsonArray(new JsonObject { ["key"] = settings.CaKey, ["path"] = "ca.crt" }),
                    },
                }),
        },
    };

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };
}
