using WafOperator.Protocols.Status;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Telemetry;

/// <summary>
/// Counts values of requests that the policy's lists lack, with the clients that sent them. Bounded: where a kind has
/// as many values as are kept, a new one takes the place of the one that a single client sent and that was seen longest
/// ago, and is not kept where several clients sent each. Thread-safe.
/// </summary>
internal sealed class VocabularyTally
{
    /// <summary>One subscriber may have that many networks of 64 bits.</summary>
    private const int NetworkV6 = 48;

    private readonly Lock _counting = new();
    private readonly Dictionary<(SeenKind Kind, string Value), Entry> _entries = [];
    private long _now;

    /// <param name="kind">What the value is.</param>
    /// <param name="value">The value, of a bounded length.</param>
    /// <param name="client">Who sent it.</param>
    public void Count(SeenKind kind, string value, Address client)
    {
        lock (_counting)
        {
            if (!_entries.TryGetValue((kind, value), out var entry))
            {
                if (!HasRoom(kind)) return;
                _entries[(kind, value)] = entry = new Entry();
            }

            entry.Requests++;
            entry.SeenAt = ++_now;
            if (entry.Clients.Count < SeenValue.ClientsMax)
                entry.Clients.Add(client.IsV6 ? client.Network(NetworkV6) : client);
        }
    }

    /// <summary>All that was counted, those of most clients first.</summary>
    public IReadOnlyList<SeenValue> Read()
    {
        lock (_counting)
        {
            return
            [
                .. _entries.OrderByDescending(pair => pair.Value.Clients.Count)
                    .ThenBy(pair => pair.Key.Value, StringComparer.Ordinal)
                    .Select(pair => new SeenValue
                    {
                        Kind = pair.Key.Kind, Value = pair.Key.Value, Requests = pair.Value.Requests,
                        Clients = pair.Value.Clients.Count,
                    }),
            ];
        }
    }

    private bool HasRoom(SeenKind kind)
    {
        var same = _entries.Where(pair => pair.Key.Kind == kind).ToList();
        if (same.Count < SeenValue.ValuesMax) return true;
        var weakest = same.Where(pair => pair.Value.Clients.Count == 1).ToList();
        return weakest.Count > 0 && _entries.Remove(weakest.MinBy(pair => pair.Value.SeenAt).Key);
    }

    private sealed class Entry
    {
        public HashSet<Address> Clients { get; } = [];
        public long Requests { get; set; }
        public long SeenAt { get; set; }
    }
}
