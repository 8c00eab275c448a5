using System.Text;

namespace WafOperator.Scoring.Parts;

/// <summary>
/// A part's name in an exclusion: <c>array_*</c> stands for any item of a JSON array, a <c>*</c> at the end for any
/// rest; the same as the compiler writes for rules. Immutable.
/// </summary>
internal sealed class NamePattern
{
    private static ReadOnlySpan<byte> Item => "array_"u8;

    private readonly byte[][] _pieces;
    private readonly bool _hasRest;

    public NamePattern(string text)
    {
        _hasRest = text.EndsWith('*') && !text.EndsWith("array_*", StringComparison.Ordinal);
        var name = _hasRest ? text[..^1] : text;
        _pieces = [.. name.Split("array_*").Select(Encoding.UTF8.GetBytes)];
    }

    public bool Matches(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < _pieces.Length; i++)
        {
            if (i > 0 && !TrySkipItem(ref name)) return false;
            if (!name.StartsWith(_pieces[i])) return false;
            name = name[_pieces[i].Length..];
        }

        return _hasRest || name.IsEmpty;
    }

    private static bool TrySkipItem(ref ReadOnlySpan<byte> name)
    {
        if (!name.StartsWith(Item)) return false;
        var rest = name[Item.Length..];
        var digits = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (digits < 0) digits = rest.Length;
        name = rest[digits..];
        return digits > 0;
    }
}
