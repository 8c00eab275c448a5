using System.Buffers.Binary;

namespace WafOperator.Behaviour.Models;

/// <summary>
/// Reads numbers of a model's file, little-endian. Past the end everything is zero and the reader is broken.
/// </summary>
internal ref struct WeightReader(ReadOnlySpan<byte> rest)
{
    private ReadOnlySpan<byte> _rest = rest;

    public bool IsBroken { get; private set; }

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool Take(ReadOnlySpan<byte> magic)
    {
        if (!_rest.StartsWith(magic)) return false;
        _rest = _rest[magic.Length..];
        return true;
    }

    public int Int32() => TryTake(4, out var bytes) ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;

    public short Int16() => TryTake(2, out var bytes) ? BinaryPrimitives.ReadInt16LittleEndian(bytes) : (short)0;

    public float Single() => TryTake(4, out var bytes) ? BinaryPrimitives.ReadSingleLittleEndian(bytes) : 0;

    public float[] Singles(int count)
    {
        if (count < 0 || (long)count * 4 > _rest.Length)
        {
            IsBroken = true;
            return [];
        }

        var numbers = new float[count];
        for (var i = 0; i < count; i++) numbers[i] = Single();
        return numbers;
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (_rest.Length < count)
        {
            IsBroken = true;
            return false;
        }

        bytes = _rest[..count];
        _rest = _rest[count..];
        return true;
    }
}
