using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Injection.Containers;

/// <summary>
/// The sidecar's container, its volumes, and the init container that redirects: all restricted as far as they can be.
/// </summary>
internal sealed class SidecarContainer(InjectionSettings settings, SidecarResourcesSpec resources, long userId)
{
    public const string IdentityVolume = "waf-identity";
    public const string StateVolume = "waf-state";
    private const string IdentityFolder = "/var/run/secrets/wafoperator.dev";
    private const string StateFolder = "/var/lib/waf";
    private const string UpstreamCaFile = "upstream-ca.crt";
    private const int TokenSeconds = 3600;

    /// <summary>Variables that are set beside those whose names begin with <c>WAF_</c>.</summary>
    public static IReadOnlyList<string> Variables { get; } = ["TMPDIR", "DOTNET_EnableDiagnostics"];

    /// <summary>Volumes of the sidecar, and where it mounts them.</summary>
    public static IReadOnlyList<(string Volume, string Folder)> Mounts { get; } =
        [(IdentityVolume, IdentityFolder), (StateVolume, StateFolder)];

    /// <summary>
    /// The container. A native one starts before the application and ends after it; a classic one holds the next
    /// container back.
    /// </summary>
    public JsonObject Build(string policy, WafPolicySpec spec, IReadOnlyList<CapturedPort> ports)
    {
        var container = new JsonObject
        {
            ["name"] = WellKnown.SidecarContainer,
            ["image"] = settings.SidecarImage,
            ["imagePullPolicy"] = settings.ImagePullPolicy,
            ["env"] = Environment(policy, spec, ports),
            ["ports"] =
                new JsonArray(new JsonObject { ["name"] = "waf-admin", ["containerPort"] = settings.AdminPort,
                    ["protocol"] = "TCP" }),
            ["resources"] = Resources(),
            ["securityContext"] = Restricted(),
            ["volumeMounts"] = new JsonArray(
                new JsonObject { ["name"] = IdentityVolume, ["mountPath"] = IdentityFolder, ["readOnly"] = true },
                new JsonObject { ["name"] = StateVolume, ["mountPath"] = StateFolder }),
            ["readinessProbe"] = Probe("/readyz", period: 2, failures: 3),
            ["livenessProbe"] = Probe("/healthz", period: 10, failures: 6),
            ["terminationMessagePolicy"] = "FallbackToLogsOnError",
        };
        if (settings.NativeSidecars)
        {
            container["restartPolicy"] = "Always";
            // The kubelet starts the next container when this probe has passed: not before a policy is in force.
            container["startupProbe"] = Probe("/readyz", period: 1, failures: 3600);
            return container;
        }
        container["startupProbe"] = Probe("/healthz", period: 1, failures: 120);
        container["lifecycle"] = new JsonObject
        {
            ["postStart"] = new JsonObject { ["exec"] = new JsonObject { ["command"] = Texts(settings.WaitCommand) } },
        };
        return container;
    }

    /// <summary>
    /// The init container of capture mode redirect. It needs root and two capabilities, for as long as it runs.
    /// </summary>
    public JsonObject BuildRedirect(IEnumerable<CapturedPort> ports) => new()
    {
        ["name"] = WellKnown.InitContainer,
        ["image"] = settings.InitImage,
        ["imagePullPolicy"] = settings.ImagePullPolicy,
        ["args"] =
            Texts(ports.Select(port =>
                string.Create(CultureInfo.InvariantCulture, $"{port.ApplicationPort}={port.ListenPort}"))),
        ["resources"] = new JsonObject
        {
            ["requests"] = new JsonObject { ["cpu"] = settings.InitCpu, ["memory"] = settings.InitMemory },
            ["limits"] = new JsonObject { ["cpu"] = settings.InitCpu, ["memory"] = settings.InitMemory },
        },
        ["securityContext"] = new JsonObject
        {
            ["runAsUser"] = 0,
            ["runAsGroup"] = 0,
            ["runAsNonRoot"] = false,
            ["privileged"] = false,
            ["allowPrivilegeEscalation"] = false,
            ["readOnlyRootFilesystem"] = true,
            ["capabilities"] = new JsonObject { ["drop"] = Texts(["ALL"]), ["add"] = Texts(["NET_ADMIN"]) },
            ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
        },
        ["terminationMessagePolicy"] = "FallbackToLogsOnError",
    };

    /// <summary>
    /// Token and CA of the operator and the application's CA, if it has one of its own, kept up to date by the kubelet;
    /// and the folder for the last good policy.
    /// </summary>
    public static IReadOnlyList<JsonObject> Volumes(InjectionSettings settings, WafPolicySpec spec) =>
    [
        new()
        {
            ["name"] = IdentityVolume,
            ["projected"] = new JsonObject
            {
                ["sources"] = new JsonArray([
                    new JsonObject
                    {
                        ["serviceAccountToken"] = new JsonObject
                        {
                            ["audience"] = settings.TokenAudience,
                            ["expirationSeconds"] = TokenSeconds,
                            ["path"] = "token",
                        },
                    },
                    new JsonObject
                    {
                        ["configMap"] = new JsonObject
                        {
                            ["name"] = settings.CaConfigMap,
                            ["items"] = new JsonArray(new JsonObject { ["key"] = settings.CaKey, ["path"] = "ca.crt" }),
                        },
                    },
                    .. UpstreamCaSource(spec.Upstream?.Tls?.Ca),
                ]),
            },
        },
        new() { ["name"] = StateVolume, ["emptyDir"] = new JsonObject { ["sizeLimit"] = settings.StateSizeLimit } },
    ];

