// A deterministic automaton built while it runs: a state is the set of nodes the nondeterministic one could be in, and
// an edge is computed the first time it is taken. After warm-up a byte costs one table look-up, whatever the pattern;
// the time is linear in the input, since each byte is read once and nothing is ever tried again.
//
// The tables are a cache of bounded size. When it is full it is dropped and a new one begun; when that happens again
// and again within one search, the rest of the input is read by moving the node sets directly, which needs no memory
// and is linear as well (input times nodes), and is paid from the budget node by node.
using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>Tells whether an automaton accepts a part of an input. Safe for concurrent use.</summary>
internal sealed class LazyDfa
{
    /// <summary>Most memory of one pattern's tables, in bytes.</summary>
    private const long BytesMax = 512 << 10;

    /// <summary>How often a search may find the tables full before it goes on without them.</summary>
    private const int FlushesMax = 2;

    /// <summary>Bytes read from the tables for one step.</summary>
    private const int BytesPerStep = 4;

    /// <summary>Above this share of bytes that leave the idle state, searching for them costs more than
    /// stepping.</summary>
    private const double IdleLeavingMax = 0.1;

    private readonly Nfa _nfa;
    private readonly int _shift;
    private readonly NfaContext _relevant;
    private readonly bool _canBeginLater;
    private readonly int[] _idleKey;
    private readonly SearchValues<byte>? _leaving;
    private readonly RegexMemory _memory;
    private DfaCache _cache;

    public LazyDfa(Nfa nfa, RegexMemory memory)
    {
        _nfa = nfa;
        _memory = memory;
        while (1 << _shift <= nfa.ClassCount) _shift++;
        _relevant = Relevant(nfa);
        var later = new[] { NfaContext.None, NfaContext.AfterLineFeed, NfaContext.AfterWord }.Select(KeyAt).ToArray();
        _canBeginLater = later.Any(key => key.Length > 1);
        (_idleKey, _leaving) = FindIdle(later);
        _cache = NewCache();
    }

    /// <summary>Whether "yes" is the pattern's own answer rather than "perhaps".</summary>
    public bool IsExact => _nfa.IsExact;

    internal int StateCount => _cache.StateCount;

    internal long Bytes => _cache.Bytes;

    /// <summary>Whether a match begins at or after <paramref name="start"/>. Steps used are taken from the
    /// budget.</summary>
    public RegexOutcome Search(ReadOnlySpan<byte> input, int start, ref long steps)
    {
        var cache = Volatile.Read(ref _cache);
        var context = NfaContexts.At(input, start);
        var entry = (int)Volatile.Read(ref cache.Starts[(int)context]);
        if (entry == DfaCache.Unknown) entry = Begin(ref cache, context, ref steps);
        steps -= (input.Length - start) / BytesPerStep;
        if (steps < 0) return RegexOutcome.BudgetExceeded;
        var flushes = 0;
        var position = start;
        while (true)
        {
            if (entry == DfaCache.Dead) return RegexOutcome.NoMatch;
            if (entry == DfaCache.Matched) return RegexOutcome.Match;
            if ((entry & DfaCache.Idle) != 0 && position < input.Length)
            {
                entry &= ~DfaCache.Idle;
                var skipped = input[position..].IndexOfAny(_leaving!);
                position = skipped < 0 ? input.Length : position + skipped;
            }

            var state = entry & ~DfaCache.Idle;
            position = Run(cache.Table, input, position, ref state, out entry);
            if (position < input.Length && entry != DfaCache.Unknown)
            {
                position++;
                continue;
            }

            var byteClass = position < input.Length ? _nfa.ClassOf[input[position]] : _nfa.ClassCount;
            if (position == input.Length) entry = cache.Table[(state << _shift) + byteClass];
            if (entry == DfaCache.Unknown)
            {
                var before = cache;
                entry = Explore(ref cache, state, byteClass, ref steps);
                if (steps < 0) return RegexOutcome.BudgetExceeded;
                if (cache != before && ++flushes > FlushesMax)
                    return Simulate(cache.KeyOf(entry & ~DfaCache.Idle), input, position + 1, ref steps);
            }

            position++;
        }
    }

