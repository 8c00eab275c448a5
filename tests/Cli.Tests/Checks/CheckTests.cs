using System.Text.Json.Nodes;
using WafOperator.Cli.Checks;
using WafOperator.Cli.Cluster;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Models;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Schema;
using static WafOperator.Cli.Tests.Checks.HealthyCluster;
using Condition = WafOperator.Resources.Condition;
using Meta = WafOperator.Resources.ObjectMeta;

namespace WafOperator.Cli.Tests.Checks;

public sealed class CheckTests
{
    private const string Mutating = "MutatingWebhookConfiguration";

    [Theory]
    [InlineData(Severity.Error, false, true, true)]
    [InlineData(Severity.Warning, false, false, true)]
    [InlineData(Severity.Note, false, false, false)]
    [InlineData(null, true, false, true)]
    [InlineData(null, false, false, false)]
    public void ErrorsAreWrong_AndStrictlyWarningsAndWhatIsUnknown(
        object? found, bool isUnknown, bool isWrong, bool isWrongStrictly)
    {
        IReadOnlyList<Finding> findings = found is Severity severity ? [new(severity, "a", "b", "c")] : [];
        CheckResult[] results = [new(CheckCommand.Checks[0], findings, isUnknown ? "no right" : null)];
        Assert.Equal(isWrong, CheckCommand.IsWrong(results, isStrict: false));
        Assert.Equal(isWrongStrictly, CheckCommand.IsWrong(results, isStrict: true));
    }

