// Description: the value is an address in one of the given networks.
// Arguments:   @ipMatch: addresses and networks (10.0.0.0/8, ::1) parted by commas; @ipMatchFromFile: names of files
// with one per line.
// Example:     SecRule REMOTE_ADDR "@ipMatch 10.0.0.0/8,2001:db8::/32" "id:1,phase:1,pass"
using WafOperator.Engine.Program;

namespace WafOperator.Engine.Operators;

/// <inheritdoc/>
internal sealed class IpMatch : RuleOperator
{
    private readonly NetworkList _networks;

    private IpMatch(NetworkList networks) => _networks = networks;

    public override bool Matches(MatchState state, ReadOnlySpan<byte> value)
    {
        value = value.Trim((byte)' ');
        return AddressReader.TryRead(value, out var address) && _networks.Contains(address);
    }

    /// <summary>Compiles the list; null, and the entry that cannot be read, where there is one.</summary>
    public static IpMatch? Create(IEnumerable<string> entries, out string? problem)
    {
        var networks = new NetworkList();
        foreach (var entry in entries)
        {
            if (!networks.TryAdd(entry.Trim()))
            {
                problem = entry.Trim();
                return null;
            }
        }

        problem = null;
        networks.Seal();
        return new IpMatch(networks);
    }
}
