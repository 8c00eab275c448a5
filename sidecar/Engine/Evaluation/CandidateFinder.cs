// Finds the few rules that could match a request, in one pass over each distinct value.
//
// Each value is scanned once for the literals of all rules. A transformation that cannot change the value (it holds
// none of the bytes the function reacts to) needs no second look, and one that only changes the case of letters
// neither, because the pass has no case. So most values of an ordinary request are read once, whatever the number of
// rules and chains.
//
// Guarantee: "no" or "maybe". A rule that would match a value is always among that value's candidates; the differential
// tests run every request with and without this filter.
using System.Numerics;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// Fills in, for each value that filtered rules read, which of them may match it. One per transaction.
/// </summary>
internal sealed class CandidateFinder(
    ProgramParts parts, RequestValues values, TransformedValues transformed, StepMeter meter)
{
    private readonly BitRows _rows = new(parts.UnitWords);
    private readonly ulong[] _all = new ulong[parts.UnitWords];
    private readonly ChainSplits _splits = new(parts.UnitWords);

    public void Reset() => _rows.Clear();

    /// <summary>
    /// Looks through a plan's variables and marks in <paramref name="places"/> the rules of the phase that may match.
    /// Where the steps are used up, the rest of the values is left without candidates.
    /// </summary>
    public void Find(LivePlan plan, Span<ulong> places)
    {
        Array.Clear(_all);
        foreach (var group in plan.Groups)
        {
            var list = values[group.Variable];
            for (var i = 0; i < list.Count; i++)
            {
                ref var value = ref list[i];
                var readers = group.For(value.NameHash);
                if (readers.IsEmpty || meter.IsSpent)
                {
                    value.CandidatesRow = BitRows.Zero;
                    continue;
                }

                FindOne(ref value, readers);
                var row = _rows[value.CandidatesRow];
                for (var word = 0; word < row.Length; word++)
                {
                    _all[word] |= row[word];
                }
            }
        }

        for (var word = 0; word < _all.Length; word++)
        {
            for (var bits = _all[word]; bits != 0; bits &= bits - 1)
            {
                var place = parts.Units[(word << 6) + BitOperations.TrailingZeroCount(bits)].Position;
                places[place >> 6] |= 1UL << (place & 63);
            }
        }
    }

    /// <summary>Whether a rule may match a value that was looked through in this phase.</summary>
    public bool IsCandidate(in Value value, int unit) =>
        (_rows[value.CandidatesRow][unit >> 6] >> (unit & 63) & 1) != 0;

    private void FindOne(ref Value value, Readers readers)
    {
        transformed.Classify(ref value);
        meter.Spend(StepMeter.Sort);
        if (value.HitsRow < 0)
        {
            value.HitsRow = Scan(value.Bytes);
        }

        value.CandidatesRow = _rows.Add();
        if ((value.Classes & readers.ScanTriggers) == 0)
        {
            And(value.CandidatesRow, readers.Units, value.HitsRow);
            return;
        }

        meter.Spend((long)StepMeter.Sort * readers.Chains.Length);
        var split = _splits.Of(readers, value.Classes);
        And(value.CandidatesRow, split.Unchanged, value.HitsRow);
        foreach (var place in split.Changed)
        {
            if (meter.IsSpent)
            {
                return;
            }

            var chain = readers.Chains[place];
            And(value.CandidatesRow, chain.Units, Scan(ref value, chain.Node));
        }
    }

    /// <summary>
    /// The hits of a transformed value; those of an earlier step where nothing but letter case changed since.
    /// </summary>
    private int Scan(ref Value value, int node)
    {
        ref var step = ref transformed.Get(ref value, node);
        if (step.HitsRow >= 0)
        {
            return step.HitsRow;
        }

        var text = step.Text;
        var info = parts.Nodes[node];
        var hits = -1;
        if (text == value.Bytes)
        {
            hits = value.HitsRow;
        }
        else if (info.Parent > 0 && (info.KeepsLetters || transformed.Get(ref value, info.Parent).Text == text))
        {
            hits = Scan(ref value, info.Parent);
        }
        else if (info.Parent == 0 && info.KeepsLetters)
        {
            hits = value.HitsRow;
        }

        hits = hits < 0 ? Scan(text) : hits;
        transformed.Get(ref value, node).HitsRow = hits;
        return hits;
    }

    private int Scan(Text text)
    {
        var row = _rows.Add();
        parts.Filter.Scan(values.Bytes(text), _rows[row]);
        meter.Spend(StepMeter.Scan + ((long)StepMeter.ScanByte * text.Length));
        return row;
    }

    private void And(int into, ulong[] units, int hits)
    {
        var target = _rows[into];
        var found = _rows[hits];
        for (var word = 0; word < target.Length; word++)
        {
            target[word] |= units[word] & found[word];
        }
    }
}

/// <summary>Rows of bits of one width in one array that keeps its memory. Row 0 is all zeros.</summary>
internal sealed class BitRows(int words)
{
    public const int Zero = 0;
    private const int RetainedRowsMax = 4096;

    private ulong[] _bits = new ulong[64 * words];
    private int _count = 1;

    public Span<ulong> this[int row] => _bits.AsSpan(row * words, words);

    public int Add()
    {
        if ((_count + 1) * words > _bits.Length)
        {
            Array.Resize(ref _bits, _bits.Length * 2);
        }

        var row = _count++;
        this[row].Clear();
        return row;
    }

    public void Clear()
    {
        _count = 1;
        if (_bits.Length > RetainedRowsMax * words)
        {
            _bits = new ulong[64 * words];
        }
    }
}
