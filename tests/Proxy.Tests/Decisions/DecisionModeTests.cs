using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Decisions;
using WafOperator.Scoring;

namespace WafOperator.Proxy.Tests.Decisions;

/// <summary>Who decides in each mode, over everything that rules and models may say.</summary>
public sealed class DecisionModeTests
{
    private static readonly DecisionInputs Clean = new()
    {
        HasPolicy = true, PolicyMode = InspectionMode.Enforce, RouteMode = InspectionMode.Enforce,
        ModelMode = InspectionMode.Enforce, FailureModes = new FailureModes(), BlockStatus = 403,
        Rules = new RuleOutcome(RuleOutcomeKind.Passed), Models = new ModelOutcome(ModelOutcomeKind.Scored),
    };

    private static readonly ScoreRefusal Refusal = new(403, BlockForm.Respond, null, "rule 949110: too much", true);

    /// <summary>In rising order of what they say against a request.</summary>
    private static readonly ScoreJudgement[] Scores =
        [default, new(true, false, Refusal), new(true, true, Refusal)];

    private static readonly RuleOutcomeKind[] Kinds =
        [RuleOutcomeKind.Passed, RuleOutcomeKind.WouldInterrupt, RuleOutcomeKind.Interrupted];

    private static readonly RiskActionKind[] Actions = [RiskActionKind.Allow, RiskActionKind.Log, RiskActionKind.Block];

    [Theory]
    // Rules that match text are evidence; the joint score decides.
    [InlineData(DecisionKind.Joint, true, false, RiskActionKind.Log, "None")]
    [InlineData(DecisionKind.Joint, true, false, RiskActionKind.Block, "Model")]
    [InlineData(DecisionKind.Joint, false, false, RiskActionKind.Block, "Model")]
    // What models know nothing of keeps its threshold.
    [InlineData(DecisionKind.Joint, true, true, RiskActionKind.Allow, "Rules")]
    [InlineData(DecisionKind.Rules, true, false, RiskActionKind.Allow, "Rules")]
    [InlineData(DecisionKind.Rules, false, false, RiskActionKind.Block, "None")]
    [InlineData(DecisionKind.Models, true, true, RiskActionKind.Allow, "None")]
    [InlineData(DecisionKind.Models, false, false, RiskActionKind.Block, "Model")]
    [InlineData(DecisionKind.Either, true, false, RiskActionKind.Allow, "Rules")]
    [InlineData(DecisionKind.Either, false, false, RiskActionKind.Block, "Model")]
    public void AWholeLook_IsDecidedByWhoTheModeNames(
        DecisionKind mode, bool isOver, bool isStandingOver, RiskActionKind action, string reason)
    {
        var decision = Decider.Decide(Clean with
        {
            Decision = mode,
            Rules = Clean.Rules with { Score = new ScoreJudgement(isOver, isStandingOver, Refusal) },
            Models = new ModelOutcome(ModelOutcomeKind.Scored, action),
        });

        Assert.Equal((reason, reason == "None"), (decision.Reason.ToString(), decision.Forwards));
    }

    [Theory]
    [InlineData(DecisionKind.Joint)]
    [InlineData(DecisionKind.Models)]
    public void WhereModelsDidNotSeeEverything_RulesDecideWithTheirThreshold(DecisionKind mode)
    {
        var over = Clean with { Decision = mode, Rules = Clean.Rules with { Score = Scores[1] } };
        foreach (var gap in Enum.GetValues<ModelGaps>().Where(gap => gap is not (ModelGaps.None or ModelGaps.Window)))
        {
            var models = new ModelOutcome(ModelOutcomeKind.Scored) { Gaps = gap };
            var decision = Decider.Decide(over with { Models = models });
            Assert.Equal((VerdictKind.Block, "Rules"), (decision.Verdict, decision.Reason.ToString()));
            Assert.Contains(gap.ToString(), decision.Message, StringComparison.Ordinal);
            Assert.True(Decider.Decide(Clean with { Decision = mode, Models = models }).Forwards);
        }

        var unseen = new ModelOutcome(ModelOutcomeKind.Scored) { Gaps = ModelGaps.Window, HasUnjudgedHits = true };
        Assert.False(Decider.Decide(over with { Models = default }).Forwards);
        Assert.False(Decider.Decide(over with { Models = unseen }).Forwards);
        // Rules found nothing in what was not read.
        Assert.True(Decider.Decide(over with { Models = unseen with { HasUnjudgedHits = false } }).Forwards);
    }

