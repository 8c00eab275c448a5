using System.Runtime.InteropServices;
using WafOperator.Http;

namespace WafOperator.Engine.Values;

/// <summary>Collects the constant bytes of a program; equal ones are kept once. Used while compiling.</summary>
internal sealed class ConstantPool
{
    private readonly List<byte> _bytes = [];
    private readonly Dictionary<string, Text> _known = new(StringComparer.Ordinal);

    public Text Add(ReadOnlySpan<byte> bytes) => Add(System.Text.Encoding.Latin1.GetString(bytes));

    /// <summary>Adds a byte-per-char text.</summary>
    public Text Add(string text)
    {
        if (!_known.TryGetValue(text, out var known))
        {
            var bytes = System.Text.Encoding.Latin1.GetBytes(text);
            known = new Text(Origin.Constant, new Slice(_bytes.Count, bytes.Length));
            _bytes.AddRange(bytes);
            _known.Add(text, known);
        }

        return known;
    }

    public ReadOnlySpan<byte> this[Text text] => CollectionsMarshal.AsSpan(_bytes).Slice(text.Slice.Offset,
        text.Slice.Length);

    public byte[] ToArray() => _bytes.ToArray();
}
