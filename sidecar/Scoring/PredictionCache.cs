using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace WafOperator.Scoring;

/// <summary>
/// Logits of expensive models by normalised value and model: a fixed number of slots, replaced by whoever comes. Keys are hashed with a
/// secret of the process, so nobody outside can make two values collide. Lock-free: a slot's key is stored xored with its value, so that a
/// torn pair is a miss.
/// </summary>
public sealed class PredictionCache
{
    private readonly ulong[] _keys;
    private readonly ulong[] _values;
    private readonly ulong _seed0;
    private readonly ulong _seed1;

    /// <param name="slots">Slots, a power of two; 16 bytes each.</param>
    public PredictionCache(int slots = 1 << 15)
    {
        if (!BitOperations.IsPow2(slots)) throw new ArgumentException("a power of two is needed", nameof(slots));
        _keys = new ulong[slots];
        _values = new ulong[slots];
        Span<byte> secret = stackalloc byte[16];
        RandomNumberGenerator.Fill(secret);
        _seed0 = BinaryPrimitives.ReadUInt64LittleEndian(secret) | 1;
        _seed1 = BinaryPrimitives.ReadUInt64LittleEndian(secret[8..]) | 1;
    }

    /// <summary>Key of a value for a model (any number that names it, such as a hash of its digest).</summary>
    public ulong Key(ReadOnlySpan<byte> value, ulong model)
    {
        var a = _seed0 ^ model;
        var b = _seed1 ^ (ulong)value.Length;
        while (value.Length >= 16)
        {
            a = Mix(a ^ BinaryPrimitives.ReadUInt64LittleEndian(value), _seed1);
            b = Mix(b ^ BinaryPrimitives.ReadUInt64LittleEndian(value[8..]), _seed0 ^ a);
            value = value[16..];
        }

        Span<byte> rest = stackalloc byte[16];
        rest.Clear();
        value.CopyTo(rest);
        a = Mix(a ^ BinaryPrimitives.ReadUInt64LittleEndian(rest), _seed1 ^ b);
        b = Mix(b ^ BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]), _seed0 ^ a);
        return Mix(a ^ _seed0, b ^ _seed1);
    }

    /// <summary>The logit kept for a key.</summary>
    public bool TryGet(ulong key, out double logit)
    {
        var slot = (int)(key & (ulong)(_keys.Length - 1));
        var value = Volatile.Read(ref _values[slot]);
        logit = BitConverter.UInt64BitsToDouble(value);
        return (Volatile.Read(ref _keys[slot]) ^ value) == key && value != 0;
    }

    /// <summary>Keeps a logit.</summary>
    public void Set(ulong key, double logit)
    {
        var slot = (int)(key & (ulong)(_keys.Length - 1));
        var value = BitConverter.DoubleToUInt64Bits(logit);
        Volatile.Write(ref _values[slot], value);
        Volatile.Write(ref _keys[slot], key ^ value);
    }

    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b | 1, out var low);
        return high ^ low;
    }
}
