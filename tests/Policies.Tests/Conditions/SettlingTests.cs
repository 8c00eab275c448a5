using WafOperator.Policies.Compilation;
using WafOperator.Policies.Conditions;
using WafOperator.Policies.Coverage;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests.Conditions;

/// <summary>What tools that wait (kstatus, kubectl wait) read from a WafPolicy in each situation.</summary>
public sealed class SettlingTests
{
    private static readonly PolicyConditionInputs Sound = new()
    {
        Compilation = new PolicyCompilation(), Coverage = new CoverageStatus(), HasRevisionInForce = true,
        Generation = 3,
    };

    private static readonly Finding Broken = new(
        FindingSeverity.Error, FindingKind.InvalidRules, "spec.rules.inline", "broken");

    public static TheoryData<string, PolicyConditionInputs, string, string> Situations => new()
    {
        { "no pods", Sound, "Current", "NoPods" },
        { "all programmed", Sound with { Coverage = Count(("a", null, "r")) }, "Current", "Ready" },
        { "one behind", Sound with { Coverage = Count(("a", null, "r"), ("b", null, "old")) }, "InProgress",
            "Progressing" },
        { "one bare", Sound with { Coverage = Count(("a", null, "r"), ("b", "NotRequested", null)) }, "InProgress",
            "PodsWithoutSidecar" },
        { "only bare", Sound with { Coverage = Count(("b", "OptedOut", null)) }, "InProgress", "PodsWithoutSidecar" },
        { "one behind, one bare", Sound with { Coverage = Count(("a", null, "old"), ("b", "NotRequested", null)) },
            "InProgress", "Progressing" },
        { "a model that does not score", Sound with
            {
                Coverage = Count(("a", null, "r")) with { Programmed = 0, Stale = 1 },
                ModelProblems = "gate Failed in a: wrong digest",
            },
            "InProgress", "ModelsNotLoaded" },
        { "target not there", Sound with { MissingTargets = [new() { Kind = TargetKind.Deployment, Name = "x" }] },
            "InProgress", "TargetNotFound" },
        { "conflict", Sound with
            {
                Conflicts = [new("shop", new() { Kind = TargetKind.Deployment, Name = "x" }, "older")],
            },
            "Failed", "Conflicted" },
        { "refused, an older revision in force", Sound with
            {
                Compilation = new PolicyCompilation { Findings = [Broken] }, Coverage = Count(("a", null, "r")),
            },
            "Failed", "InvalidRules" },
        { "refused, never one in force", Sound with
            {
                Compilation = new PolicyCompilation { Findings = [Broken] }, HasRevisionInForce = false,
            },
            "Failed", "InvalidRules" },
    };

    [Theory, MemberData(nameof(Situations))]
    public void APolicy_IsReadByToolsAsWhatItIs(
        string situation, PolicyConditionInputs inputs, string verdict, string reason)
    {
        var conditions = PolicyConditions.Compute(inputs);

        Assert.True(Kstatus(inputs.Generation, conditions) == verdict, situation);
        Assert.Equal(reason, conditions.Single(c => c.Type == "Ready").Reason);
        Assert.All(conditions, condition => Assert.Equal(inputs.Generation, condition.ObservedGeneration));
    }

    [Fact]
    public void PodsWithoutASidecar_AreNamedWithTheReasonAndTheNextStep()
    {
        var message = PolicyConditions.Compute(Sound with
        {
            Coverage = Count(("a", null, "r"), ("b", "NotRequested", null), ("c", "HostNetwork", null)),
        }).Single(c => c.Type == "Programmed").Message;

        Assert.Equal("2 of 3 pods have no sidecar: c (HostNetwork), b (NotRequested); take hostNetwork away, or the "
            + "workload out of targetRefs", message);
    }

    /// <summary>
    /// As kstatus reads a custom resource (sigs.k8s.io/cli-utils): an old generation, Reconciling or Ready that is not
    /// True is progress, Stalled is failure, everything else is current.
    /// </summary>
    private static string Kstatus(long generation, IReadOnlyList<Condition> conditions)
    {
        if (conditions.Any(c => c.ObservedGeneration != generation)) return "InProgress";
        if (Is("Stalled", ConditionStatus.True)) return "Failed";
        return Is("Reconciling", ConditionStatus.True) || Is("Ready", ConditionStatus.False)
            || Is("Ready", ConditionStatus.Unknown) ? "InProgress" : "Current";

        bool Is(string type, ConditionStatus status) => conditions.Any(c => c.Type == type && c.Status == status);
    }

    private static CoverageStatus Count(params (string Name, string? Absence, string? Revision)[] pods) =>
        CoverageCalculator.Count([.. pods.Select(p => new CoveredPod(p.Name, p.Absence, p.Revision, null))], "r");
}
