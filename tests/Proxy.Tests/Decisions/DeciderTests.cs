using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Schemas;
using WafOperator.Schemas;

namespace WafOperator.Proxy.Tests.Decisions;

public sealed class DeciderTests
{
    private static readonly DecisionInputs Clean = new()
    {
        HasPolicy = true,
        PolicyMode = InspectionMode.Enforce,
        RouteMode = InspectionMode.Enforce,
        ModelMode = InspectionMode.Enforce,
        FailureModes = new FailureModes(),
        BlockStatus = 403,
        Rules = new RuleOutcome(RuleOutcomeKind.Passed),
    };

    private static readonly RuleOutcome Attack = new(RuleOutcomeKind.Interrupted, Status: 403, Message: "rule 1: attack");

    [Fact]
    public void Nothing_Found_Passes() => Expect(Clean, VerdictKind.Allow, VerdictKind.Allow, "None", 0);

    [Fact]
    public void NoPolicy_ConfigClosed_Refuses()
    {
        Expect(Clean with { HasPolicy = false }, VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable", 503);
        Expect(
            Clean with { HasPolicy = false, FailureModes = new FailureModes { Config = FailureMode.Open } },
            VerdictKind.Allow, VerdictKind.Allow, "Unavailable", 0);
    }

    [Fact]
    public void Uninspected_ByKind_PassesIsRecordedOrFollowsThePolicy()
    {
        var record = new FailureModes { Uninspected = UninspectedOutcome.Record };
        foreach (var reason in Enum.GetValues<UninspectedReason>())
        {
            var missed = Clean with { Coverage = new Coverage { Uninspected = UninspectedSet.Of(reason) } };
            if (UninspectedKinds.Of(reason) is not UninspectedKind.Client)
            {
                Expect(missed, VerdictKind.Allow, VerdictKind.Allow, "None", 0);
                continue;
            }

            Expect(missed with { FailureModes = record }, VerdictKind.Allow, VerdictKind.Allow, "Uninspected", 0);
            var (verdict, name, status) = reason switch
            {
                UninspectedReason.Limit => (VerdictKind.Block, "Limit", 403),
                UninspectedReason.NoRoom => (VerdictKind.Unavailable, "Unavailable", 503),
                // Waited for where it matters.
                UninspectedReason.WindowTime => (VerdictKind.Allow, "Uninspected", 0),
                // Rules saw the whole.
                _ => (VerdictKind.Allow, "Uninspected", 0),
            };
            Expect(missed, verdict, verdict, name, status);
            Expect(missed with { RouteMode = InspectionMode.Detect }, VerdictKind.Allow, verdict, name, status);
        }
    }

    /// <summary>Where rules ran, one of them refuses such a body, or was excluded; models alone have none.</summary>
    [Fact]
    public void Malformed_WithoutRules_IsRefused()
    {
        var broken = Clean with
        {
            Coverage = new Coverage { Uninspected = UninspectedSet.Of(UninspectedReason.Malformed) },
        };
        Expect(broken, VerdictKind.Allow, VerdictKind.Allow, "Uninspected", 0);
        Expect(broken with { Rules = default }, VerdictKind.Block, VerdictKind.Block, "Uninspected", 400);
        Expect(broken with { Rules = default, ModelMode = InspectionMode.Detect },
            VerdictKind.Allow, VerdictKind.Block, "Uninspected", 400);
    }

    /// <summary>A finding that is only recorded does not let pass what nobody saw whole.</summary>
    [Fact]
    public void Uninspected_BesideAFindingThatIsOnlyRecorded_IsRefused()
    {
        var both = Clean with
        {
            ModelMode = InspectionMode.Detect, Models = new ModelOutcome(ModelOutcomeKind.Scored, RiskActionKind.Block),
            Coverage = new Coverage { Uninspected = UninspectedSet.Of(UninspectedReason.NoRoom) },
        };
        Expect(both, VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable", 503);
    }

    [Theory]
    [InlineData(InspectionMode.Enforce, true)]
    [InlineData(InspectionMode.Detect, false)]
    public void Refusals_ThatAreOnlyRecorded_LeaveNothingOut(InspectionMode mode, bool isFinal)
    {
        var inputs = Clean with { PolicyMode = mode, RouteMode = mode };
        Assert.Equal(isFinal, Decider.IsFinal(inputs with { Access = AccessOutcome.ClientDenied }));
        Assert.Equal(isFinal, Decider.IsFinal(inputs with { Access = AccessOutcome.PathDenied }));
        Assert.Equal(isFinal, Decider.IsFinal(inputs with { Rate = new RateOutcome("logins", TimeSpan.Zero, null) }));
        Assert.Equal(isFinal, Decider.IsFinal(inputs with { Limit = LimitOutcome.BodyTooLarge }));
        Assert.Equal(isFinal, Decider.IsFinal(inputs with { Limit = LimitOutcome.TooMuch }));
        var refused = new RuleOutcome(RuleOutcomeKind.Interrupted, Status: 403);
        Assert.Equal(isFinal, Decider.IsFinal(inputs with { Rules = refused }));
        var failed = inputs with { Rules = new RuleOutcome(RuleOutcomeKind.Failed) };
        Assert.Equal(isFinal, Decider.IsFinal(failed with { FailureModes = new() { Rules = FailureMode.Closed } }));
        Assert.False(Decider.IsFinal(failed with { FailureModes = new() { Rules = FailureMode.Open } }));
        Assert.True(Decider.IsFinal(inputs with { Access = AccessOutcome.Bypass }));
    }

    [Theory]
    [InlineData(UninspectedReason.ModelBudget)]
    [InlineData(UninspectedReason.ModelParts)]
    public void Uninspected_ByModelsAlone_IsRefused(UninspectedReason reason)
    {
        var missed = Clean with
        {
            Rules = default, Models = new ModelOutcome(ModelOutcomeKind.Unavailable),
            Coverage = new Coverage { Uninspected = UninspectedSet.Of(reason) },
        };

        Expect(missed, VerdictKind.Block, VerdictKind.Block, "Uninspected", 403);
        Expect(missed with { Models = default }, VerdictKind.Block, VerdictKind.Block, "Uninspected", 403);
    }

    [Fact]
    public void Uninspected_WhatAnEngineFound_ComesFirst() => Expect(
        Clean with { Rules = Attack, Coverage = new Coverage { Uninspected =
            UninspectedSet.Of(UninspectedReason.NoRoom) } },
        VerdictKind.Block, VerdictKind.Block, "Rules", 403);

    [Fact]
    public void Uninspected_Limit_NamesTheBound()
    {
        var decision = Decider.Decide(Clean with
        {
            Coverage = new Coverage
            {
                Uninspected = UninspectedSet.Of(UninspectedReason.Limit), Limits = ExceededLimits.JsonDepth,
            },
        });

        Assert.Contains("JsonDepth", decision.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RouteOff_IsNotCalledInspected() => Expect(
        Clean with { RouteMode = InspectionMode.Off, Rules = default }, VerdictKind.Allow, VerdictKind.Allow, "Off", 0);

    [Fact]
    public void IsFinal_EveryCombination_ALaterStageChangesNothing()
    {
        foreach (var access in Enum.GetValues<AccessOutcome>())
        foreach (var limit in Enum.GetValues<LimitOutcome>())
        foreach (var mode in Enum.GetValues<InspectionMode>())
        foreach (var uninspected in Enum.GetValues<UninspectedOutcome>())
        {
            var inputs = Clean with
            {
                PolicyMode = mode, RouteMode = mode, Access = access, Limit = limit,
                FailureModes = new FailureModes { Uninspected = uninspected },
            };
            if (!Decider.IsFinal(inputs)) continue;
            var later = inputs with
            {
                Rules = Attack, Models = new ModelOutcome(ModelOutcomeKind.Scored, RiskActionKind.Block),
                Coverage = new Coverage { Uninspected = UninspectedSet.Of(UninspectedReason.NoRoom) },
            };
            Assert.Equal(Decider.Decide(inputs).Verdict, Decider.Decide(later).Verdict);
        }
    }

    [Fact]
    public void Rules_Attack_BlocksInEnforceAndPassesInDetect()
    {
        Expect(Clean with { Rules = Attack }, VerdictKind.Block, VerdictKind.Block, "Rules", 403);
        Expect(Clean with { Rules = Attack, RouteMode = InspectionMode.Detect }, VerdictKind.Allow, VerdictKind.Block, "Rules", 403);
        Expect(
            Clean with { Rules = Attack with { Kind = RuleOutcomeKind.WouldInterrupt } }, VerdictKind.Allow, VerdictKind.Block, "Rules", 403);
    }

    [Theory]
    [InlineData(403, 418, 418)]
    [InlineData(0, 418, 418)]
    [InlineData(404, 418, 404)]
    public void Rules_Status_TheRulesOwnElseThePolicys(int rule, int policy, int expected) => Expect(
        Clean with { Rules = Attack with { Status = rule }, BlockStatus = policy }, VerdictKind.Block, VerdictKind.Block, "Rules", expected);

    [Theory]
    [InlineData(FailureMode.Closed, VerdictKind.Unavailable)]
    [InlineData(FailureMode.Open, VerdictKind.Allow)]
    public void Rules_Failed_ByFailureMode(FailureMode mode, VerdictKind expected)
    {
        var inputs = Clean with
        {
            Rules = new RuleOutcome(RuleOutcomeKind.Failed, Message: "bound"), FailureModes = new FailureModes { Rules = mode },
        };

        Expect(inputs, expected, expected, "Unavailable", expected is VerdictKind.Allow ? 0 : 503);
        Expect(inputs with { RouteMode = InspectionMode.Detect }, VerdictKind.Allow, expected, "Unavailable", expected is VerdictKind.Allow ? 0 : 503);
    }

    [Fact]
    public void Rules_MetTheirBoundOnWork_TheRequestIsTooLarge() => Expect(
        Clean with { Rules = new RuleOutcome(RuleOutcomeKind.Failed, Status: 413, Message: "bound") },
        VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable", 413);

    /// <summary>An open failure mode is for faults of ours; how much work a request is, its client chose.</summary>
    [Theory]
    [InlineData(UninspectedOutcome.Block, VerdictKind.Unavailable, 413)]
    [InlineData(UninspectedOutcome.Record, VerdictKind.Allow, 0)]
    public void Rules_OpenAndMetTheirBoundOnWork_ByWhatIsUninspected(
        UninspectedOutcome uninspected, VerdictKind expected, int status) => Expect(
        Clean with
        {
            FailureModes = new FailureModes { Rules = FailureMode.Open, Uninspected = uninspected },
            Rules = new RuleOutcome(RuleOutcomeKind.Failed, Status: 413, Message: "bound") { IsExhausted = true },
        },
        expected, expected, "Unavailable", status);

    [Fact]
    public void Rules_FailedOpen_ModelsStillDecide() => Expect(
        Clean with
        {
            Rules = new RuleOutcome(RuleOutcomeKind.Failed),
            FailureModes = new FailureModes { Rules = FailureMode.Open },
            Models = new ModelOutcome(ModelOutcomeKind.Scored, RiskActionKind.Block, "critical"),
        },
        VerdictKind.Block, VerdictKind.Block, "Model", 403);

    [Theory]
    [InlineData(RiskActionKind.Block, InspectionMode.Enforce, VerdictKind.Block, VerdictKind.Block, "Model", 403)]
    [InlineData(RiskActionKind.Block, InspectionMode.Detect, VerdictKind.Allow, VerdictKind.Block, "Model", 403)]
    [InlineData(RiskActionKind.Block, InspectionMode.Off, VerdictKind.Allow, VerdictKind.Allow, "None", 0)]
    [InlineData(RiskActionKind.Log, InspectionMode.Enforce, VerdictKind.Allow, VerdictKind.Allow, "None", 0)]
    public void Models_ActionUnderTheirOwnCeiling(
        RiskActionKind action, InspectionMode mode, VerdictKind verdict, VerdictKind wouldHave, string reason, int status) => Expect(
            Clean with { Models = new ModelOutcome(ModelOutcomeKind.Scored, action), ModelMode = mode }, verdict, wouldHave, reason, status);

    [Fact]
    public void Models_CannotEnforceMoreThanTheRoute() => Expect(
        Clean with { Models = new ModelOutcome(ModelOutcomeKind.Scored, RiskActionKind.Block), RouteMode = InspectionMode.Detect },
        VerdictKind.Allow, VerdictKind.Block, "Model", 403);

    [Fact]
    public void Models_Unavailable_ByTheirFailureModes()
    {
        var missing = Clean with { Models = new ModelOutcome(ModelOutcomeKind.Unavailable) };
        var noPool = Clean with { Models = new ModelOutcome(ModelOutcomeKind.PoolUnavailable) };
        var closed = new FailureModes { Ml = FailureMode.Closed, Pool = FailureMode.Closed };

        Expect(missing, VerdictKind.Allow, VerdictKind.Allow, "Unavailable", 0);
        Expect(noPool, VerdictKind.Allow, VerdictKind.Allow, "Unavailable", 0);
        Expect(missing with { FailureModes = closed }, VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable", 503);
        Expect(noPool with { FailureModes = closed }, VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable", 503);
    }

    [Fact]
    public void Models_UnavailableClosedButLocalModelsSayBlock_Block() => Expect(
        Clean with
        {
            Models = new ModelOutcome(ModelOutcomeKind.PoolUnavailable, RiskActionKind.Block),
            FailureModes = new FailureModes { Pool = FailureMode.Closed },
        },
        VerdictKind.Block, VerdictKind.Block, "Model", 403);

    [Fact]
    public void Access_Denied_BlocksByThePolicysMode()
    {
        var denied = Clean with { Access = AccessOutcome.ClientDenied, RouteMode = InspectionMode.Off };

        Expect(denied, VerdictKind.Block, VerdictKind.Block, "AccessList", 403);
        Expect(denied with { PolicyMode = InspectionMode.Detect }, VerdictKind.Allow, VerdictKind.Block, "AccessList", 403);
        Expect(Clean with { Access = AccessOutcome.PathDenied }, VerdictKind.Block, VerdictKind.Block, "AccessList", 403);
        Expect(Clean with { Access = AccessOutcome.Bypass, Rules = Attack }, VerdictKind.Allow, VerdictKind.Allow, "AccessList", 0);
    }

    [Fact]
    public void RateLimit_Exceeded_Is429AndKeepsTheWait()
    {
        var decision = Decider.Decide(Clean with { Rate = new RateOutcome("api", TimeSpan.FromSeconds(3), null) });

        Assert.Equal((VerdictKind.Limited, 429, TimeSpan.FromSeconds(3)), (decision.Verdict, decision.StatusCode, decision.RetryAfter));
    }

    [Fact]
    public void Limit_Outcomes()
    {
        Expect(Clean with { Limit = LimitOutcome.BodyTooLarge }, VerdictKind.Block, VerdictKind.Block, "Limit", 413);
        Expect(Clean with { Limit = LimitOutcome.TooMuch }, VerdictKind.Block, VerdictKind.Block, "Limit", 403);
        Expect(
            Clean with { Limit = LimitOutcome.TooMuch, RouteMode = InspectionMode.Detect }, VerdictKind.Allow, VerdictKind.Block, "Limit", 403);
    }

    [Theory]
    [InlineData(InspectionMode.Off)]
    [InlineData(InspectionMode.Detect)]
    [InlineData(InspectionMode.Enforce)]
    public void Ambiguous_AnyMode_IsNeverForwarded(InspectionMode mode) => Expect(
        Clean with { Limit = LimitOutcome.Ambiguous, PolicyMode = mode, RouteMode = mode }, VerdictKind.Block, VerdictKind.Block, "Protocol", 400);

    [Fact]
    public void EveryCombination_RefusalsHaveAStatusAndDetectRefusesNothing()
    {
        foreach (var access in Enum.GetValues<AccessOutcome>())
        foreach (var rules in Enum.GetValues<RuleOutcomeKind>())
        foreach (var models in Enum.GetValues<ModelOutcomeKind>())
        foreach (var action in Enum.GetValues<RiskActionKind>())
        foreach (var limit in Enum.GetValues<LimitOutcome>())
        foreach (var mode in Enum.GetValues<InspectionMode>())
        {
            var inputs = Clean with
            {
                PolicyMode = mode, RouteMode = mode, Access = access, Limit = limit, Rules = new RuleOutcome(rules),
                Models = new ModelOutcome(models, action),
            };
            var decision = Decider.Decide(inputs);
            if (!decision.Forwards) Assert.InRange(decision.StatusCode, 400, 599);
            if (mode is not InspectionMode.Enforce && limit is not LimitOutcome.Ambiguous) Assert.True(
                decision.Forwards);
            if (mode is InspectionMode.Enforce) Assert.True(
                decision.Verdict == decision.WouldHave || rules is RuleOutcomeKind.WouldInterrupt);
        }
    }

    /// <summary>What is only observed must not stand before what refuses, whichever stage that is.</summary>
    [Theory]
    [InlineData(InspectionMode.Enforce, InspectionMode.Enforce, VerdictKind.Block, VerdictKind.Block)]
    [InlineData(InspectionMode.Enforce, InspectionMode.Detect, VerdictKind.Allow, VerdictKind.Block)]
    [InlineData(InspectionMode.Detect, InspectionMode.Enforce, VerdictKind.Allow, VerdictKind.Block)]
    [InlineData(InspectionMode.Enforce, InspectionMode.Off, VerdictKind.Allow, VerdictKind.Allow)]
    public void Schema_UnderBothModes(
        InspectionMode route, InspectionMode schema, VerdictKind verdict, VerdictKind wouldHave)
    {
        var (reason, status) = schema is InspectionMode.Off ? ("None", 0) : ("Schema", 404);
        var outcome = schema is InspectionMode.Off ? default : new SchemaOutcome(
            "items", schema, new SchemaFinding(SchemaReason.UnknownPath, "no operation has this path"), null, null);
        var unfit = Clean with { RouteMode = route, Schema = outcome };

        Expect(unfit, verdict, wouldHave, reason, status);
        if (schema is InspectionMode.Off) return;
        var enforced = unfit with { RouteMode = InspectionMode.Enforce };
        Expect(enforced with { Rules = Attack }, VerdictKind.Block, VerdictKind.Block, "Rules", 403);
        if (schema is not InspectionMode.Detect) return;
        var missed = new Coverage { Uninspected = UninspectedSet.Of(UninspectedReason.NoRoom) };
        Expect(
            enforced with { Coverage = missed }, VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable", 503);
    }

    private static void Expect(
        in DecisionInputs inputs, VerdictKind verdict, VerdictKind wouldHave, string reason, int status)
    {
        var decision = Decider.Decide(inputs);
        Assert.Equal((verdict, wouldHave, reason, status), (decision.Verdict, decision.WouldHave, decision.Reason.ToString(), decision.StatusCode));
    }
}