    /// <summary>
    /// Follows known edges. Stops at the byte whose edge is special, with that edge in <paramref name="entry"/>, or at
    /// the end of the input; <paramref name="state"/> is the state before.
    /// </summary>
    private int Run(ushort[] table, ReadOnlySpan<byte> input, int position, ref int state, out int entry)
    {
        ref var edge = ref MemoryMarshal.GetArrayDataReference(table);
        ref var classOf = ref MemoryMarshal.GetArrayDataReference(_nfa.ClassOf);
        var shift = _shift;
        var current = (uint)state;
        var next = 0U;
        for (; position < input.Length; position++)
        {
            // In range: the state is a row of this table or of a smaller one before it, the class a column of it.
            var index = (current << shift) + Unsafe.Add(ref classOf, (nint)input[position]);
            next = Unsafe.Add(ref edge, (nint)index);
            // One comparison for all special entries: 0 to 2 wrap around, idle ones are large.
            if (next - DfaCache.FirstState >= DfaCache.Idle - DfaCache.FirstState) break;
            current = next;
        }

        state = (int)current;
        entry = (int)next;
        return position;
    }

    /// <summary>Computes an edge that is not known yet and notes it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Explore(ref DfaCache cache, int state, int byteClass, ref long steps)
    {
        var stepper = NfaStepper.ForThread(_nfa);
        stepper.Work = 0;
        var key = cache.KeyOf(state);
        stepper.Load(_nfa, key[1..], (NfaContext)key[0]);
        var matched = stepper.Step(_nfa, byteClass);
        steps -= stepper.Work + key.Length;
        if (matched) return Note(cache, state, byteClass, DfaCache.Matched);
        if (byteClass == _nfa.ClassCount) return Note(cache, state, byteClass, DfaCache.Dead);
        return Note(ref cache, state, byteClass, stepper);
    }

    private static int Note(DfaCache cache, int state, int byteClass, ushort entry)
    {
        lock (cache.Gate) cache.SetEdge(state, byteClass, entry);
        return entry;
    }

    private int Note(ref DfaCache cache, int state, int byteClass, NfaStepper stepper)
    {
        var buffer = ArrayPool<int>.Shared.Rent(_nfa.Nodes.Length + 1);
        var key = buffer.AsSpan(0, stepper.CopyKey(_nfa, _relevant, buffer));
        try
        {
            if (key.Length == 1 && !_canBeginLater) return Note(cache, state, byteClass, DfaCache.Dead);
            lock (cache.Gate)
            {
                var entry = cache.Intern(key);
                if (entry != DfaCache.Unknown)
                {
                    cache.SetEdge(state, byteClass, entry);
                    return entry;
                }
            }

            return InternAnew(ref cache, key);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(buffer);
        }
    }

    /// <summary>The cache is full: begins a new one with this state in it.</summary>
    private int InternAnew(ref DfaCache cache, ReadOnlySpan<int> key)
    {
        while (true)
        {
            var current = Volatile.Read(ref _cache);
            if (ReferenceEquals(current, cache))
            {
                lock (cache.Gate) cache.Retire();
                Interlocked.CompareExchange(ref _cache, NewCache(), cache);
                continue;
            }

            cache = current;
            lock (cache.Gate)
            {
                var entry = cache.Intern(key);
                if (entry != DfaCache.Unknown) return entry;
            }
        }
    }

