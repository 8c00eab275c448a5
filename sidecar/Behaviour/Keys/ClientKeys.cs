using System.Security.Cryptography;

namespace WafOperator.Behaviour.Keys;

/// <summary>
/// Keys under which clients and their sessions are remembered: 128-bit hashes with a secret of this process, so that
/// nobody can aim at a place in a table, and no value of a client is kept. Each kind of value has a space of its own.
/// Thread-safe.
/// </summary>
public static class ClientKeys
{
    /// <summary>Bytes of a value that count.</summary>
    public const int ValueBytesMax = 1024;

    /// <summary>The key of an address (or its network).</summary>
    public static UInt128 Of(UInt128 address) => KeyHashes.OfProcess.Of(address);

    /// <summary>The key of a value that a client brought.</summary>
    public static UInt128 Of(KeySpace space, ReadOnlySpan<byte> value) => KeyHashes.OfProcess.Of(space, value);

    /// <summary>A hash with a secret of its own.</summary>
    public static SipHash Fresh()
    {
        Span<byte> key = stackalloc byte[SipHash.KeyBytes];
        RandomNumberGenerator.Fill(key);
        return new SipHash(key);
    }
}

/// <summary>What a key was made of.</summary>
public enum KeySpace
{
    /// <summary>The client's address or network.</summary>
    Client,

    /// <summary>A cookie.</summary>
    Session,

    /// <summary>A header.</summary>
    Header,

    /// <summary>A claim of a token that nobody verified.</summary>
    JwtClaim,

    /// <summary>A parameter of query or body.</summary>
    Parameter,

    /// <summary>A path.</summary>
    Path,
}