    [Fact]
    public void OwnRulesThatDeny_BlockInEveryMode()
    {
        foreach (var mode in Enum.GetValues<DecisionKind>())
        {
            Assert.Equal(VerdictKind.Block, Decider.Decide(Clean with
            {
                Decision = mode, Rules = new RuleOutcome(RuleOutcomeKind.Interrupted),
            }).Verdict);
        }
    }

    [Theory]
    [InlineData(InspectionMode.Detect, VerdictKind.Block, VerdictKind.Block)]
    [InlineData(InspectionMode.Off, VerdictKind.Block, VerdictKind.Block)]
    public void ModelsThatOnlyObserve_DoNotTakeTheDecisionFromTheRules(
        InspectionMode models, VerdictKind verdict, VerdictKind wouldHave)
    {
        var decision = Decider.Decide(Clean with
        {
            ModelMode = models, Rules = Clean.Rules with { Score = Scores[1] },
        });

        Assert.Equal((verdict, wouldHave), (decision.Verdict, decision.WouldHave));
    }

    [Fact]
    public void MoreEvidence_NeverWeakensTheVerdict_InAnyMode()
    {
        foreach (var inputs in All())
        {
            var strictness = StrictnessOf(inputs);
            foreach (var more in WithMore(inputs)) Assert.True(
                StrictnessOf(more) >= strictness, $"{inputs} is {strictness}, {more} is {StrictnessOf(more)}");
        }
    }

    [Fact]
    public void NoGap_TurnsWhatRulesFoundIntoASilentPass()
    {
        foreach (var inputs in All().Where(i => i.RouteMode is InspectionMode.Enforce))
        {
            if (!inputs.Rules.Score.IsOver || inputs.Models.SawEverything) continue;
            Assert.False(Decider.Decide(inputs).Forwards, $"{inputs} passes");
        }
    }

    private static IEnumerable<DecisionInputs> All() =>
        from mode in Enum.GetValues<DecisionKind>()
        from score in Scores
        from kind in Kinds
        from action in Actions
        from gaps in Enumerable.Range(0, (int)ModelGaps.Pool * 2)
        from models in Enum.GetValues<InspectionMode>()
        from route in new[] { InspectionMode.Detect, InspectionMode.Enforce }
        select Clean with
        {
            Decision = mode, ModelMode = models, RouteMode = route,
            Rules = new RuleOutcome(kind, Status: 403) { Score = score },
            Models = new ModelOutcome(ModelOutcomeKind.Scored, action) { Gaps = (ModelGaps)gaps },
        };

    /// <summary>The same request with one thing more against it, or one thing less looked at.</summary>
    private static IEnumerable<DecisionInputs> WithMore(DecisionInputs inputs)
    {
        var score = Array.IndexOf(Scores, inputs.Rules.Score);
        foreach (var more in Scores.Skip(score + 1))
            yield return inputs with { Rules = inputs.Rules with { Score = more } };
        foreach (var kind in Kinds.Skip(Array.IndexOf(Kinds, inputs.Rules.Kind) + 1))
            yield return inputs with { Rules = inputs.Rules with { Kind = kind } };
        foreach (var action in Actions.Skip(Array.IndexOf(Actions, inputs.Models.Action) + 1))
            yield return inputs with { Models = inputs.Models with { Action = action } };
        foreach (var gap in Enum.GetValues<ModelGaps>())
            yield return inputs with { Models = inputs.Models with { Gaps = inputs.Models.Gaps | gap } };
        yield return inputs with { Models = inputs.Models with { HasUnjudgedHits = true } };
    }

    /// <summary>What is done counts most; then what Enforce would have done.</summary>
    private static int StrictnessOf(in DecisionInputs inputs)
    {
        var decision = Decider.Decide(inputs);
        return (decision.Forwards ? 0 : 2) + (decision.WouldHave is VerdictKind.Allow ? 0 : 1);
    }
}