    private int Begin(ref DfaCache cache, NfaContext context, ref long steps)
    {
        var stepper = NfaStepper.ForThread(_nfa);
        stepper.Work = 0;
        var matched = stepper.Begin(_nfa, context);
        steps -= stepper.Work;
        var entry = matched ? DfaCache.Matched : 0;
        if (!matched)
        {
            var key = new int[_nfa.Nodes.Length + 1];
            var length = stepper.CopyKey(_nfa, _relevant, key);
            if (length == 1 && !_canBeginLater) entry = DfaCache.Dead;
            else
            {
                lock (cache.Gate) entry = cache.Intern(key.AsSpan(0, length));
                if (entry == DfaCache.Unknown) entry = InternAnew(ref cache, key.AsSpan(0, length));
            }
        }

        Volatile.Write(ref cache.Starts[(int)context], (ushort)entry);
        return entry;
    }

    /// <summary>Reads the rest of the input by moving node sets, without tables.</summary>
    private RegexOutcome Simulate(ReadOnlySpan<int> key, ReadOnlySpan<byte> input, int position, ref long steps)
    {
        var stepper = NfaStepper.ForThread(_nfa);
        stepper.Load(_nfa, key[1..], (NfaContext)key[0]);
        for (; position <= input.Length; position++)
        {
            var byteClass = position < input.Length ? _nfa.ClassOf[input[position]] : _nfa.ClassCount;
            stepper.Work = 1;
            if (stepper.Step(_nfa, byteClass)) return RegexOutcome.Match;
            steps -= stepper.Work;
            if (steps < 0) return RegexOutcome.BudgetExceeded;
        }

        return RegexOutcome.NoMatch;
    }

    private DfaCache NewCache() => new(_shift, _idleKey, _memory, BytesMax);

    private static NfaContext Relevant(Nfa nfa)
    {
        var relevant = NfaContext.None;
        foreach (var node in nfa.Nodes)
        {
            if (node.Kind != NfaKind.Assert) continue;
            relevant |= (AssertionKind)node.Argument switch
            {
                AssertionKind.SubjectStart => NfaContext.SubjectStart,
                AssertionKind.SearchStart => NfaContext.SearchStart,
                AssertionKind.LineStart => NfaContext.SubjectStart | NfaContext.AfterLineFeed,
                AssertionKind.WordBoundary or AssertionKind.NotWordBoundary => NfaContext.AfterWord,
                _ => NfaContext.None,
            };
        }

        return relevant;
    }

    private int[] KeyAt(NfaContext context)
    {
        var stepper = NfaStepper.ForThread(_nfa);
        if (stepper.Begin(_nfa, context)) return [-1];
        var key = new int[_nfa.Nodes.Length + 1];
        return key[..stepper.CopyKey(_nfa, _relevant, key)];
    }

    /// <summary>
    /// The state in which nothing has begun, if it is the same after every ordinary byte, and the bytes that leave it:
    /// those a match can begin with, and those that change what assertions at the beginning say.
    /// </summary>
    private (int[] Key, SearchValues<byte>? Leaving) FindIdle(int[][] later)
    {
        var idle = later[0];
        if (idle[0] == -1 || idle.Skip(1).Any(node => _nfa.Nodes[node].Kind != NfaKind.Consume)) return ([-1], null);
        var leaving = new List<byte>();
        var share = 0.0;
        for (var value = 0; value < 256; value++)
        {
            var context = NfaContexts.After((byte)value);
            var changes = (context & NfaContext.AfterLineFeed) != 0 ? !later[1].AsSpan().SequenceEqual(idle)
                : (context & NfaContext.AfterWord) != 0 && !later[2].AsSpan().SequenceEqual(idle);
            var begins = idle.Skip(1).Any(node => _nfa.SetHolds(_nfa.Nodes[node].Argument, _nfa.ClassOf[value]));
            if (!changes && !begins) continue;
            leaving.Add((byte)value);
            share += ByteFrequency.Of([(byte)value]);
        }

        return share > IdleLeavingMax ? ([-1], null) : (idle, SearchValues.Create([.. leaving]));
    }
}
