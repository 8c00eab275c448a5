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
/// `@pmFromFile`.
/// Immutable, safe for concurrent use; searching allocates nothing.
/// </summary>
public sealed class PhraseSet
{
    private readonly LiteralAutomaton _automaton;
    private readonly int[] _indices;
    private readonly int[] _lengths;

    private PhraseSet(LiteralAutomaton automaton, int[] indices, int[] lengths)
    {
        _automaton = automaton;
        _indices = indices;
        _lengths = lengths;
    }

    /// <summary>Compiles the phrases; empty ones are ignored.</summary>
    public static PhraseSet Create(IReadOnlyList<byte[]> phrases)
    {
        ArgumentNullException.ThrowIfNull(phrases);
        var indices = Enumerable.Range(0, phrases.Count).Where(index => phrases[index].Length > 0).ToArray();
        var kept = Array.ConvertAll(indices, index => phrases[index]);
        return new(LiteralAutomaton.Build(kept), indices, Array.ConvertAll(kept, phrase => phrase.Length));
    }

    /// <summary>Finds the phrase that ends first; of those that end there, the longest.</summary>
    public bool TryFind(ReadOnlySpan<byte> input, out PhraseMatch match)
    {
        ref var edge = ref MemoryMarshal.GetArrayDataReference(_automaton.Table);
        ref var classOf = ref MemoryMarshal.GetArrayDataReference(_automaton.Classes);
        var shift = _automaton.Shift;
        var firstReporting = (uint)_automaton.FirstReporting;
        var state = 0U;
        for (var position = 0; position < input.Length; position++)
        {
            // In range: a state is a row of the table, a class a column of it, and both come from the automaton.
            var index = (state << shift) + Unsafe.Add(ref classOf, (nint)input[position]);
            state = (uint)Unsafe.Add(ref edge, (nint)index);
            if (state < firstReporting) continue;
            var phrase = _automaton.Reports[state - firstReporting][0];
            match = new(_indices[phrase], position + 1 - _lengths[phrase], _lengths[phrase]);
            return true;
        }

        match = default;
        return false;
    }
}
