using System.Text;
using WafOperator.OpenApi;

namespace WafOperator.Schemas;

/// <summary>
/// A segment with parameters, each of at least one byte. Immutable.
/// </summary>
internal sealed class SegmentTemplate
{
    private readonly byte[][] _texts;

    public SegmentTemplate(PathSegment segment)
    {
        _texts = [.. segment.Texts.Select(Encoding.UTF8.GetBytes)];
        TextBytes = _texts.Sum(text => text.Length);
    }

    public int TextBytes { get; }

    public bool IsSame(SegmentTemplate other) => _texts.Length == other._texts.Length
        && _texts.Zip(other._texts).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    public bool Matches(ReadOnlySpan<byte> segment, bool ignoresCase = false) =>
        !Find(segment, 0, ignoresCase).IsEmpty;

    /// <summary>The value of a parameter; empty where the segment does not match.</summary>
    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> segment, int parameter) => Find(segment, parameter, false);

    /// <summary>
    /// From the end on, each parameter as short as it can be: the first ones get the rest, as with the patterns that
    /// routers are made of.
    /// </summary>
    private ReadOnlySpan<byte> Find(ReadOnlySpan<byte> segment, int parameter, bool ignoresCase)
    {
        var (first, last) = (_texts[0], _texts[^1]);
        if (segment.Length <= first.Length + last.Length || !Equal(segment[..first.Length], first, ignoresCase)
            || !Equal(segment[^last.Length..], last, ignoresCase)) return default;
        var rest = segment[first.Length..^last.Length];
        ReadOnlySpan<byte> found = default;
        for (var i = _texts.Length - 2; i >= 1; i--)
        {
            var at = LastIndexOf(rest[..^1], _texts[i], ignoresCase);
            if (at < 1) return default;
            if (i == parameter) found = rest[(at + _texts[i].Length)..];
            rest = rest[..at];
        }

        return parameter == 0 ? rest : found;
    }

    private static int LastIndexOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part, bool ignoresCase)
    {
        if (!ignoresCase) return text.LastIndexOf(part);
        for (var i = text.Length - part.Length; i >= 0; i--)
        {
            if (Equal(text.Slice(i, part.Length), part, true)) return i;
        }

        return -1;
    }

    private static bool Equal(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, bool ignoresCase) =>
        ignoresCase ? Ascii.EqualsIgnoreCase(one, other) : one.SequenceEqual(other);
}
