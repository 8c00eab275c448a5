using System.Runtime.CompilerServices;
using WafOperator.Engine.Program;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// Of the chains that read a value, those that may change it and those that leave it as it is, but for the case of
/// letters. What decides that is which kinds of bytes the value holds, and values of few kinds come again and again: so
/// the answers are kept, and most values are sorted at once instead of chain by chain. Fixed memory, which a client can
/// make to be filled anew but not to grow. Not thread-safe.
/// </summary>
internal sealed class ChainSplits(int words)
{
    private const int SlotBits = 5;

    /// <summary>The golden ratio: spreads numbers over the highest bits.</summary>
    private const ulong Spread = 0x9E3779B97F4A7C15;

    private readonly ChainSplit?[] _kept = new ChainSplit?[1 << SlotBits];

    /// <summary>The chains for a value of these kinds of bytes. Valid until the next call.</summary>
    public ChainSplit Of(Readers readers, ulong classes)
    {
        var kinds = classes & readers.ScanTriggers;
        var slot = (int)(((kinds + (uint)RuntimeHelpers.GetHashCode(readers)) * Spread) >> (64 - SlotBits));
        var split = _kept[slot] ??= new ChainSplit(words);
        split.Make(readers, kinds);
        return split;
    }
}

/// <summary>One answer of <see cref="ChainSplits"/>.</summary>
internal sealed class ChainSplit(int words)
{
    private readonly ulong[] _unchanged = new ulong[words];
    private Readers? _readers;
    private ulong _kinds;
    private int[] _changed = [];
    private int _count;

    /// <summary>Units of all chains that leave the value as it is.</summary>
    public ulong[] Unchanged => _unchanged;

    /// <summary>The other chains, as places among those of the readers.</summary>
    public ReadOnlySpan<int> Changed => _changed.AsSpan(0, _count);

    public void Make(Readers readers, ulong kinds)
    {
        if (ReferenceEquals(_readers, readers) && _kinds == kinds)
        {
            return;
        }

        (_readers, _kinds, _count) = (readers, kinds, 0);
        if (_changed.Length < readers.Chains.Length)
        {
            _changed = new int[readers.Chains.Length];
        }

        Array.Clear(_unchanged);
        for (var i = 0; i < readers.Chains.Length; i++)
        {
            var chain = readers.Chains[i];
            if ((kinds & chain.ScanTriggers) != 0)
            {
                _changed[_count++] = i;
                continue;
            }

            for (var word = 0; word < _unchanged.Length; word++)
            {
                _unchanged[word] |= chain.Units[word];
            }
        }
    }
}
