using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WafOperator.E2e.Scenarios.Environment;
using WafOperator.Protocols.Models;
using WafOperator.Resources;
using WafOperator.Resources.Models;

namespace WafOperator.E2e.Scenarios.Rollouts;

/// <summary>Scenarios that share one shop with promoted models and traffic; one rollout after the other.</summary>
[CollectionDefinition(Name)]
public sealed class RolloutCollection : ICollectionFixture<RolloutShop>
{
    public const string Name = "rollouts";
}

/// <summary>
/// The shop behind a policy with models: gate 1.0.0 and payload-cnn 1.0.0 are promoted, and clients with many addresses
/// send harmless requests and attacks all the time.
/// </summary>
public sealed class RolloutShop : IAsyncLifetime, IAsyncDisposable
{
    /// <summary>
    /// Short stages, so that a scenario takes seconds: what is judged, and how surely, is not changed by it.
    /// </summary>
    public const string QuickRollout = """
          rollout:
            shadow: {duration: 2s, minimumSamples: 200}
            steps: [{weight: 10}]
            analysis: {interval: 1s, minimumSamples: 400}
        """;

    /// <summary>
    /// Five points: versions that differ a little need thousands of requests to be found equal within two.
    /// </summary>
    public const string LenientRollout = """
          rollout:
            shadow: {duration: 2s, minimumSamples: 200}
            steps: [{weight: 10}]
            analysis: {interval: 1s, minimumSamples: 400, maximumRegressionPercent: "5"}
        """;

    /// <summary>Gates that let everything through: what the corpus would stop is for the traffic to stop.</summary>
    public const string NoGates = """
          evaluation:
            minimumRecall: "0"
            maximumFalsePositiveRate: "1"
            maximumRegressionPercent: "100"
            maximumLatency: 10s
        """;

    /// <summary>A baseline does not wait for anything.</summary>
    public const string PatientGates = """
          evaluation: {maximumLatency: 10s}
        """;

    private Shop? _shop;
    private HttpClient? _client;
    private RolloutTraffic? _traffic;

    public Shop Shop => _shop ?? throw new InvalidOperationException("there is no cluster");

    public Kubectl Kubectl => Shop.Kubectl;

    public RolloutTraffic Traffic => _traffic ?? throw new InvalidOperationException("there is no cluster");

