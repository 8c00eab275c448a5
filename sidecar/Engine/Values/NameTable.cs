using System.Numerics;
using WafOperator.Http;

namespace WafOperator.Engine.Values;

/// <summary>
/// Names known when rules are compiled, each with a place counted from 0. Places 0 to 9 are the captures of
/// <c>capture</c>. Immutable.
/// </summary>
internal sealed class NameTable
{
    private readonly byte[][] _names;
    private readonly Text[] _texts;
    private readonly uint[] _hashes;
    private readonly int[] _buckets;
    private readonly ConstantPool _constants;

    public NameTable(IReadOnlyList<byte[]> names, ConstantPool constants)
    {
        _names = [.. names];
        _constants = constants;
        _texts = [.. names.Select(name => constants.Add(name))];
        _hashes = [.. names.Select(name => NameHash.Of(name))];
        _buckets = new int[Math.Max(16, (int)BitOperations.RoundUpToPowerOf2((uint)names.Count * 2))];
        for (var i = 0; i < _names.Length; i++)
        {
            var at = (int)_hashes[i] & (_buckets.Length - 1);
            while (_buckets[at] != 0)
            {
                at = (at + 1) & (_buckets.Length - 1);
            }

            _buckets[at] = i + 1;
        }
    }

    public int Count => _names.Length;

    public Text TextOf(int slot) => _texts[slot];

    public uint HashOf(int slot) => _hashes[slot];

    public ReadOnlySpan<byte> NameOf(int slot) => _names[slot];

    /// <summary>Whether a place's name starts with some constant bytes.</summary>
    public bool StartsWith(int slot, Text start)
    {
        var bytes = _constants[start];
        return bytes.Length <= _names[slot].Length && Ascii.EqualsIgnoreCase(_names[slot].AsSpan(0, bytes.Length),
            bytes);
    }

    /// <summary>The place of a name, or -1.</summary>
    public int Find(ReadOnlySpan<byte> name, uint hash)
    {
        for (var at = (int)hash & (_buckets.Length - 1); _buckets[at] != 0; at = (at + 1) & (_buckets.Length - 1))
        {
            var slot = _buckets[at] - 1;
            if (_hashes[slot] == hash && Ascii.EqualsIgnoreCase(name, _names[slot]))
            {
                return slot;
            }
        }

        return -1;
    }
}
