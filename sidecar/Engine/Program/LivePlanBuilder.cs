using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine.Program;

/// <summary>
/// Works out a <see cref="LivePlan"/>: runs the gates, drops what they skip, and sorts the rest by what it reads.
/// </summary>
internal static class LivePlanBuilder
{
    public static LivePlan Build(PhasePlan phase, long[] key, bool foldGates, ProgramParts parts)
    {
        var always = new ulong[(phase.Rules.Length / 64) + 1];
        var units = new ulong[parts.UnitWords];
        var live = new List<CompiledRule>();
        var at = phase.Barrier;
        while (at < phase.Rules.Length)
        {
            var gate = foldGates ? phase.Gates[at] : null;
            if (gate is not null)
            {
                at = gate.Matches(phase.GateSlots, key) ? Math.Max(at + 1, phase.SkipTargets[at]) : at + 1;
                continue;
            }

            var rule = phase.Rules[at];
            if (rule.Unit < 0)
            {
                always[at >> 6] |= 1UL << (at & 63);
            }
            else
            {
                units[rule.Unit >> 6] |= 1UL << (rule.Unit & 63);
                live.Add(rule);
            }

            at++;
        }

        return new LivePlan { Key = key, Always = always, Units = units, Groups = BuildGroups(live, parts) };
    }

    private static GroupPlan[] BuildGroups(List<CompiledRule> live, ProgramParts parts)
    {
        var uses = live.SelectMany(rule => rule.Targets.Select(target => new Use(rule, target)))
            .GroupBy(use => use.Target.Variable).OrderBy(group => group.Key);
        return [.. uses.Select(group => BuildGroup(group.Key, [.. group], parts))];
    }

    private static GroupPlan BuildGroup(VariableId variable, List<Use> uses, ProgramParts parts)
    {
        var general = uses.Where(use => use.Target.Kind != SelectorKind.Name).ToList();
        var named = new Dictionary<uint, Readers>();
        foreach (var hash in uses.Except(general).Select(use => use.Target.NameHash).Distinct())
        {
            var mine = uses.Where(use => use.Target.Kind == SelectorKind.Name && use.Target.NameHash == hash);
            named.Add(hash, BuildReaders([.. general, .. mine], parts));
        }

        return new GroupPlan(variable, BuildReaders(general, parts), named);
    }

    private static Readers BuildReaders(List<Use> uses, ProgramParts parts)
    {
        var all = new ulong[parts.UnitWords];
        var byNode = new SortedDictionary<int, ulong[]>();
        foreach (var rule in uses.Select(use => use.Rule))
        {
            Set(all, rule.Unit);
            foreach (var node in rule.MultiMatchNodes.Length > 0 ? rule.MultiMatchNodes : [rule.Node])
            {
                if (!byNode.TryGetValue(node, out var bits))
                {
                    byNode.Add(node, bits = new ulong[parts.UnitWords]);
                }

                Set(bits, rule.Unit);
            }
        }

        var chains = byNode.Select(pair => new ChainReaders(pair.Key, parts.Nodes[pair.Key].ScanTriggers,
            pair.Value)).ToArray();
        return new Readers(all, chains, chains.Aggregate(0UL, (triggers, chain) => triggers | chain.ScanTriggers));
    }

    private static void Set(ulong[] bits, int unit) => bits[unit >> 6] |= 1UL << (unit & 63);

    private sealed record Use(CompiledRule Rule, Target Target);
}
