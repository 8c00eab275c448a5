using System.Net;
using System.Text.Json.Nodes;
using WafOperator.Injection;
using WafOperator.Resources.Schema;
using WafOperator.Webhooks.Pods;

namespace WafOperator.Webhooks.Tests;

public sealed class PodAdmissionTests
{
    private static JsonNode Pod(string annotations = "{wafoperator.dev/inject: \"true\"}") => YamlText.Read($$"""
        apiVersion: v1
        kind: Pod
        metadata: {generateName: shop-5d4f8c7b9-, labels: {app: shop, pod-template-hash: 5d4f8c7b9}, annotations: {{annotations}}}
        spec: {containers: [{name: shop, image: x, ports: [{name: http, containerPort: 8080}]}]}
        """)!;

    [Fact]
    public async Task AnAnnotatedPod_GetsAPatchWithItsSidecar()
    {
        var seen = new List<PodAdmission>();
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop(), observe: seen.Add);
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod());

        Assert.True((bool)response["allowed"]!);
        Assert.Equal("JSONPatch", (string?)response["patchType"]);
        var patch = JsonNode.Parse(Convert.FromBase64String((string)response["patch"]!))!.AsArray();
        Assert.Contains(patch, operation => operation!["value"] is JsonObject value
            && (string?)value["name"] == "waf-sidecar");
        Assert.IsType<InjectionDecision.Inject>(Assert.Single(seen).Decision);
    }

    [Fact]
    public async Task APodThatDidNotAsk_PassesUnchanged()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod("{}"));

        Assert.True((bool)response["allowed"]!);
        Assert.Null(response["patch"]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{wafoperator.dev/inject: \"false\"}")]
    [InlineData("{wafoperator.dev/inject: \"false\", wafoperator.dev/policy: mild}")]
    [InlineData("{wafoperator.dev/policy: mild, wafoperator.dev/injected: \"0123456789abcdef\"}")]
    public async Task APodOfATargetThatRequiresSidecars_GetsOneWhateverItSays(string annotations)
    {
        var cache = MemoryCache.WithShop(isRequired: true);
        cache.PolicyList.Add(new() { Metadata = new() { Name = "mild", Namespace = "shop" } });
        var seen = new List<PodAdmission>();
        await using var server = await AdmissionServer.StartAsync(cache, observe: seen.Add);
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod(annotations));

        Assert.True((bool)response["allowed"]!);
        Assert.Equal("shop", Assert.IsType<InjectionDecision.Inject>(Assert.Single(seen).Decision).Report.Policy);
    }

    [Fact]
    public async Task APodOfATargetThatRequiresSidecars_ThatCannotHaveOne_IsRefused()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop(isRequired: true));
        var pod = Pod("{}");
        pod["spec"]!["restartPolicy"] = "Never";
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, pod);

        Assert.False((bool)response["allowed"]!);
        Assert.Contains("WafPolicy shop requires a sidecar", (string)response["status"]!["message"]!,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task APodOfNoTarget_PassesBesideAPolicyThatRequiresSidecars()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop(isRequired: true));
        var pod = Pod("{}");
        pod["metadata"]!["labels"]!["app"] = "other";
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, pod);

        Assert.True((bool)response["allowed"]!);
        Assert.Null(response["patch"]);
    }

    [Fact]
    public async Task APodThatDidNotAsk_WhoseTargetArrivesAMomentLater_IsWaitedFor()
    {
        var cache = new LateCache(MemoryCache.WithShop(isRequired: true), readsUntilThere: 4, arePoliciesThere: true);
        await using var server = await AdmissionServer.StartAsync(cache);
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod("{}"));

        Assert.NotNull(response["patch"]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{wafoperator.dev/inject: \"true\"}")]
    public async Task APod_BeforeTheCacheIsFull_IsToTryAgain(string annotations)
    {
        await using var server = await AdmissionServer.StartAsync(new MemoryCache { IsSynced = false });
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod(annotations));

        Assert.False((bool)response["allowed"]!);
        Assert.Equal(503, (int)response["status"]!["code"]!);
    }

    [Fact]
    public async Task APodWithoutAPolicy_IsRefusedWithTheNextStep()
    {
        var cache = MemoryCache.WithShop();
        cache.PolicyList.Clear();
        await using var server = await AdmissionServer.StartAsync(cache);
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod());

        Assert.False((bool)response["allowed"]!);
        Assert.Contains("no WafPolicy in the namespace shop targets this pod's workload: create one",
            (string)response["status"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APolicyThatArrivesAMomentLater_IsWaitedFor()
    {
        var cache = new LateCache(MemoryCache.WithShop(), readsUntilThere: 3);
        await using var server = await AdmissionServer.StartAsync(cache);
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod());

        Assert.True((bool)response["allowed"]!);
        Assert.NotNull(response["patch"]);
    }

    [Fact]
    public async Task APodThatRunsToCompletion_PassesWithAWarning()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var pod = Pod();
        pod["spec"]!["restartPolicy"] = "Never";
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, pod);

        Assert.True((bool)response["allowed"]!);
        Assert.Contains("not injected", (string)response["warnings"]![0]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFailureInside_IsAnAnswerWithTheUidAndNotABarePod()
    {
        await using var server =
            await AdmissionServer.StartAsync(MemoryCache.WithShop(),
                () => throw new InvalidOperationException("a bug"));
        var response = await server.ReviewAsync(AdmissionEndpoints.PodsPath, Pod());

        Assert.False((bool)response["allowed"]!);
        Assert.Equal(500, (int)response["status"]!["code"]!);
        Assert.DoesNotContain("a bug", response.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", HttpStatusCode.BadRequest)]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}", HttpStatusCode.BadRequest)]
    [InlineData("{\"request\":{\"uid\":7}}", HttpStatusCode.BadRequest)]
    [InlineData("{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\"}}", HttpStatusCode.OK)]
    [InlineData("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\",\"object\":7,\"operation\":[]}}", HttpStatusCode.OK)]
    [InlineData("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\",\"a\":1,\"a\":2}}", HttpStatusCode.BadRequest)]
    public async Task OddBodies_AreAnsweredAndWithTheUidWhereThereIsOne(string body, HttpStatusCode expected)
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var (status, answer) = await server.PostAsync(AdmissionEndpoints.PodsPath, body);

        Assert.Equal(expected, status);
        if (expected == HttpStatusCode.OK) Assert.Equal("u", (string?)JsonNode.Parse(answer)!["response"]!["uid"]);
    }

    [Fact]
    public async Task ABodyOverTheLimit_IsRefused()
    {
        await using var server = await AdmissionServer.StartAsync(MemoryCache.WithShop());
        var (status, _) =
            await server.PostAsync(AdmissionEndpoints.PodsPath, new string(' ', AdmissionEndpoints.BodyBytesMax + 1));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
    }

    /// <summary>
    /// Shows its policies and Services only after some reads, as an informer that is a moment behind.
    /// </summary>
    private sealed class LateCache(MemoryCache inner, int readsUntilThere, bool arePoliciesThere = false)
        : IAdmissionCache
    {
        private int _reads;

        public bool IsSynced => true;
        public IReadOnlyList<Resources.Policies.WafPolicy> Policies(string @namespace) =>
            Interlocked.Increment(ref _reads) > readsUntilThere || arePoliciesThere ? inner.Policies(@namespace) : [];
        public IReadOnlyList<Policies.Targets.Workload> Workloads(string @namespace) => _reads > readsUntilThere
            ? inner.Workloads(@namespace) : [];
        public IReadOnlyList<Injection.Capture.ServiceView> Services(string @namespace) => _reads > readsUntilThere
            ? inner.Services(@namespace) : [];
        public IReadOnlyDictionary<string, string> NamespaceLabels(string @namespace) =>
            inner.NamespaceLabels(@namespace);
        public IReadOnlyDictionary<string, string>? Texts(string @namespace, string configMap) =>
            inner.Texts(@namespace, configMap);
    }
}
