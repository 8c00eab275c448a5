namespace WafOperator.Engine.Program;

/// <summary>
/// A choice of rules, made once when the program is compiled: by head, links of a chain belong to theirs. Immutable
/// then.
/// </summary>
internal sealed class RuleSet
{
    private readonly HashSet<long> _ids = [];

    public void Add(CompiledRule rule) => _ids.Add(rule.Id);

    public bool Contains(CompiledRule rule) => _ids.Contains(rule.Id);
}