    /// <summary>One change of the healthy cluster for each check, which that check has to find.</summary>
    private static readonly Dictionary<string, Func<ClusterFacts, ClusterFacts>> Cases = new()
    {
        ["WAF101"] = f => f with { Server = Fact<Kubernetes.Client.ServerCapabilities>.Of(Server(1, 19)) },
        ["WAF102"] = f => f with { Server = Fact<Kubernetes.Client.ServerCapabilities>.Of(Server(1, 27)) },
        ["WAF103"] = f => f with { Server = Fact<Kubernetes.Client.ServerCapabilities>.Of(Server(1, 28)) },
        ["WAF104"] = f => f with
        {
            MayCreate = Fact<IReadOnlyDictionary<string, bool>>.Of(new Dictionary<string, bool> { ["pods"] = false }),
        },
        ["WAF105"] = f => f with
        {
            Server = Fact<Kubernetes.Client.ServerCapabilities>.Of(Server(1, 31, "admissionregistration.k8s.io/v1")),
        },
        ["WAF106"] = f => f with { Nodes = Known(Node("w", "windows"), Node("s", architecture: "s390x")) },
        ["WAF107"] = f => f with { Operators = Known() },
        ["WAF108"] = f => f with { Operators = Known(Operator(2, 2), Operator(2, 2, "other")) },
        ["WAF109"] = f => f with { Mutating = Known(Webhook(Mutating, "pods.wafoperator.dev"), HealthyCluster.Json(
            """{"kind":"MutatingWebhookConfiguration","metadata":{"name":"istio-sidecar-injector"}}""")) },
        ["WAF110"] = f => f with
        {
            Server = Fact<Kubernetes.Client.ServerCapabilities>.Of(Server(1, 31, "networking.k8s.io/v1")),
        },
        ["WAF111"] = f => f with { Server = Fact<Kubernetes.Client.ServerCapabilities>.Of(Server(1, 24)) },
        ["WAF112"] = f => f with { Namespaces = Known(HealthyCluster.Json("""
            {"kind":"Namespace","metadata":{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}
            """)) },
        ["WAF201"] = f => f with { Operators = Known() },
        ["WAF202"] = f => f with { Operators = Known(Operator(2, 0)) },
        ["WAF203"] = f => f with { Operators = Known(Operator(1, 1)) },
        ["WAF204"] = f => With(f, OperatorPod("o-1", "a"), OperatorPod("o-2", "a")),
        ["WAF205"] = f => f with { Budgets = Known() },
        ["WAF206"] = f => f with { Leases = Known(Lease(Now.AddMinutes(-2))) },
        ["WAF207"] = f => With(f, OperatorPod("o-1", "a", statuses:
            """{"name":"waf-operator","restartCount":7,"lastState":{"terminated":{"reason":"OOMKilled"}}}""")),
        ["WAF208"] = f => With(f, OperatorPod("o-1", "a"), OperatorPod("o-2", "b",
            """{"name":"waf-operator","image":"operator:2"}""")),
        ["WAF209"] = f => With(f, OperatorPod("o-1", "a", """{"name":"waf-sidecar","image":"sidecar:1"}""")),
        ["WAF301"] = f => f with { Definitions = Known() },
        ["WAF302"] = f => f with { Definitions = Known([.. ResourceDefinition.All.Select(WithoutAField)]) },
        ["WAF303"] = f => f with { Definitions = Known([.. ResourceDefinition.All.Select(StoredOtherwise)]) },
        ["WAF304"] = f => f with { Mutating = Known() },
        ["WAF305"] = f => f with { Validating = Known() },
        ["WAF306"] = f => f with { Mutating = Hook(hook => hook["clientConfig"]!.AsObject().Remove("caBundle")) },
        ["WAF307"] = f => f with
        {
            Mutating = Hook(hook => hook["clientConfig"]!["caBundle"] = Authority(Now.AddDays(-1))),
        },
        ["WAF308"] = f => f with { Endpoints = Known() },
        ["WAF309"] = f => f with { Mutating = Hook(hook => hook["failurePolicy"] = "Ignore") },
        ["WAF310"] = f => f with { Mutating = Hook(hook => hook["timeoutSeconds"] = 30) },
        ["WAF311"] = f => f with { Mutating = Hook(hook => hook.Remove("namespaceSelector")) },
        ["WAF312"] = f => f with { Unreadable = Fact<IReadOnlyList<string>>.Of(["WafPolicy shop/shop: no number"]) },
        ["WAF401"] = f => With(f, Policy(null, Says("Accepted", ConditionStatus.False, "InvalidRules"))),
        ["WAF402"] = f => With(f, Policy(null, Says("ResolvedRefs", ConditionStatus.False, "TargetNotFound"))),
        ["WAF403"] = f => With(f, Policy(null, Says("Programmed", ConditionStatus.False, "Progressing"))),
        ["WAF404"] = f => With(f, Policy(null, Says("Degraded", ConditionStatus.True, "UncapturedPort"))),
        ["WAF405"] = f => With(f, Policy(null, Says("Weakened", ConditionStatus.True, "BroadExclusion"))),
        ["WAF406"] = f => With(f, Status(s => s with { ObservedGeneration = 2 })),
        ["WAF407"] = f => With(f, Policy(s => s with { Mode = PolicyMode.Off })),
        ["WAF408"] = f => With(f, Status(s => s with { Learning = new LearningStatus { SafeToEnforce = true } },
            s => s with { Mode = PolicyMode.Detect })),
        ["WAF409"] = f => With(f, Policy(), Policy() with
        {
            Metadata = new Meta { Name = "second", Namespace = "shop", CreationTimestamp = Now.AddDays(-1) },
        }),
        ["WAF410"] = f => With(f, Status(s => s with { Coverage = new CoverageStatus() })),
        ["WAF411"] = f => With(f, Status(s => s with
        {
            Inspection = new InspectionStatus { Uninspected = [new() { Reason = "Limit", Share = "0.02" }] },
        })),
        ["WAF412"] = f =>
            With(f, Policy(s => s with { RateLimits = [new RateLimitSpec { Name = "a", Requests = 1 }] })),
        ["WAF413"] = f => With(f, Policy(s => s with
        {
            Routes = [new RouteSpec { PathPrefix = "/", Mode = PolicyMode.Off }],
        })),
        ["WAF501"] = f => With(f, ShopPod("shop-2", containers: """{"name":"shop","image":"shop:1"}""")),
        ["WAF502"] = f => With(f, ShopPod("shop-2", annotations: "", containers: """{"name":"shop","image":"s:1"}""")),
        ["WAF503"] = f => With(f, ShopPod("shop-2", statuses: """{"name":"waf-sidecar","ready":false}""")),
        ["WAF504"] = f => With(f, ShopPod("shop-2", statuses:
            """{"name":"waf-sidecar","ready":true,"restartCount":4}""")),
        ["WAF505"] = f => With(f, ShopPod("shop-1"), ShopPod("shop-2", containers:
            """{"name":"waf-sidecar","image":"sidecar:0"}""")),
        ["WAF506"] = f => With(f, ShopPod("shop-2", annotations: """
            "wafoperator.dev/inject":"true","wafoperator.dev/injected-policy":"gone"
            """)),
        ["WAF507"] = f => With(f, ShopPod("shop-2", annotations: """
            "wafoperator.dev/inject":"true","wafoperator.dev/injected-policy":"shop","wafoperator.dev/prot":"http"
            """)),
        ["WAF508"] = f => f with { Workloads = Fact<IReadOnlyList<WorkloadFacts>>.Of([Deployment("elsewhere")]) },
        ["WAF509"] = f => With(f, ShopPod("shop-2", containers: """{"name":"shop","image":"shop:1"}""",
            spec: "\"hostNetwork\":true,")),
        ["WAF601"] = f => With(f, Exclusion(LongAgo, 5, Now.AddDays(60),
            Says("Accepted", ConditionStatus.False, "PolicyNotFound"))),
        ["WAF602"] = f => With(f, Exclusion(LongAgo, 5, Now.AddDays(2))),
        ["WAF603"] = f => With(f, Exclusion(LongAgo, 0, Now.AddDays(60))),
        ["WAF604"] = f => With(f, Exclusion(LongAgo, 5, null)),
        ["WAF701"] = f => With(f, Model(ModelPhase.RolledBack)),
        ["WAF702"] = f => With(f, Model(ModelPhase.Canary,
            "step 2 waits for approval: annotate with wafoperator.dev/approve-step=2")),
        ["WAF703"] = f => With(f, Model(ModelPhase.Shadow) with
        {
            Status = new ModelVersionStatus { Phase = ModelPhase.Shadow, PhaseStartedAt = Now.AddDays(-3) },
        }),
        ["WAF704"] = f => With(f, Policy(s => s with { Ml = new MlSpec { Models = [new() { Model = "other" }] } })),
        ["WAF705"] = f => With(f, Pool(Says("Ready", ConditionStatus.False, "Starting"))),
        ["WAF706"] = f => With(f, Pool(Says("Degraded", ConditionStatus.True, "OnLowerRung"))),
        ["WAF707"] = f => With(f, Model(ModelPhase.Shadow, isHeld: true)),
    };

