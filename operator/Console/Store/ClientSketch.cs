using System.IO.Hashing;
using System.Numerics;
using System.Text;

namespace WafOperator.Console.Store;

/// <summary>
/// Counts distinct clients in 256 bytes by linear counting: each client sets one of 2,048 bits. Sketches of the same
/// attack can be joined. What a client chooses can only make it count less.
/// </summary>
public sealed class ClientSketch
{
    public const int Bytes = 256;
    private const int Bits = Bytes * 8;

    private readonly byte[] _bits;

    public ClientSketch() => _bits = new byte[Bytes];

    /// <summary>Goes on with stored bits.</summary>
    /// <exception cref="ArgumentException">They are of another length.</exception>
    public ClientSketch(byte[] bits)
    {
        if (bits.Length != Bytes) throw new ArgumentException($"a sketch has {Bytes} bytes", nameof(bits));
        _bits = bits;
    }

    /// <summary>What is stored.</summary>
    public byte[] ToBytes() => _bits;

    public void Add(string client)
    {
        var bit = (int)(XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(client)) % Bits);
        _bits[bit >> 3] |= (byte)(1 << (bit & 7));
    }

    public void Add(ClientSketch other)
    {
        for (var i = 0; i < Bytes; i++) _bits[i] |= other._bits[i];
    }

    /// <summary>The estimate; when all bits are set, the most that can be told.</summary>
    public long Estimate()
    {
        var set = _bits.Sum(static b => BitOperations.PopCount(b));
        var clear = Math.Max(1, Bits - set);
        return (long)Math.Round(Bits * Math.Log((double)Bits / clear));
    }
}
