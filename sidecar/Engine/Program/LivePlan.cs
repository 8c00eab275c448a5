using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Program;

/// <summary>
/// What of a phase is alive for certain values of its gates: which rules run whatever the request holds, and which
/// variables have to be looked through for the others. Immutable.
/// </summary>
internal sealed class LivePlan
{
    public required long[] Key { get; init; }

    /// <summary>By place in the phase: rules that run without being asked for.</summary>
    public required ulong[] Always { get; init; }

    /// <summary>The variables that filtered rules read.</summary>
    public required GroupPlan[] Groups { get; init; }

    /// <summary>Live units.</summary>
    public required ulong[] Units { get; init; }
}

/// <summary>
/// Who reads a variable: for members in general, and for members with a name of their own in the rules.
/// </summary>
internal sealed class GroupPlan(VariableId variable, Readers general, Dictionary<uint, Readers> named)
{
    public VariableId Variable { get; } = variable;

    /// <summary>Readers of a member whose name (by hash) no rule spells out.</summary>
    public Readers General { get; } = general;

    public bool HasNames { get; } = named.Count > 0;

    public Readers For(uint nameHash) => HasNames && named.TryGetValue(nameHash, out var readers) ? readers : General;
}

/// <summary>The units that read a value, in all and by the step of the transformation tree they want.</summary>
internal sealed class Readers(ulong[] units, ChainReaders[] chains, ulong scanTriggers)
{
    public bool IsEmpty { get; } = chains.Length == 0;

    public ulong[] Units { get; } = units;

    public ChainReaders[] Chains { get; } = chains;

    /// <summary>Kinds of bytes without which no chain changes more than the case of letters.</summary>
    public ulong ScanTriggers { get; } = scanTriggers;
}

/// <summary>The units that read one step of the transformation tree.</summary>
internal readonly record struct ChainReaders(int Node, ulong ScanTriggers, ulong[] Units);
