using System.Collections.Immutable;
using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>Compiles a tree for the backtracking machine. One instance for each pattern.</summary>
internal sealed class BacktrackCompiler
{
    /// <summary>From this many alternatives on the next byte selects among them.</summary>
    private const int DispatchFrom = 3;

    /// <summary>Instructions that selecting by the next byte may add for one choice.</summary>
    private const int ChainedMax = 4_096;

    private readonly List<Instruction> _code = [];
    private readonly List<ByteSet> _sets = [];
    private readonly Dictionary<ByteSet, int> _setIndex = [];
    private readonly List<int[]> _tables = [];
    private readonly int _groupCount;
    private int _registers;
    private bool _needsCaptures;

    private BacktrackCompiler(int groupCount)
    {
        _groupCount = groupCount;
        _registers = 2 * groupCount;
    }

    public static BacktrackCode Compile(RegexPattern pattern)
    {
        var compiler = new BacktrackCompiler(pattern.GroupCount + 1);
        compiler.Emit(pattern.Root);
        compiler.Add(Operation.Accept);
        var sets = compiler._sets.SelectMany(set => new[] { set.Bits0, set.Bits1, set.Bits2, set.Bits3 });
        return new(
            [.. compiler._code], [.. sets], [.. compiler._tables],
            compiler._groupCount, compiler._registers, compiler._needsCaptures);
    }

    private int Here => _code.Count;

    private int Add(Operation operation, int a = 0, int b = 0, int c = 0)
    {
        _code.Add(new(operation, a, b, c));
        return _code.Count - 1;
    }

    private int NewRegisters(int count) => (_registers += count) - count;

    private int SetIndex(ByteSet set)
    {
        if (_setIndex.TryGetValue(set, out var index)) return index;
        _setIndex.Add(set, _sets.Count);
        _sets.Add(set);
        return _sets.Count - 1;
    }

    private void Emit(RegexNode node)
    {
        switch (node)
        {
            case RegexNode.Set { Bytes: var bytes }:
                EmitSet(bytes);
                break;
            case RegexNode.Sequence sequence:
                foreach (var item in sequence.Items) Emit(item);
                break;
            case RegexNode.Choice choice:
                EmitChoice(choice.Items);
                break;
            case RegexNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case RegexNode.Capture capture:
                var opened = NewRegisters(1);
                Add(Operation.Mark, opened);
                Emit(capture.Body);
                Add(Operation.Close, 2 * capture.Group, opened);
                break;
            case RegexNode.Atomic atomic:
                EmitAtomic(() => Emit(atomic.Body));
                break;
            case RegexNode.Look look:
                EmitLook(look);
                break;
            case RegexNode.Assertion assertion:
                Add(Operation.Assert, (int)assertion.Kind);
                break;
            case RegexNode.BackReference reference:
                _needsCaptures = true;
                Add(Operation.BackReference, reference.Group, reference.IgnoreCase ? 1 : 0);
                break;
            case RegexNode.MatchStartReset:
                Add(Operation.ResetStart);
                break;
        }
    }

    private void EmitSet(ByteSet bytes)
    {
        var only = bytes.OnlyMember();
        if (bytes.IsEmpty) Add(Operation.Fail);
        else if (only >= 0) Add(Operation.Byte, only);
        else Add(Operation.Set, SetIndex(bytes));
    }

    private void EmitChoice(ImmutableArray<RegexNode> options)
    {
        var entries = new int[options.Length];
        var dispatch = options.Length >= DispatchFrom ? Add(Operation.Dispatch, _tables.Count) : -1;
        if (dispatch >= 0) _tables.Add([]);
        var splits = new List<int>();
        var exits = new List<int>();
        for (var index = 0; index < options.Length; index++)
        {
            var last = index == options.Length - 1;
            if (dispatch < 0 && !last) splits.Add(Add(Operation.Split));
            entries[index] = Here;
            Emit(options[index]);
            if (!last || dispatch >= 0) exits.Add(Add(Operation.Jump));
            if (dispatch < 0 && !last) _code[splits[^1]] = new(Operation.Split, entries[index], Here);
        }

        if (dispatch >= 0) _tables[_code[dispatch].A] = BuildTable(options, entries);
        foreach (var exit in exits) _code[exit] = new(Operation.Jump, Here);
    }

