using WafOperator.Engine.Program;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// What <c>ctl:ruleRemove…</c> took out for this transaction. Empty for most; then asking costs one comparison.
/// </summary>
internal sealed class RuleExclusions
{
    private const int EntriesMax = 4096;

    private readonly List<RuleSet> _removed = [];
    private readonly List<(RuleSet Rules, Target Target)> _targets = [];

    public bool HasRules => _removed.Count > 0;

    public bool HasTargets => _targets.Count > 0;

    public int TargetCount => _targets.Count;

    /// <summary>A rule or a value that would have been tested was left out.</summary>
    public bool HasSuppressed { get; private set; }

    public void Reset()
    {
        _removed.Clear();
        _targets.Clear();
        HasSuppressed = false;
    }

    public void Remove(RuleSet rules)
    {
        if (_removed.Count < EntriesMax)
        {
            _removed.Add(rules);
        }
    }

    public void Remove(RuleSet rules, Target target)
    {
        if (_targets.Count < EntriesMax)
        {
            _targets.Add((rules, target));
        }
    }

    public bool IsRemoved(CompiledRule rule)
    {
        foreach (var rules in _removed)
        {
            if (rules.Contains(rule))
            {
                return HasSuppressed = true;
            }
        }

        return false;
    }

    public bool IsRemoved(CompiledRule rule, VariableId variable, ReadOnlySpan<byte> name, uint hash)
    {
        foreach (var (rules, target) in _targets)
        {
            if (target.Variable == variable && rules.Contains(rule) && target.Selects(name, hash))
            {
                return HasSuppressed = true;
            }
        }

        return false;
    }
}
