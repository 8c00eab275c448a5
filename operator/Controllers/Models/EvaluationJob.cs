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

    /// <summary>Name of the ConfigMap with requests that people labelled, and its key.</summary>
    public const string FeedbackConfigMap = "waf-feedback";

    /// <summary>Lines as in a package's corpus.jsonl: method, uri, headers, body, label (1: an attack).</summary>
    public const string FeedbackKey = "requests.jsonl";

    /// <summary>The Job.</summary>
    /// <param name="version">The version.</param>
    /// <param name="digest">Its package.</param>
    /// <param name="baselineDigest">Package of the promoted version, or null.</param>
    /// <param name="settings">The installation.</param>
    public static JsonObject Build(
        ObjectMeta version, string digest, string? baselineDigest, EvaluationSettings settings)
    {
        var arguments = new JsonArray("evaluate", "--digest", digest);
        if (baselineDigest is not null)
        {
            arguments.Add("--baseline");
            arguments.Add(baselineDigest);
        }

        return Build(KeyOf(version.Key), version, Labels(version), PodSpec(arguments, settings));
    }

    /// <summary>Name of the Job that compares a version with its baseline on a version of the feedback.</summary>
    public static NamespacedName FeedbackKeyOf(NamespacedName version, string feedbackVersion) =>
        new(version.Namespace,
            $"{KeyOf(version).Name.Replace("waf-evaluate", "waf-feedback", StringComparison.Ordinal)}-{feedbackVersion}");

    /// <summary>That Job.</summary>
    public static JsonObject BuildFeedback(
        NamespacedName key, ObjectMeta version, string digest, string baselineDigest, EvaluationSettings settings)
    {
        var pod = PodSpec(
            new JsonArray(
                "evaluate", "--digest", digest, "--baseline", baselineDigest, "--requests", "/feedback/" + FeedbackKey),
            settings);
        pod["volumes"]!.AsArray().Add(new JsonObject
        {
            ["name"] = "feedback", ["configMap"] = new JsonObject { ["name"] = FeedbackConfigMap },
        });
        pod["containers"]![0]!["volumeMounts"]!.AsArray().Add(
            new JsonObject { ["name"] = "feedback", ["mountPath"] = "/feedback", ["readOnly"] = true });
        return Build(key, version, new JsonObject { [FeedbackLabel] = key.Name }, pod);
    }

    /// <summary>Label of the pods of a feedback Job: its name.</summary>
    public const string FeedbackLabel = ApiGroup.Name + "/feedback-job";

    private static JsonObject Build(NamespacedName key, ObjectMeta version, JsonObject labels, JsonObject pod)
    {
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = key.Namespace,
                ["name"] = key.Name,
                ["labels"] = labels.DeepClone(),
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
                    // What a mesh would add would not be what the operator made, and keep the Job from completing.
                    ["metadata"] = new JsonObject
                    {
                        ["labels"] = labels,
                        ["annotations"] = new JsonObject
                        {
                            ["sidecar.istio.io/inject"] = "false", ["linkerd.io/inject"] = "disabled",
                        },
                    },
                    ["spec"] = pod,
                },
            },
        };
    }

    /// <summary>The result in a pod's status; null while there is none.</summary>
    public static ModelEvaluation? ResultOf(KubernetesObject pod) =>
        Read(pod, words => new ModelEvaluation { Digest = "", Error = words });

    /// <summary>The same of a comparison.</summary>
    public static ModelComparison? ComparisonOf(KubernetesObject pod) =>
        Read(pod, words => new ModelComparison { Digest = "", BaselineDigest = "", Error = words });

    private static TResult? Read<TResult>(KubernetesObject pod, Func<string, TResult> failed)
        where TResult : class
    {
        foreach (var container in pod.Json.Items("status", "containerStatuses"))
        {
            if (container.Text("name") != Container || container.Text("state", "terminated", "message")
                is not { } message) continue;
            try
            {
                return JsonSerializer.Deserialize<TResult>(message, ProtocolJson.Default.Options);
            }
            catch (JsonException)
            {
                return failed("the evaluation's result cannot be read");
            }
        }

        return null;
    }

    private static JsonObject Labels(ObjectMeta version) => new()
    {
        ["app.kubernetes.io/managed-by"] = "waf-operator", [VersionLabel] = version.Uid,
    };

    private static JsonObject PodSpec(JsonArray arguments, EvaluationSettings settings) => new()
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
            ["args"] = arguments,
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
