// Rule sets begin with rules that set the same variables for every request: CRS alone has some fifty that give TX
// variables their defaults. What they bring about does not depend on the request, so it is worked out once, by running
// them, and copied to each transaction.
//
// Guarantee: the same state as if the rules had run. Only rules take part that read nothing but TX by name, and whose
// effects are TX variables with values made of constants and such variables. The first other rule ends the start, as
// does one that only such a match would make unfit. Differential tests run every request of CRS's suite both ways.
using System.Collections.Immutable;
using WafOperator.Engine.Actions;
using WafOperator.Engine.Operators;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine.Evaluation;

/// <summary>The state behind the rules with which phase 1 begins. Immutable.</summary>
/// <param name="Next">Place of the first rule that is not part of it.</param>
/// <param name="Variables">TX places in the order of their first use.</param>
/// <param name="Memory">The transaction's own bytes that values point into.</param>
/// <param name="MatchedIds">Rules that matched.</param>
/// <param name="Last">The last match, for MATCHED_VAR.</param>
/// <param name="Steps">What it took.</param>
internal sealed record PreparedStart(
    int Next, ImmutableArray<(int Slot, VariableStore.Entry Entry)> Variables, byte[] Memory,
    ImmutableArray<long> MatchedIds, (VariableId Variable, Value Value) Last, long Steps)
{
    /// <summary>Whether a rule may run without a request, as far as its test is concerned.</summary>
    public static bool CanTest(CompiledRule rule) =>
        rule.IsLight && rule.Next is null && rule.Node == 0 && rule.Exclusions.Length == 0
        && (rule.Targets.Length == 0 || rule.Operator is NumberOperator { IsConstant: true });

    /// <summary>Whether a match does nothing but write TX variables, or jump.</summary>
    public static bool CanMatch(CompiledRule rule) =>
        !rule.IsLogged && !rule.IsAudited && !rule.Captures && rule.Severity == RuleSeverity.None
        && rule.Disruption is Disruption.None or Disruption.Pass
        && rule.Message is not { IsConstant: false }
        && rule.Actions.All(action => action is SetVariable { IsOfTransaction: true });

    /// <summary>Whether such a rule matches, variables being what they are.</summary>
    public static bool WouldMatch(CompiledRule rule, VariableStore tx)
    {
        if (rule.IsRefused || rule.Operator is not NumberOperator number)
        {
            return !rule.IsRefused;
        }

        foreach (var target in rule.Targets)
        {
            var isSet = tx.IsSet(target.Slot);
            var value = target.Mode == TargetMode.Count ? (isSet ? 1 : 0) : tx.Number(target.Slot);
            if ((isSet || target.Mode == TargetMode.Count) && number.Comparison.Holds(value) != rule.IsNegated)
            {
                return true;
            }
        }

        return false;
    }
}
