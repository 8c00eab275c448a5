namespace WafOperator.Policies.Feeds;

/// <summary>
/// What all feeds of a policy may take: so many networks, and so much of each address space that no list, and no number
/// of lists, denies everybody. Networks that overlap count twice. Not thread-safe.
/// </summary>
/// <param name="networks">How many networks.</param>
internal sealed class FeedRoom(int networks)
{
    /// <summary>An eighth of all IPv4 addresses.</summary>
    private UInt128 _v4 = (UInt128)1 << 29;

    /// <summary>An eighth of the IPv6 addresses that are given to anybody (2000::/3).</summary>
    private UInt128 _v6 = (UInt128)1 << 122;

    private int _networks = networks;

    /// <summary>Takes what a network needs; false, and nothing changes, where there is no room for it.</summary>
    public bool TryTake(FeedNetwork network)
    {
        var size = (UInt128)1 << ((network.IsV6 ? 128 : 32) - network.Prefix);
        ref var left = ref network.IsV6 ? ref _v6 : ref _v4;
        if (_networks == 0 || size > left) return false;
        _networks--;
        left -= size;
        return true;
    }
}
