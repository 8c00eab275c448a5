using System.Buffers.Binary;
using System.Numerics;

namespace WafOperator.Behaviour.Keys;

/// <summary>
/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a keyed hash that is fast on short input and
/// whose collisions nobody can choose who does not have the key. Tables of clients are addressed by it. Immutable.
/// </summary>
public readonly record struct SipHash
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 16;

    private readonly ulong _k0;
    private readonly ulong _k1;

    public SipHash(ReadOnlySpan<byte> key)
    {
        _k0 = BinaryPrimitives.ReadUInt64LittleEndian(key);
        _k1 = BinaryPrimitives.ReadUInt64LittleEndian(key[8..]);
    }

    /// <summary>The hash of some bytes.</summary>
    public UInt128 Of(ReadOnlySpan<byte> input)
    {
        var state = new State(_k0, _k1);
        var rest = input;
        while (rest.Length >= 8)
        {
            state.Absorb(BinaryPrimitives.ReadUInt64LittleEndian(rest));
            rest = rest[8..];
        }

        var last = (ulong)input.Length << 56;
        for (var i = 0; i < rest.Length; i++) last |= (ulong)rest[i] << 8 * i;
        state.Absorb(last);
        var low = state.First();
        return new UInt128(state.Second(), low);
    }

    /// <summary>The hash of a number.</summary>
    public UInt128 Of(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, number);
        return Of(bytes);
    }

    private ref struct State
    {
        private ulong _v0;
        private ulong _v1;
        private ulong _v2;
        private ulong _v3;

        public State(ulong k0, ulong k1)
        {
            _v0 = k0 ^ 0x736f6d6570736575;
            _v1 = k1 ^ 0x646f72616e646f6d ^ 0xee;
            _v2 = k0 ^ 0x6c7967656e657261;
            _v3 = k1 ^ 0x7465646279746573;
        }

        public void Absorb(ulong word)
        {
            _v3 ^= word;
            Round();
            Round();
            _v0 ^= word;
        }

        public ulong First()
        {
            _v2 ^= 0xee;
            return Rounds();
        }

        public ulong Second()
        {
            _v1 ^= 0xdd;
            return Rounds();
        }

        private ulong Rounds()
        {
            for (var i = 0; i < 4; i++) Round();
            return _v0 ^ _v1 ^ _v2 ^ _v3;
        }

        private void Round()
        {
            _v0 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 13) ^ _v0;
            _v0 = BitOperations.RotateLeft(_v0, 32);
            _v2 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 16) ^ _v2;
            _v0 += _v3;
            _v3 = BitOperations.RotateLeft(_v3, 21) ^ _v0;
            _v2 += _v1;
            _v1 = BitOperations.RotateLeft(_v1, 17) ^ _v2;
            _v2 = BitOperations.RotateLeft(_v2, 32);
        }
    }
}