    /// <summary>Not optional: a pod waits for it, as for the operator's.</summary>
    private static IEnumerable<JsonObject> UpstreamCaSource(UpstreamCaSpec? ca)
    {
        if (ca is null) yield break;
        var kind = ca.Kind is CaSourceKind.Secret ? "secret" : "configMap";
        yield return new()
        {
            [kind] = new JsonObject
            {
                ["name"] = ca.Name,
                ["items"] = new JsonArray(new JsonObject { ["key"] = ca.Key, ["path"] = UpstreamCaFile }),
            },
        };
    }

    private JsonArray Environment(string policy, WafPolicySpec spec, IReadOnlyList<CapturedPort> ports)
    {
        var variables = new JsonArray(Basics(policy, ports));
        // What the sidecar has to know before it has a policy. Closed is its default.
        if (spec.FailureModes is { Config: FailureMode.Open }) variables.Add(Variable("WAF_WITHOUT_POLICY", "Open"));
        if (spec.Upstream is { Address: UpstreamAddress.Pod }) variables.Add(Field("WAF_POD_IP", "status.podIP"));
        if (spec.Upstream?.Tls?.Ca is { } ca)
        {
            variables.Add(Variable("WAF_UPSTREAM_CA", ca.Reference()));
            variables.Add(Variable("WAF_UPSTREAM_CA_FILE", $"{IdentityFolder}/{UpstreamCaFile}"));
        }

        if (settings.Metrics is { } metrics) variables.Add(Variable("WAF_METRICS", metrics));
        if (settings.TraceEndpoint is { } collector)
        {
            // OpenTelemetry's own names, which people know and the library reads.
            variables.Add(Variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector));
            variables.Add(Variable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
            variables.Add(Variable("OTEL_TRACES_SAMPLER", "traceidratio"));
            variables.Add(Variable(
                "OTEL_TRACES_SAMPLER_ARG", settings.TraceRatio.ToString("R", CultureInfo.InvariantCulture)));
        }

        return variables;
    }

    private JsonNode?[] Basics(string policy, IReadOnlyList<CapturedPort> ports) =>
    [
        Field("WAF_NAMESPACE", "metadata.namespace"),
        Field("WAF_POD", "metadata.name"),
        Variable("WAF_POLICY", policy),
        Variable("WAF_OPERATOR_URL", settings.OperatorUrl),
        Variable("WAF_TOKEN_FILE", IdentityFolder + "/token"),
        Variable("WAF_CA_FILE", IdentityFolder + "/ca.crt"),
        Variable("WAF_STATE_DIR", StateFolder),
        Variable("WAF_LISTENERS", string.Join(',', ports.Select(port =>
            string.Create(CultureInfo.InvariantCulture, $"{port.Name}={port.ListenPort}:{port.ApplicationPort}")))),
        Variable("WAF_ADMIN_PORT", settings.AdminPort.ToString(CultureInfo.InvariantCulture)),
        Variable("WAF_RULES_DIR", settings.RulesDirectory),
        Variable("WAF_MODELS_DIR", settings.ModelsDirectory),
        // The root file system is read-only: what .NET would put into /tmp goes to the state folder, and its
        // diagnostics are off.
        Variable("TMPDIR", StateFolder),
        Variable("DOTNET_EnableDiagnostics", "0"),
    ];

    private JsonObject Resources()
    {
        var limits = new JsonObject { ["memory"] = resources.MemoryLimit };
        if (resources.CpuLimit is { } cpu) limits["cpu"] = cpu;
        return new()
        {
            ["requests"] = new JsonObject { ["cpu"] = resources.CpuRequest, ["memory"] = resources.MemoryRequest },
            ["limits"] = limits,
        };
    }

    private JsonObject Restricted() => new()
    {
        ["runAsNonRoot"] = true,
        ["runAsUser"] = userId,
        ["runAsGroup"] = userId,
        ["privileged"] = false,
        ["allowPrivilegeEscalation"] = false,
        ["readOnlyRootFilesystem"] = true,
        ["capabilities"] = new JsonObject { ["drop"] = Texts(["ALL"]) },
        ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
    };

    private JsonObject Probe(string path, int period, int failures) => new()
    {
        ["httpGet"] = new JsonObject { ["path"] = path, ["port"] = settings.AdminPort },
        ["periodSeconds"] = period,
        ["timeoutSeconds"] = 2,
        ["failureThreshold"] = failures,
    };

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };

    private static JsonObject Field(string name, string path) => new()
    {
        ["name"] = name,
        ["valueFrom"] = new JsonObject { ["fieldRef"] = new JsonObject { ["fieldPath"] = path } },
    };

    private static JsonArray Texts(IEnumerable<string> values) =>
        new([.. values.Select(value => (JsonNode?)JsonValue.Create(value))]);
}
