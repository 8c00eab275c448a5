using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources;

namespace WafOperator.Controllers.Models;

/// <summary>
/// The Job that offers one file of a PersistentVolumeClaim to the operator: the sidecar's image with the command
/// <c>offer</c>. Pure.
/// </summary>
public static class ClaimReaderJob
{
    /// <summary>Port of the offer.</summary>
    public const int Port = 16521;

    /// <summary>Name of the container.</summary>
    public const string Container = "offer";

    private const string MountPath = "/claim";

    /// <summary>A pod that cannot be scheduled or whose image cannot be had does not wait longer.</summary>
    private const int DeadlineSeconds = 300;

    /// <summary>Name of the Job for a digest.</summary>
    public static NamespacedName KeyOf(string ns, string digest) => new(ns, "waf-read-" + digest.Split(':')[^1][..16]);

    /// <summary>The Job.</summary>
    /// <param name="ns">Namespace of the claim.</param>
    /// <param name="claim">Name of the claim.</param>
    /// <param name="path">Path of the file inside it, without a leading slash.</param>
    /// <param name="digest">Digest of the package.</param>
    /// <param name="image">The sidecar's image.</param>
    public static JsonObject Build(string ns, string claim, string path, string digest, string image)
    {
        var key = KeyOf(ns, digest);
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = ns,
                ["name"] = key.Name,
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "waf-operator" },
            },
            ["spec"] = new JsonObject
            {
                ["backoffLimit"] = 0,
                ["activeDeadlineSeconds"] = DeadlineSeconds,
                ["ttlSecondsAfterFinished"] = DeadlineSeconds,
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["labels"] = new JsonObject
                        {
                            ["app.kubernetes.io/managed-by"] = "waf-operator",
                                [ApiGroup.Name + "/claim-reader"] = key.Name,
                        },
                    },
                    ["spec"] = PodSpec(claim, path, digest, image),
                },
            },
        };
    }

    /// <summary>Selects the pods of a Job.</summary>
    public static string SelectorOf(NamespacedName job) =>
        string.Create(CultureInfo.InvariantCulture, $"{ApiGroup.Name}/claim-reader={job.Name}");

    private static JsonObject PodSpec(string claim, string path, string digest, string image) => new()
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
            ["image"] = image,
            ["args"] = new JsonArray("offer", "--file", $"{MountPath}/{path}", "--digest", digest),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "offer", ["containerPort"] = Port }),
            ["resources"] = new JsonObject
            {
                ["requests"] = new JsonObject { ["cpu"] = "10m", ["memory"] = "64Mi" },
                ["limits"] = new JsonObject { ["memory"] = "256Mi" },
            },
            ["securityContext"] = new JsonObject
            {
                ["allowPrivilegeEscalation"] = false, ["readOnlyRootFilesystem"] = true,
                ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
            },
            ["volumeMounts"] = new JsonArray(
                new JsonObject { ["name"] = "claim", ["mountPath"] = MountPath, ["readOnly"] = true },
                new JsonObject { ["name"] = "tmp", ["mountPath"] = "/tmp" }),
        }),
        ["volumes"] = new JsonArray(
            new JsonObject
            {
                ["name"] = "claim",
                ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim, ["readOnly"] = true },
            },
            new JsonObject { ["name"] = "tmp", ["emptyDir"] = new JsonObject { ["sizeLimit"] = "64Mi" } }),
    };
}
