// One pass over a value tells which of many patterns could match it.
//
// Each pattern has up to K clauses ("one of these literals occurs"); it is a candidate when all of them hold. Kept as
// bits:
// for each clause number k a row with one bit for each pattern, set when clause k of that pattern holds (from the start
// where it has fewer clauses). Each literal knows which bits it sets. After the pass, the AND of the K rows is the
// answer,
// 64 patterns at a time.
//
// Literals of one byte (quotes, brackets) are not put into the automaton, where they would make almost every state
// report
// something: the pass ORs a mask for each byte instead, one bit for each group of bytes with the same consequences.
//
// Guarantee: "no" or "maybe". A pattern whose condition the value meets is always among the candidates.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WafOperator.Matching;

/// <summary>
/// The conditions of many patterns, compiled together. Immutable and safe for concurrent use; scanning allocates
/// nothing.
/// </summary>
public sealed class PrefilterSet
{
    private const int StackWordsMax = 512;

    private readonly int _slots;
    private readonly ulong[] _initial;
    private readonly ulong[] _byteMasks;
    private readonly RowBits[][] _byteBits;
    private readonly RowBits[][] _stateBits;
    private readonly byte[] _classes;
    private readonly int _shift;
    private readonly int _firstReporting;
    private readonly ushort[]? _narrowTable;
    private readonly int[]? _wideTable;
    private readonly bool _anyLiteral;

    internal PrefilterSet(PrefilterRows rows)
    {
        PatternCount = rows.PatternCount;
        WordCount = rows.WordCount;
        _slots = rows.Slots;
        _initial = rows.Initial;
        _byteMasks = rows.ByteMasks;
        _byteBits = rows.ByteBits;
        var automaton = LiteralAutomaton.Build(rows.Literals);
        _stateBits = Array.ConvertAll(automaton.Reports, report => rows.Merge(report));
        _classes = automaton.Classes;
        _shift = automaton.Shift;
        _firstReporting = automaton.FirstReporting;
        _anyLiteral = rows.Literals.Count > 0;
        if (automaton.StateCount <= ushort.MaxValue)
            _narrowTable = Array.ConvertAll(automaton.Table, entry => (ushort)entry);
        else _wideTable = automaton.Table;
    }

    /// <summary>How many conditions there are; each is named by its index in the list given.</summary>
    public int PatternCount { get; }

    /// <summary>Length of the bit set that <see cref="Scan"/> fills, in 64-bit words.</summary>
    public int WordCount { get; }

    /// <summary>Bytes that the tables take.</summary>
    internal long TableBytes =>
        (_narrowTable?.Length * 2L ?? _wideTable!.Length * 4L)
        + _stateBits.Sum(bits => (bits.Length * 16L) + 24) + _byteBits.Sum(bits => (bits.Length * 16L) + 24);

    public static PrefilterSet Create(IReadOnlyList<PatternCondition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        return new(PrefilterRows.Build(conditions));
    }

    /// <summary>
    /// Overwrites <paramref name="candidates"/> with one bit for each pattern: set where the pattern could match the
    /// input.
    /// </summary>
    [SkipLocalsInit]
    public void Scan(ReadOnlySpan<byte> input, Span<ulong> candidates)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(candidates.Length, WordCount, nameof(candidates));
        var rows = _initial.Length <= StackWordsMax ? stackalloc ulong[StackWordsMax] : new ulong[_initial.Length];
        rows = rows[.._initial.Length];
        _initial.CopyTo(rows);
        var seen = !_anyLiteral ? ScanBytes(input)
            : _narrowTable is not null ? ScanLiterals(input, _narrowTable, rows)
            : ScanLiterals(input, _wideTable!, rows);
        for (; seen != 0; seen &= seen - 1) Set(rows, _byteBits[BitOperations.TrailingZeroCount(seen)]);
        for (var word = 0; word < WordCount; word++)
        {
            var bits = rows[word];
            for (var slot = 1; slot < _slots; slot++) bits &= rows[(slot * WordCount) + word];
            candidates[word] = bits;
        }
    }

    private ulong ScanBytes(ReadOnlySpan<byte> input)
    {
        var seen = 0UL;
        foreach (var value in input) seen |= _byteMasks[value];
        return seen;
    }

    /// <summary>The pass itself; returns the groups of single bytes seen.</summary>
    private ulong ScanLiterals<TEntry>(ReadOnlySpan<byte> input, TEntry[] table, Span<ulong> rows)
        where TEntry : unmanaged, IBinaryInteger<TEntry>
    {
        ref var edge = ref MemoryMarshal.GetArrayDataReference(table);
        ref var classOf = ref MemoryMarshal.GetArrayDataReference(_classes);
        ref var maskOf = ref MemoryMarshal.GetArrayDataReference(_byteMasks);
        var shift = _shift;
        var firstReporting = (uint)_firstReporting;
        var seen = 0UL;
        var state = 0U;
        foreach (var value in input)
        {
            seen |= Unsafe.Add(ref maskOf, (nint)value);
            // In range: a state is a row of the table, a class a column of it, and both come from the automaton.
            var index = (state << shift) + Unsafe.Add(ref classOf, (nint)value);
            state = uint.CreateTruncating(Unsafe.Add(ref edge, (nint)index));
            if (state >= firstReporting) Set(rows, _stateBits[state - firstReporting]);
        }

        return seen;
    }

    private static void Set(Span<ulong> rows, RowBits[] bits)
    {
        foreach (var entry in bits) rows[entry.Word] |= entry.Bits;
    }
}
