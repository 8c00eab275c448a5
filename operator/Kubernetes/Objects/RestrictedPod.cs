using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Objects;

/// <summary>
/// Parts of pods that a controller creates (pure): restricted pod security, and a token for one audience alone.
/// </summary>
public static class RestrictedPod
{
    private const int TokenSeconds = 3600;

    /// <summary>A pod's part of the restricted pod security standard.</summary>
    public static JsonObject PodSecurity() => new()
    {
        ["runAsNonRoot"] = true, ["runAsUser"] = 65532, ["runAsGroup"] = 65532, ["fsGroup"] = 65532,
        ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
    };

    /// <summary>A container's part of it.</summary>
    public static JsonObject ContainerSecurity() => new()
    {
        ["allowPrivilegeEscalation"] = false, ["readOnlyRootFilesystem"] = true,
        ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
    };

    /// <summary>
    /// A volume with <c>token</c>, for one audience alone, and <c>ca.crt</c>, which its certificate is checked
    /// with.
    /// </summary>
    public static JsonObject Identity(string volume, string audience, string caConfigMap, string caKey) => new()
    {
        ["name"] = volume,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject
                {
                    ["serviceAccountToken"] = new JsonObject
                    {
                        ["path"] = "token", ["audience"] = audience, ["expirationSeconds"] = TokenSeconds,
                    },
                },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = caConfigMap,
                        ["items"] = new JsonArray(new JsonObject { ["key"] = caKey, ["path"] = "ca.crt" }),
                    },
                }),
        },
    };
}
