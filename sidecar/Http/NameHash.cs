namespace WafOperator.Http;

/// <summary>
/// Case-insensitive FNV-1a over bytes: equal names have equal hashes, so a look-up compares bytes only on equality.
/// Not a defence against chosen collisions: nothing is stored by it, lists are scanned.
/// </summary>
public static class NameHash
{
    private const uint Basis = 2166136261;
    private const uint Prime = 16777619;

    /// <summary>The hash of a name in any case.</summary>
    public static uint Of(ReadOnlySpan<byte> name)
    {
        var hash = Basis;
        foreach (var value in name) hash = (hash ^ ToLower(value)) * Prime;
        return hash;
    }

    /// <summary>Writes the name in lower case and returns the hash.</summary>
    public static uint OfLowered(ReadOnlySpan<byte> name, Span<byte> lowered)
    {
        var hash = Basis;
        for (var i = 0; i < name.Length; i++)
        {
            var value = ToLower(name[i]);
            lowered[i] = value;
            hash = (hash ^ value) * Prime;
        }

        return hash;
    }

    /// <summary>ASCII lower case of one byte.</summary>
    public static byte ToLower(byte value) => (uint)(value - 'A') <= 'Z' - 'A' ? (byte)(value | 0x20) : value;
}
