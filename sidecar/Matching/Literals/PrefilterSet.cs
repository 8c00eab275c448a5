// One pass over a value tells which of many patterns could match it.
//
// Each pattern has up to K clauses ("one of these literals occurs"); it is a candidate when all of them hold. Kept as
// bits: for each clause number k a row with one bit for each pattern, set when clause k of that pattern holds (from the
// start where it has fewer clauses). Each literal knows which bits it sets. After the pass, the AND of the K rows is
// the answer, 64 patterns at a time.
//
// Literals of one byte (quotes, brackets) are not put into the automaton, where they would make almost every state
// report something: the pass ORs a mask for each byte instead, one bit for each group of bytes with the same
// consequences.
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

    /// <summary>
    /// Classes of bytes in the automaton. Rule sets use some eighty; letting the rarest share one keeps the table
    /// half as large and costs a false "maybe" now and then.
    /// </summary>
    private const int ClassesMax = 64;

    /// <summary>From this many bytes on an input is read in two halves at once.</summary>
    private const int SplitFrom = 64;

    private readonly int _slots;
    private readonly ulong[] _initial;
    private readonly ulong[] _byteMasks;
    private readonly RowBits[][] _byteBits;
    private readonly RowBits[][] _stateBits;
    private readonly LiteralAutomaton _automaton;
    private readonly int _overlap;
    private readonly int _splitFrom;
    private readonly bool _anyLiteral;

    internal PrefilterSet(PrefilterRows rows, int classesMax)
    {
        PatternCount = rows.PatternCount;
        WordCount = rows.WordCount;
        _slots = rows.Slots;
        _initial = rows.Initial;
        _byteMasks = rows.ByteMasks;
        _byteBits = rows.ByteBits;
        _automaton = LiteralAutomaton.Build(rows.Literals, classesMax);
        _stateBits = Array.ConvertAll(_automaton.Reports, report => rows.Merge(report));
        _anyLiteral = rows.Literals.Count > 0;
        _overlap = rows.Literals.Count == 0 ? 0 : rows.Literals.Max(literal => literal.Length) - 1;
        _splitFrom = Math.Max(SplitFrom, 4 * _overlap);
    }

    /// <summary>How many conditions there are; each is named by its index in the list given.</summary>
    public int PatternCount { get; }

    /// <summary>Length of the bit set that <see cref="Scan"/> fills, in 64-bit words.</summary>
    public int WordCount { get; }

    /// <summary>Bytes that the tables take.</summary>
    internal long TableBytes => _automaton.TableBytes
        + _stateBits.Sum(bits => (bits.Length * 16L) + 24) + _byteBits.Sum(bits => (bits.Length * 16L) + 24);

    public static PrefilterSet Create(IReadOnlyList<PatternCondition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        return new(PrefilterRows.Build(conditions), ClassesMax);
    }

    /// <summary>As <see cref="Create"/>, without the rare false "maybe" that shared classes cause.</summary>
    internal static PrefilterSet CreateExact(IReadOnlyList<PatternCondition> conditions) =>
        new(PrefilterRows.Build(conditions), 256);

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
            : _automaton.NarrowTable is { } narrow ? ScanLiterals(input, narrow, rows)
            : ScanLiterals(input, _automaton.WideTable!, rows);
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
        ref var offsetOf = ref MemoryMarshal.GetArrayDataReference(_automaton.Offsets);
        ref var maskOf = ref MemoryMarshal.GetArrayDataReference(_byteMasks);
        ref var text = ref MemoryMarshal.GetReference(input);
        var firstReporting = (uint)_automaton.FirstReporting;
        var seen = 0UL;
        nint position = 0;
        nint length = input.Length;
        var state = 0U;
        if (length >= _splitFrom)
        {
            // Each look-up waits for the one before it. Two passes at once, over the two halves, wait half as long: the
            // second starts early enough to find what crosses the middle.
            var second = (length / 2) - _overlap;
            var secondState = 0U;
            for (var end = length / 2; position < end; position++, second++)
            {
                nint left = Unsafe.Add(ref text, position);
                nint right = Unsafe.Add(ref text, second);
                seen |= Unsafe.Add(ref maskOf, left) | Unsafe.Add(ref maskOf, right);
                state = Next(ref edge, Unsafe.Add(ref offsetOf, left), state);
                secondState = Next(ref edge, Unsafe.Add(ref offsetOf, right), secondState);
                if (state >= firstReporting) Set(rows, _stateBits[state - firstReporting]);
                if (secondState >= firstReporting) Set(rows, _stateBits[secondState - firstReporting]);
            }

            (position, state) = (second, secondState);
        }

        for (; position < length; position++)
        {
            nint value = Unsafe.Add(ref text, position);
            seen |= Unsafe.Add(ref maskOf, value);
            state = Next(ref edge, Unsafe.Add(ref offsetOf, value), state);
            if (state >= firstReporting) Set(rows, _stateBits[state - firstReporting]);
        }

        return seen;
    }

    // In range: an offset is where a class begins in the table, a state a place within a class, both from the
    // automaton.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Next<TEntry>(ref TEntry edge, uint offset, uint state)
        where TEntry : unmanaged, IBinaryInteger<TEntry> =>
        uint.CreateTruncating(Unsafe.Add(ref edge, (nint)(nuint)(offset + state)));

    private static void Set(Span<ulong> rows, RowBits[] bits)
    {
        foreach (var entry in bits) rows[entry.Word] |= entry.Bits;
    }
}
