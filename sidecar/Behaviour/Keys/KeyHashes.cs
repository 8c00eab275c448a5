using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Behaviour.Keys;

/// <summary>
/// The hashes under which clients are kept, one for each kind of value: with a secret of this process, or with one that
/// replicas share, so that all of them mean the same client by the same key. Immutable.
/// </summary>
public sealed class KeyHashes
{
    private readonly SipHash[] _hashes;

    private KeyHashes(SipHash[] hashes) => _hashes = hashes;

    /// <summary>With a secret that nobody else has.</summary>
    public static KeyHashes OfProcess { get; } =
        new([.. Enum.GetValues<KeySpace>().Select(_ => ClientKeys.Fresh())]);

    /// <summary>With a secret that others have too; equal secrets give equal keys.</summary>
    public static KeyHashes Of(ReadOnlySpan<byte> secret)
    {
        var spaces = Enum.GetValues<KeySpace>();
        var hashes = new SipHash[spaces.Length];
        foreach (var space in spaces)
        {
            var key = HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes($"waf-key-space/{space}"));
            hashes[(int)space] = new SipHash(key.AsSpan(0, SipHash.KeyBytes));
        }

        return new KeyHashes(hashes);
    }

    /// <summary>Whether both give the same keys.</summary>
    public bool IsSame(KeyHashes other) => Of(UInt128.Zero) == other.Of(UInt128.Zero)
        && Of(KeySpace.Session, []) == other.Of(KeySpace.Session, []);

    /// <summary>The key of an address (or its network).</summary>
    public UInt128 Of(UInt128 address) => _hashes[(int)KeySpace.Client].Of(address);

    /// <summary>The key of a value that a client brought.</summary>
    public UInt128 Of(KeySpace space, ReadOnlySpan<byte> value) => _hashes[(int)space]
        .Of(value.Length > ClientKeys.ValueBytesMax ? value[..ClientKeys.ValueBytesMax] : value);
}