    /// <summary>
    /// For each next byte a chain of splits over the alternatives that can begin with it, in their order.
    /// </summary>
    private int[] BuildTable(ImmutableArray<RegexNode> options, int[] entries)
    {
        var firsts = options.Select(FirstBytes.Of).ToArray();
        var chains = new Dictionary<string, int>(StringComparer.Ordinal);
        var table = new int[257];
        var emitted = 0;
        for (var value = 0; value <= 256; value++)
        {
            var viable = entries.Where((_, index) => firsts[index].Allows(value)).ToArray();
            // Many alternatives with many different beginnings would multiply: one chain over all of them is always
            // right.
            if (emitted > ChainedMax) viable = entries;
            var key = string.Join(',', viable);
            if (!chains.TryGetValue(key, out var target))
            {
                chains.Add(key, target = EmitChain(viable));
                emitted += viable.Length;
            }

            table[value] = target;
        }

        return table;
    }

    private int EmitChain(int[] entries)
    {
        if (entries.Length == 0) return -1;
        if (entries.Length == 1) return entries[0];
        var start = Here;
        for (var index = 0; index < entries.Length - 1; index++) Add(Operation.Split, entries[index], Here + 1);
        Add(Operation.Jump, entries[^1]);
        return start;
    }

    private void EmitRepeat(RegexNode.Repeat repeat)
    {
        if (repeat.Body is RegexNode.Set { Bytes: var bytes })
        {
            var operation = repeat.Kind switch
            {
                RepeatKind.Greedy => Operation.RepeatGreedy,
                RepeatKind.Lazy => Operation.RepeatLazy,
                _ => Operation.RepeatPossessive,
            };
            Add(operation, SetIndex(bytes), repeat.Min, repeat.Max);
            return;
        }

        if (repeat.Kind == RepeatKind.Possessive) EmitAtomic(() => EmitCopies(repeat));
        else EmitCopies(repeat);
    }

    private void EmitCopies(RegexNode.Repeat repeat)
    {
        var unbounded = repeat.Max == RegexNode.Repeat.Unbounded;
        var copies = unbounded && repeat.Min > 0 ? repeat.Min - 1 : repeat.Min;
        for (var copy = 0; copy < copies; copy++) Emit(repeat.Body);
        if (unbounded)
        {
            EmitLoop(repeat);
            return;
        }

        var splits = new List<int>();
        for (var copy = repeat.Min; copy < repeat.Max; copy++)
        {
            splits.Add(Add(Operation.Split));
            Emit(repeat.Body);
        }

        foreach (var split in splits) SetSplit(split, split + 1, Here, repeat.Kind);
    }

    /// <summary>
    /// As PCRE does it, the last turn that must be taken belongs to the loop: when it matches nothing the loop has
    /// ended, and no further turn is tried.
    /// </summary>
    private void EmitLoop(RegexNode.Repeat repeat)
    {
        var entry = repeat.Min == 0 ? Add(Operation.Split) : -1;
        var canBeEmpty = RegexMeasure.MinLength(repeat.Body) == 0;
        var register = canBeEmpty ? NewRegisters(1) : -1;
        var body = Here;
        if (canBeEmpty) Add(Operation.Mark, register);
        Emit(repeat.Body);
        var check = canBeEmpty ? Add(Operation.ExitIfEmpty) : -1;
        var again = Add(entry < 0 ? Operation.Split : Operation.Jump, entry);
        if (entry < 0) SetSplit(again, body, Here, repeat.Kind);
        else SetSplit(entry, body, Here, repeat.Kind);
        if (canBeEmpty) _code[check] = new(Operation.ExitIfEmpty, register, Here);
    }

    private void SetSplit(int split, int body, int exit, RepeatKind kind) =>
        _code[split] = kind == RepeatKind.Lazy ? new(Operation.Split, exit, body) : new(Operation.Split, body, exit);

    private void EmitAtomic(Action emitBody)
    {
        var registers = NewRegisters(2);
        Add(Operation.Enter, registers);
        emitBody();
        Add(Operation.Commit, registers);
    }

    private void EmitLook(RegexNode.Look look)
    {
        var registers = NewRegisters(2);
        var negative = look.Kind is LookKind.NotAhead or LookKind.NotBehind;
        var behind = look.Kind is LookKind.Behind or LookKind.NotBehind;
        var enter = Add(negative ? Operation.EnterNegative : Operation.Enter, registers);
        if (behind)
            Add(Operation.StepBack, registers, RegexMeasure.MinLength(look.Body), RegexMeasure.MaxLength(look.Body));
        Emit(look.Body);
        if (behind) Add(Operation.CheckReturned, registers);
        Add(negative ? Operation.CommitAndFail : Operation.CommitAndReturn, registers);
        if (negative) _code[enter] = new(Operation.EnterNegative, registers, Here);
    }
}
