using WafOperator.Engine.Values;
using WafOperator.Matching;

namespace WafOperator.Engine.Program;

/// <summary>Everything a compiled program consists of. Immutable.</summary>
internal sealed class ProgramParts
{
    public required EngineOptions Options { get; init; }

    public required EngineSettings Settings { get; init; }

    /// <summary>All heads in order of definition; <see cref="CompiledRule.Index"/> points here.</summary>
    public required CompiledRule[] Heads { get; init; }

    /// <summary>The five phases, index 0 unused.</summary>
    public required PhasePlan[] Phases { get; init; }

    public required TransformationNode[] Nodes { get; init; }

    public required NameTable Names { get; init; }

    public required byte[] Constants { get; init; }

    /// <summary>The rules that are filtered in bulk, by <see cref="CompiledRule.Unit"/>.</summary>
    public required CompiledRule[] Units { get; init; }

    /// <summary>The conditions of all units, scanned together.</summary>
    public required PrefilterSet Filter { get; init; }

    public int UnitWords => Filter.WordCount;
}
