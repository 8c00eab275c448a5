namespace WafOperator.Engine.Program;

/// <summary>Something a rule does on every match, whatever becomes of its chain. Immutable and shareable.</summary>
internal abstract class RuleAction
{
    public abstract void Execute(Transaction transaction, CompiledRule rule);
}
