using WafOperator.Policies.Targets;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Targets;

public sealed class TargetResolverTests
{
    private static readonly Dictionary<string, string> Shop = new() { ["app"] = "shop" };

    public static TheoryData<PolicyTargetReference, PodIdentity, bool> Targets => new()
    {
        { Named(TargetKind.Deployment), new(Shop, null), true },
        { Named(TargetKind.StatefulSet), new(Shop, null), true },
        { Named(TargetKind.DaemonSet), new(Shop, null), true },
        { Named(TargetKind.ReplicaSet), new(Shop, null), true },
        { Named(TargetKind.Job), new(Shop, null), true },
        { Named(TargetKind.Service), new(Shop, null), true },
        { Named(TargetKind.Deployment), new(Labels("app", "other"), null), false },
        // The name that a CronJob's controller gives, and the owner of a Job of another name.
        { Named(TargetKind.CronJob), new(Labels(), null, new("Job", "shop-28931040")), true },
        { Named(TargetKind.CronJob), new(Labels(), null, new("Job", "by-hand")), true },
        { Named(TargetKind.CronJob), new(Labels(), null, new("Job", "shop-x1")), false },
        { Named(TargetKind.CronJob), new(Labels(), null, new("Job", "shop-")), false },
        { Named(TargetKind.CronJob), new(Labels(), null, new("ReplicaSet", "shop-28931040")), false },
        { Named(TargetKind.CronJob), new(Shop, null), false },
        { Chosen(Labels("app", "shop")), new(Shop, null), true },
        { Chosen(Labels("app", "shop")), new(Labels("app", "other"), null), false },
        { Chosen(Labels()), new(Labels(), null), true },
        { Chosen(Labels(), Requires(LabelOperator.In, "a", "shop")), new(Shop, null), true },
        { Chosen(Labels(), Requires(LabelOperator.NotIn, "shop")), new(Shop, null), false },
        { Chosen(Labels(), Requires(LabelOperator.NotIn, "a")), new(Labels(), null), true },
        { Chosen(Labels(), Requires(LabelOperator.Exists)), new(Shop, null), true },
        { Chosen(Labels(), Requires(LabelOperator.DoesNotExist)), new(Shop, null), false },
    };

    [Theory, MemberData(nameof(Targets))]
    public void PolicyFor_EveryKindOfTarget_SelectsItsPodsOnly(
        PolicyTargetReference target, PodIdentity pod, bool isSelected)
    {
        var resolver = new TargetResolver([Policy("strict", 1, target)]);

        Assert.Equal(isSelected ? "strict" : null, resolver.PolicyFor(pod, Workloads));
    }

    [Fact]
    public void Targets_OfThisTable_AreAllKinds() => Assert.Equal(
        Enum.GetValues<TargetKind>(), Targets.Select(row => ((PolicyTargetReference)row[0]).Kind).Distinct().Order());

    [Theory]
    [InlineData(TargetKind.Deployment)]
    [InlineData(TargetKind.Pod)]
    public void PolicyFor_ATargetedPodThatNamesAnotherPolicy_IsTheTargetsPolicy(TargetKind kind)
    {
        var target = kind == TargetKind.Pod ? Chosen(Shop) : Named(kind);
        var resolver = new TargetResolver([Policy("mild", 1), Policy("strict", 2, target)]);

        Assert.Equal("strict", resolver.PolicyFor(new(Shop, "mild"), Workloads));
        Assert.Equal("mild", resolver.PolicyFor(new(Labels(), "mild"), Workloads));
        Assert.Null(resolver.PolicyFor(new(Labels(), "gone"), Workloads));
    }

    [Theory]
    [InlineData(TargetKind.Deployment, "shop", null, true)]
    [InlineData(TargetKind.Deployment, "shop", "apps", true)]
    [InlineData(TargetKind.Deployment, "shop", "example.org", false)]
    [InlineData(TargetKind.Job, "shop", "batch", true)]
    [InlineData(TargetKind.Job, "shop", "apps", false)]
    [InlineData(TargetKind.Service, "shop", "", true)]
    [InlineData(TargetKind.Service, "shop", "apps", false)]
    [InlineData(TargetKind.Deployment, "other", null, false)]
    public void ATarget_NamesGroupKindAndName(TargetKind kind, string name, string? group, bool isTheirs)
    {
        var policy = Policy("shop", 1, new PolicyTargetReference { Kind = kind, Name = name, Group = group });

        Assert.Equal(isTheirs ? "shop" : null, new TargetResolver([policy]).PolicyFor(new(Shop, null), Workloads));
        Assert.Equal(isTheirs ? 0 : 1, TargetResolver.MissingTargets(policy, Workloads).Count);
    }

    [Fact]
    public void PolicyFor_APodThatTwoTargetsSelect_IsTheOlderPolicys()
    {
        var resolver = new TargetResolver([Policy("young", 2, Chosen(Shop)), Policy("old", 1, Chosen(Labels()))]);

        Assert.Equal("old", resolver.PolicyFor(new(Shop, null), []));
        Assert.Empty(resolver.Conflicts);
    }

    [Fact]
    public void MissingTargets_AreThoseThatCanBeKnownToBeMissing()
    {
        var policy = Policy("p", 1,
            [.. Enum.GetValues<TargetKind>().Select(kind => kind == TargetKind.Pod ? Chosen(Shop) : Named(kind))]);

        Assert.Empty(TargetResolver.MissingTargets(policy, Workloads));
        Assert.Equal(
            Enum.GetValues<TargetKind>().Except([TargetKind.Pod, TargetKind.CronJob]),
            TargetResolver.MissingTargets(policy, []).Select(target => target.Kind));
    }

    private static IReadOnlyList<Workload> Workloads { get; } =
    [
        .. new[]
            {
                TargetKind.Deployment, TargetKind.StatefulSet, TargetKind.DaemonSet, TargetKind.ReplicaSet,
                TargetKind.Job, TargetKind.Service,
            }
            .Select(kind => new Workload(kind, "shop", pod => pod.Labels.GetValueOrDefault("app") == "shop")),
        new(TargetKind.CronJob, "shop", pod => pod.Owner == new PodOwner("Job", "by-hand")),
    ];

    private static PolicyTargetReference Named(TargetKind kind) => new() { Kind = kind, Name = "shop" };

    private static PolicyTargetReference Chosen(
        IReadOnlyDictionary<string, string> labels, params LabelRequirement[] more) => new()
    {
        Kind = TargetKind.Pod, Selector = new() { MatchLabels = labels, MatchExpressions = more },
    };

    private static LabelRequirement Requires(LabelOperator @operator, params string[] values) =>
        new() { Key = "app", Operator = @operator, Values = values };

    private static Dictionary<string, string> Labels(string? key = null, string value = "") =>
        key is null ? [] : new() { [key] = value };

    private static WafPolicy Policy(string name, int age, params PolicyTargetReference[] targets) => new()
    {
        Metadata = new() { Name = name, CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(age) },
        Spec = new() { TargetRefs = targets },
    };
}
