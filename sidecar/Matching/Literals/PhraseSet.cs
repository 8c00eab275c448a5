using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WafOperator.Matching;

/// <summary>Where a phrase was found.</summary>
/// <param name="Phrase">Its index in the list given.</param>
/// <param name="Start">Offset of its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
public readonly record struct PhraseMatch(int Phrase, int Start, int Length);

/// <summary>
/// Thousands of phrases looked for at once, ASCII letters compared without case: the matcher of `@pm` and
/// `@pmFromFile`. Very long lists are kept in a form that is slower and takes some twenty bytes for each byte of a
/// phrase. Immutable, safe for concurrent use; searching allocates nothing.
/// </summary>
public sealed class PhraseSet
{
    /// <summary>Bytes of phrases up to which the fast form is built: at most some 10 MiB of table.</summary>
    private const int TableBytesMax = 60_000;

    private readonly LiteralAutomaton? _automaton;
    private readonly SparseAutomaton? _sparse;
    private readonly int[] _indices;
    private readonly int[] _lengths;

    private PhraseSet(byte[][] phrases, int[] indices)
    {
        _indices = indices;
        _lengths = Array.ConvertAll(phrases, phrase => phrase.Length);
        if (phrases.Sum(phrase => (long)phrase.Length) <= TableBytesMax) _automaton = LiteralAutomaton.Build(phrases);
        else _sparse = SparseAutomaton.Build(phrases);
    }

    /// <summary>Compiles the phrases; empty ones are ignored.</summary>
    public static PhraseSet Create(IReadOnlyList<byte[]> phrases)
    {
        ArgumentNullException.ThrowIfNull(phrases);
        var indices = Enumerable.Range(0, phrases.Count).Where(index => phrases[index].Length > 0).ToArray();
        return new(Array.ConvertAll(indices, index => phrases[index]), indices);
    }

    /// <summary>Finds the phrase that ends first; of those that end there, the longest.</summary>
    public bool TryFind(ReadOnlySpan<byte> input, out PhraseMatch match)
    {
        int end;
        var phrase = _automaton is null ? _sparse!.Find(input, out end)
            : _automaton.NarrowTable is { } narrow ? Find(_automaton, narrow, input, out end)
            : Find(_automaton, _automaton.WideTable!, input, out end);
        match = phrase < 0 ? default : new(_indices[phrase], end - _lengths[phrase], _lengths[phrase]);
        return phrase >= 0;
    }

    private static int Find<TEntry>(LiteralAutomaton automaton, TEntry[] table, ReadOnlySpan<byte> input, out int end)
        where TEntry : unmanaged, IBinaryInteger<TEntry>
    {
        ref var edge = ref MemoryMarshal.GetArrayDataReference(table);
        ref var offsetOf = ref MemoryMarshal.GetArrayDataReference(automaton.Offsets);
        var firstReporting = (uint)automaton.FirstReporting;
        var state = 0U;
        for (var position = 0; position < input.Length; position++)
        {
            // In range: an offset is where a class begins, a state a place within a class, both from the automaton.
            var index = Unsafe.Add(ref offsetOf, (nint)input[position]) + state;
            state = uint.CreateTruncating(Unsafe.Add(ref edge, (nint)index));
            if (state < firstReporting) continue;
            end = position + 1;
            return automaton.Reports[state - firstReporting][0];
        }

        end = 0;
        return -1;
    }
}
