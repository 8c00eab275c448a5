using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using WafOperator.Fuzz.Running;
using WafOperator.Injection;
using WafOperator.Injection.Capture;
using WafOperator.Policies.Files;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Schema;
using WafOperator.Webhooks.Reviews;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// Manifests as people and strangers write them: never an exception, never both objects and silence, the same twice.
/// </summary>
public sealed class ManifestTarget : FuzzTarget
{
    private readonly Pieces _inputs = new(
        [
            "apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolicy\nmetadata: {name: a}\nspec:\n  mode: Enforce\n  "
                + "rules: {paranoia: 2}\n",
            "apiVersion: wafoperator.dev/v1alpha1\nkind: WafExclusion\nmetadata: {name: a}\nspec: {policy: a, "
                + "reason: abc, rules: [\"1-2\"]}\n",
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: wafoperator.dev/v1alpha1, kind: InferencePool, "
                + "metadata: {name: p}, spec: {}}\n",
        ],
        [
            "\n", "  ", "- ", "? ", ": ", "{", "}", "[", "]", "&a ", "*a", "<<: ", "!!str ", "!x ", "|\n ", ">-\n ",
                "'", "\"", "\\x4", "#", "---\n", "...\n", "%YAML 1.1\n",
            "~", "Off", "0o7", "1e999", ".inf", "spec: ", "rules: ", "null", "\t", "\0", "\u0085",
                "inline: \"SecRule ARGS \\\"@rx (\\\" id:1\"", "9999999999999999999",
        ]);

    public override string Name => "manifest";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var text = Encoding.Latin1.GetString(input);
        var result = ManifestReader.Read(text);
        Require(result.Errors.All(error => error.Message.Length > 0 && error.Line >= 0), "an error says something");
        Require(result.Objects.All(item => item.Resource.Metadata.Name is { Length: > 0 }), "an object has a name");
        var file = PolicyFile.Load(text, DateTimeOffset.UnixEpoch);
        Require(file.Document is not null ^ file.Errors.Count > 0, "a document, or errors");
        Require(file.Document?.Revision == PolicyFile.Load(text, DateTimeOffset.UnixEpoch).Document?.Revision,
            "the same twice");
    }
}

/// <summary>JSON → YAML → JSON gives the same value back.</summary>
public sealed class YamlRoundTripTarget : FuzzTarget
{
    private static readonly string[] Words =
        ["a", "Off", "", " ", "1", "0x1", "- x", "a: b", "#", "é", "\n", "a\nb", "a\nb\n", "'", "\"", "\\", "~", "null",
            "*a", "&a", "{}", "x ", " x", "\u2028", "\t", "a\n\n", "%", "@"];

    public override string Name => "yaml-round-trip";

    public override byte[] Generate(Random random) =>
        Encoding.UTF8.GetBytes((Value(random, 0) ?? new JsonObject()).ToJsonString());

    public override void Check(byte[] input, Random random)
    {
        var node = JsonNode.Parse(input);
        if (node is null) return;
        Require(JsonNode.DeepEquals(node, YamlText.Read(YamlText.Write(node))), "what is written reads back");
    }

    private static JsonNode? Value(Random random, int depth)
    {
        switch (random.Next(depth < 4 ? 7 : 5))
        {
            case 0: return JsonValue.Create(random.Next(-1000, 1000));
            case 1: return JsonValue.Create(random.Next(2) == 0);
            case 2: return depth == 0 ? new JsonArray() : null;
            case 3 or 4: return JsonValue.Create(Word(random) + (random.Next(2) == 0 ? Word(random) : ""));
            case 5: return new JsonArray(
                [.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth + 1))]);
            default:
                var members = new JsonObject();
                for (var i = random.Next(4); i > 0; i--) members[Word(random) + "k"] = Value(random, depth + 1);
                return members;
        }
    }

    private static string Word(Random random) => Words[random.Next(Words.Length)];
}

/// <summary>
/// Hostile pods: the injector never throws and never changes its input; what it injects is injected once, and every
/// field of the pod that it does not own is kept.
/// </summary>
public sealed class InjectionTarget : FuzzTarget
{
    private static readonly InjectionSettings Settings = new()
    {
        SidecarImage = "registry.example/waf/sidecar:1",
        InitImage = "registry.example/waf/init:1",
        OperatorUrl = "https://waf-operator.waf-system.svc:9444",
    };

