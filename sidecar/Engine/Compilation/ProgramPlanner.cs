using WafOperator.Engine.Operators;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.Matching;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>Arranges compiled rules by phase, and decides which of them are filtered in bulk.</summary>
internal static class ProgramPlanner
{
    public static ProgramParts Plan(
        EngineOptions options, EngineSettings settings, CompiledRule[] heads, IReadOnlyList<(string Name,
            int Before)> markers,
        TransformationNode[] nodes, NameTable names, byte[] constants)
    {
        foreach (var head in heads)
        {
            var isLight = Links(head).All(ReadsLittle);
            foreach (var link in Links(head))
            {
                link.IsLight = isLight;
            }

            ScorePlanner.Plan(head, names);
        }

        var units = options.Prefilter ? heads.Where(IsUnit).ToArray() : [];
        for (var i = 0; i < units.Length; i++)
        {
            units[i].Unit = i;
        }

        var phases = new PhasePlan[6];
        phases[0] = PhasePlanner.Plan([], [], options.Prefilter, names);
        for (var phase = 1; phase <= 5; phase++)
        {
            var rules = heads.Where(rule => rule.Phase == phase).ToArray();
            for (var i = 0; i < rules.Length; i++)
            {
                rules[i].Position = i;
            }

            phases[phase] = PhasePlanner.Plan(rules, [.. rules.Select(rule => SkipTarget(rule, rules, markers))],
                options.Prefilter, names);
        }

        return new ProgramParts
        {
            Options = options,
            Settings = settings,
            Heads = heads,
            Phases = phases,
            Nodes = nodes,
            Names = names,
            Constants = constants,
            Units = units,
            Filter = PrefilterSet.Create([.. units.Select(Condition)]),
        };
    }

    /// <summary>
    /// A rule all of whose variables are fixed before the phase starts: without a value that may match there is nothing
    /// to do.
    /// </summary>
    private static bool IsUnit(CompiledRule rule) =>
        rule.Targets.Length > 0 && !rule.IsRefused
        && rule.Targets.All(target => target.Mode == TargetMode.Values && VariableNames.IsStatic(target.Variable));

    /// <summary>
    /// Reads only variables of TX by their names, and tests them in a time that hardly depends on them.
    /// </summary>
    private static bool ReadsLittle(CompiledRule rule) =>
        rule.Operator is NumberOperator or TextOperator or UnconditionalMatch
        && rule.Targets.All(target => target.Slot >= 0) && rule.MultiMatchNodes.Length == 0;

    private static IEnumerable<CompiledRule> Links(CompiledRule head)
    {
        for (var link = head; link is not null; link = link.Next)
        {
            yield return link;
        }
    }

    private static PatternCondition Condition(CompiledRule rule) =>
        rule.IsNegated ? PatternCondition.Always : rule.Operator.Condition;

    /// <summary>
    /// Where a jump lands: the first rule of the phase behind the marker, or behind the rule with that id.
    /// </summary>
    private static int SkipTarget(CompiledRule rule, CompiledRule[] rules, IReadOnlyList<(string Name,
        int Before)> markers)
    {
        if (rule.SkipAfter is null)
        {
            return rule.Position + 1;
        }

        foreach (var (name, before) in markers)
        {
            if (before > rule.Index && name == rule.SkipAfter)
            {
                var at = Array.FindIndex(rules, candidate => candidate.Index >= before);
                return at < 0 ? rules.Length : at;
            }
        }

        var id = DraftReader.Number(rule.SkipAfter);
        var named = Array.FindIndex(rules, rule.Position + 1, candidate => candidate.Id == id);
        return named < 0 ? rules.Length : named + 1;
    }
}