    public static TheoryData<string> Codes => [.. CheckCommand.Checks.Select(check => check.Code)];

    [Fact]
    public void ThereAreMoreThanThirty_AndTheirCodesAreTheirOwn()
    {
        Assert.True(CheckCommand.Checks.Count > 30);
        Assert.Equal(CheckCommand.Checks.Count, CheckCommand.Checks.DistinctBy(check => check.Code).Count());
        Assert.Contains(CheckCommand.Checks, check => check.Stage is CheckStage.Before);
    }

    [Fact]
    public void AHealthyCluster_HasNoFindings() => Assert.Empty(
        CheckRun.All(Facts, CheckCommand.Checks, isBeforeInstallation: false)
            .Where(result => result.Findings.Count > 0 || result.Unknown is not null)
            .Select(result => $"{result.Check.Code}: {result.Unknown}{string.Join("; ", result.Findings)}"));

    [Theory, MemberData(nameof(Codes))]
    public void ACheck_FindsWhatItIsFor(string code)
    {
        Assert.True(Cases.TryGetValue(code, out var change), $"no case for {code}");
        var result = CheckRun.All(change(Facts), CheckCommand.Checks, isBeforeInstallation: false)
            .Single(candidate => candidate.Check.Code == code);
        Assert.Null(result.Unknown);
        var finding = result.Findings[0];
        Assert.All([finding.Object, finding.Message, finding.Hint], text => Assert.NotEqual("", text.Trim()));
    }

    [Theory, MemberData(nameof(Codes))]
    public void ACheck_WithoutItsFacts_IsUnknownAndNotGood(string code)
    {
        var result = CheckRun.All(new ClusterFacts { Now = Now }, CheckCommand.Checks, isBeforeInstallation: false)
            .Single(candidate => candidate.Check.Code == code);
        Assert.NotNull(result.Unknown);
        Assert.Empty(result.Findings);
    }