    /// <summary>One connection to the shop, for requests besides the traffic.</summary>
    public HttpClient Client => _client ?? throw new InvalidOperationException("there is no cluster");

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.IsSkipped) return;
        _shop = await Shop.EmptyAsync();
        await Kubectl.ApplyAsync(Shop.Manifest("shop-models"));
        // The operator may not read Secrets of other namespaces unless it is allowed to.
        await Kubectl.RunAsync("create", "role", "waf-keys", "--verb=get", "--resource=secrets");
        await Kubectl.RunAsync(
            "create", "rolebinding", "waf-keys", "--role=waf-keys", "--serviceaccount=waf-system:waf-operator");
        await Kubectl.ApplyAsync(Shop.Manifest("shop"));
        foreach (var model in new[] { "gate", "payload-cnn" })
        {
            await ApplyAsync($"{model}-base", Builtin(model, "1.0.0"), PatientGates);
            // The policy enforces, so the first version of a family is a person's decision.
            await Kubectl.RunAsync("annotate", "modelversion", $"{model}-base", "wafoperator.dev/approve-step=1");
        }

        await _shop.ReadyAsync("shop");
        foreach (var model in new[] { "gate", "payload-cnn" })
            await Kubectl.RunAsync("wait", $"modelversion/{model}-base", "--for=condition=Promoted", "--timeout=120s");
        await _shop.ProgrammedAsync();
        _client = await _shop.ClientAsync("shop");
        _traffic = new RolloutTraffic(_client);
    }

    public async Task DisposeAsync()
    {
        if (_traffic is not null) await _traffic.DisposeAsync();
        _client?.Dispose();
        if (_shop is not null) await _shop.DisposeAsync();
    }

    ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());

    /// <summary>A ModelVersion of a package of the operator's image.</summary>
    public static string Builtin(string model, string version)
    {
        var digest = CandidatePackages.Released($"{model}-{version}").Digest;
        return Manifest(model, version, $"{{uri: builtin://{model}-{version}, digest: '{digest}'}}");
    }

    /// <summary>Puts a package into a ConfigMap and gives the ModelVersion that names it.</summary>
    public async Task<string> OfferAsync(CandidatePackage package, string? signature = null, byte[]? instead = null)
    {
        var name = "package-" + package.Version.Replace('.', '-');
        // Not by apply: it would keep the whole content in an annotation.
        var map = JsonSerializer.Serialize(new
        {
            apiVersion = "v1", kind = "ConfigMap", metadata = new { name },
            binaryData = new Dictionary<string,
                string> { ["model.tar"] = Convert.ToBase64String(instead ?? package.Archive) },
        });
        var created = await Kubectl.TryAsync(["create", "-f", "-"], map);
        Assert.True(created.ExitCode == 0, created.Text);
        return Manifest(package.Model, package.Version,
            $"{{uri: 'configmap://{name}/model.tar', digest: '{package.Digest}'{signature}}}");
    }

    /// <summary>A key pair whose public half is in a Secret, and the signature of a package as YAML.</summary>
    public async Task<string> SignAsync(PackageIdentity package, string secret, ECDsa signingKey, ECDsa publishedKey)
    {
        await Kubectl.RunAsync(
            "create", "secret", "generic", secret,
                "--from-literal=publicKey=" + publishedKey.ExportSubjectPublicKeyInfoPem());
        return $", signature: {{value: '{PackageSignature.Sign(package, signingKey)}', publicKeySecret: {secret}}}";
    }

    /// <summary>Applies a ModelVersion under a name, with further fields of its spec.</summary>
    public async Task<string> ApplyAsync(string name, string manifest, params string[] spec)
    {
        var whole = manifest.Replace("NAME", name, StringComparison.Ordinal)
            + string.Concat(spec.Select(part => part.TrimEnd() + "\n"));
        await Kubectl.ApplyAsync(whole);
        return whole;
    }

    /// <summary>Changes fields of a ModelVersion's spec, in JSON.</summary>
    public Task<string> PatchSpecAsync(string name, string spec) => Kubectl.RunAsync(
        "patch", "modelversion", name, "--type", "merge", "-p", $$"""{"spec": {{spec}}}""");

    /// <summary>The status now.</summary>
    public async Task<ModelVersionStatus> StatusAsync(string name)
    {
        var found = await Kubectl.GetAsync("modelversion", name);
        return found.TryGetProperty("status", out var status)
            ? status.Deserialize<ModelVersionStatus>(ResourceJson.Default.Options)!
            : new ModelVersionStatus();
    }

    /// <summary>Waits for a phase; any other end of the rollout fails the test at once, with its message.</summary>
    public async Task<ModelVersionStatus> ReachesAsync(string name, ModelPhase phase, int seconds = 90)
    {
        var status = new ModelVersionStatus();
        await Eventually.TrueAsync(TimeSpan.FromSeconds(seconds), $"{name} is {phase}", async () =>
        {
            status = await StatusAsync(name);
            return status.Phase == phase || IsOver(status.Phase) || status.Phase is ModelPhase.Canary
                && phase is ModelPhase.Shadow
                ? true
                : throw new InvalidOperationException($"{status.Phase}, {status.Message}");
        });
        Assert.True(status.Phase == phase,
            string.Create(CultureInfo.InvariantCulture, $"{name} is {status.Phase}, not {phase}: {status.Message}"));
        return status;
    }

    /// <summary>
    /// Waits until a version is rolled back and no sidecar uses it any more; says how long that took.
    /// </summary>
    public Task<TimeSpan> RestoredAsync(string name, TimeSpan limit) => Eventually.TrueAsync(
        limit, $"{name} is rolled back and no sidecar uses it", async () => (await StatusAsync(name))
            is { Phase: ModelPhase.RolledBack } status
                && status.Conditions.Any(c => c is { Type: "Restored", Status: ConditionStatus.True }));

    /// <summary>Share of all requests since the rollout began that the candidate decided.</summary>
    public static double ExposureOf(ModelVersionStatus status, long requests) =>
        requests == 0 ? 0 : (double)(
            status.Counters.FirstOrDefault(c => c.Name == "candidateDecided")?.Value ?? 0) / requests;

    private static bool IsOver(ModelPhase phase) =>
        phase is ModelPhase.Promoted or ModelPhase.RolledBack or ModelPhase.Failed or ModelPhase.Superseded;

    /// <summary>A ModelVersion; its name is put in when it is applied.</summary>
    public static string Manifest(string model, string version, string artifact) => $$"""
        apiVersion: wafoperator.dev/v1alpha1
        kind: ModelVersion
        metadata:
          name: NAME
        spec:
          model: {{model}}
          version: {{version}}
          artifact: {{artifact}}

        """;
}