    private readonly Pieces _inputs = new(
        [
            "{\"metadata\":{\"labels\":{\"app\":\"a\"},\"annotations\":{\"wafoperator.dev/inject\":\"true\"}},\"spec\":{\"containers\":[{\"name\":\"a\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080}],\"livenessProbe\":{\"httpGet\":{\"port\":\"http\"}}}]}}",
            "{\"metadata\":{\"annotations\":{\"wafoperator.dev/inject\":\"true\"}},\"spec\":{\"initContainers\":[],\"volumes\":null,\"containers\":[{},7,null]}}",
        ],
        [
            "{}", "[]", "null", "7", "-1", "1e9", "\"\"", "\"http\"", ",", ":", "{", "}", "[", "]", "true",
                "\"ports\":", "\"name\":", "\"containerPort\":", "\"spec\":", "\"metadata\":null",
            "\"wafoperator.dev/ports\":\"http,99999\"", "\"wafoperator.dev/capture\":\"redirect\"",
                "\"hostNetwork\":true", "\"securityContext\":{\"runAsUser\":65532}", "\"labels\":[]",
        ]);

    public override string Name => "injection";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        if (Parse(input) is not { } pod) return;
        var before = pod.ToJsonString();
        var request = new PodInjectionInput
        {
            Pod = pod,
            Namespace = "shop",
            Services =
                [new() { Name = "a", Selector = new Dictionary<string, string> { ["app"] = "a" },
                    Targets = [random.Next(2) == 0 ? new("http", 0) : new(null, 8080)] }],
            Policy = new PolicyChoice.Found("shop", new WafPolicySpec()),
            Settings = Settings with { NativeSidecars = random.Next(2) == 0 },
        };
        var decision = Injector.Decide(request);
        _ = Injector.IsUnsettled(request);
        Require(pod.ToJsonString() == before, "the input is not changed");
        if (decision is not InjectionDecision.Inject inject) return;
        Require(Injector.Decide(
            request with { Pod = inject.Pod }) is InjectionDecision.Skip { Reason: SkipReason.AlreadyInjected },
                "injected once");
        Require(inject.Patch.All(operation => operation!["op"]!.GetValue<string>() is "add" or "replace"),
            "nothing is removed");
        var captured = CapturedPod.Read(inject.Pod);
        Require(captured is not null, "an injected pod has a sidecar");
        var labels = new Dictionary<string, string>();
        if ((pod["metadata"] as JsonObject)?["labels"] is JsonObject given && given["app"] is JsonValue app
            && app.TryGetValue<string>(out var value)) labels["app"] = value;
        Require(CaptureAudit.Uncaptured(captured!, labels, request.Services)
            .All(port => port.Kind != UncapturedKind.Around),
            "no Service leads around the sidecar");
    }

    /// <summary>As the webhook reads pods: valid UTF-8, no name twice.</summary>
    private static JsonObject? Parse(byte[] input)
    {
        try
        {
            return Utf8.IsValid(input)
                ? JsonNode.Parse(input, null, new() { AllowDuplicateProperties = false }) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Bodies of admission reviews: read or refused, and an answer is JSON with the uid.</summary>
public sealed class AdmissionTarget : FuzzTarget
{
    private readonly Pieces _inputs = new(
        ["{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\",\"operation\":\"CREATE\",\"object\":{}}}"],
        ["{", "}", "[", "]", "\"", "null", "7", "\"uid\":\"\"", "\"uid\":7", "\"request\":", ",", ":", "\\u0000",
            "\u00ff", "true", "\"object\":[]", "\"dryRun\":1"]);

    public override string Name => "admission-review";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var isRead = AdmissionRequest.TryRead(input, out var request, out var uid, out var problem);
        Require(isRead == request is not null, "a request, or a problem");
        Require(isRead || problem.Length > 0, "a problem says something");
        if (uid is null) return;
        var output = new ArrayBufferWriter<byte>();
        AdmissionResponse.Forbid(problem).Write(uid, output);
        Require(JsonNode.Parse(output.WrittenSpan)!["response"]!["uid"]!.GetValue<string>() == uid,
            "the answer carries the uid");
    }
}