    [Theory, MemberData(nameof(Codes))]
    public void ThePageOfACheck_IsThere(string code)
    {
        var page = CheckCommand.Checks.Single(check => check.Code == code).Page;
        var (file, anchor) = page.Split('#') is [var f, var a] ? (f, a) : (page, null);
        var path = Path.Combine(KubernetesPrograms.RepositoryRoot(), file);
        Assert.True(File.Exists(path), page);
        if (anchor is null) return;
        var anchors = File.ReadLines(path).Where(line => line.StartsWith('#'))
            .Select(line => new string([.. line.TrimStart('#', ' ').ToLowerInvariant()
                .Where(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '-')]).Replace(' ', '-'));
        Assert.Contains(anchor, anchors);
    }

    [Fact]
    public void BeforeAnInstallation_OnlyThoseThatMeanSomethingRun() => Assert.All(
        CheckRun.All(Facts, CheckCommand.Checks, isBeforeInstallation: true),
        result => Assert.StartsWith("WAF1", result.Check.Code, StringComparison.Ordinal));

    [Fact]
    public void ManyFindingsOfOneCheck_AreBounded()
    {
        var facts = Facts with
        {
            Pods = Fact<IReadOnlyList<PodFacts>>.Of(
                [.. Enumerable.Range(0, 200).Select(i => ShopPod($"p{i}", containers: "{\"name\":\"a\"}"))]),
        };
        var result = CheckRun.All(facts, CheckCommand.Checks, false).Single(r => r.Check.Code == "WAF501");
        Assert.Equal(CheckRun.FindingsMax, result.Findings.Count);
    }

    private static Fact<IReadOnlyList<KubernetesObject>> Hook(Action<JsonObject> change) =>
        Known(Webhook(Mutating, "pods.wafoperator.dev", change));

    private static KubernetesObject WithoutAField(ResourceDefinition kind)
    {
        var json = Definition(kind).ToNode();
        json["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!.AsObject()
            .RemoveAt(0);
        return KubernetesObject.From(json);
    }

    private static KubernetesObject StoredOtherwise(ResourceDefinition kind)
    {
        var json = Definition(kind).ToNode();
        json["status"] = new JsonObject { ["storedVersions"] = new JsonArray("v1alpha0") };
        return KubernetesObject.From(json);
    }

    private static ClusterFacts With(ClusterFacts facts, params PodFacts[] pods) =>
        facts with { Pods = Fact<IReadOnlyList<PodFacts>>.Of(pods) };

    private static ClusterFacts With(ClusterFacts facts, params WafPolicy[] policies) =>
        facts with { Policies = Fact<IReadOnlyList<WafPolicy>>.Of(policies) };

    private static ClusterFacts With(ClusterFacts facts, WafExclusion exclusion) =>
        facts with { Exclusions = Fact<IReadOnlyList<WafExclusion>>.Of([exclusion]) };

    private static ClusterFacts With(ClusterFacts facts, ModelVersion version) =>
        facts with { Models = Fact<IReadOnlyList<ModelVersion>>.Of([version]) };

    private static ClusterFacts With(ClusterFacts facts, InferencePool pool) =>
        facts with { Pools = Fact<IReadOnlyList<InferencePool>>.Of([pool]) };

    private static WafPolicy Status(
        Func<WafPolicyStatus, WafPolicyStatus> change, Func<WafPolicySpec, WafPolicySpec>? spec = null)
    {
        var policy = Policy(spec);
        return policy with { Status = change(policy.Status!) };
    }

    private static WafExclusion Exclusion(
        DateTimeOffset created, long hits, DateTimeOffset? end, params Condition[] conditions) => new()
        {
            Metadata = new Meta { Name = "search", Namespace = "shop", CreationTimestamp = created },
            Spec = new WafExclusionSpec { Policy = "shop", Rules = ["942100"], Reason = "test", ExpiresAt = end },
            Status = new WafExclusionStatus { Hits = hits, Conditions = conditions },
        };

    private static InferencePool Pool(Condition condition) => new()
    {
        Metadata = new Meta { Name = "pool", Namespace = "shop" },
        Status = new InferencePoolStatus { Conditions = [condition] },
    };
}
