using System.Runtime.CompilerServices;

namespace WafOperator.Behaviour.History;

/// <summary>Judges a client after a request was added to its record, by a copy of it and outside of any lock.</summary>
public interface IClientJudge
{
    /// <summary>Looks at the record and may set its risk, which is kept; nothing else of it is.</summary>
    /// <returns>How much speaks against the client, 0 to 255.</returns>
    byte Judge(ref ClientRecord record, long now);
}

/// <summary>
/// What clients did lately: 50 requests and fading counts for each, in memory of a fixed size, 640 bytes a client and
/// an index. Nothing is allocated after construction. What is kept when there are more clients than room: see <see
/// cref="ClientShard"/>. Thread-safe.
/// </summary>
public sealed class ClientHistory
{
    private const int ShardsMax = 8;

    /// <summary>Keys fall into shards by chance; this much more room makes up for it.</summary>
    private const double Slack = 1.02;

    private readonly ClientShard[] _shards;
    private readonly Lock[] _locks;

    /// <param name="clients">Clients that are remembered.</param>
    public ClientHistory(int clients)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clients, 1);
        var shards = clients < 1024 ? 1 : ShardsMax;
        Clients = clients;
        var size = (int)Math.Ceiling(clients / (double)shards * (shards == 1 ? 1 : Slack));
        _shards = [.. Enumerable.Range(0, shards).Select(_ => new ClientShard(size))];
        _locks = [.. Enumerable.Range(0, shards).Select(_ => new Lock())];
    }

    /// <summary>Clients that are remembered.</summary>
    public int Clients { get; }

    /// <summary>Memory of records and index, bytes.</summary>
    public long Bytes => _shards.Sum(shard => shard.Bytes);

    /// <summary>Records that were given to another client.</summary>
    public long Evicted => Sum(static shard => shard.Evicted);

    /// <summary>Clients that are kept so.</summary>
    public int CountOf(ClientSegment segment)
    {
        var count = 0;
        for (var i = 0; i < _shards.Length; i++)
        {
            lock (_locks[i]) count += _shards[i].CountOf(segment);
        }

        return count;
    }

    /// <summary>Adds a request to its client and has the client judged.</summary>
    /// <param name="key">The client.</param>
    /// <param name="request">The request and what became of it.</param>
    /// <param name="suspicion">How much it speaks against the client, 0 to 255.</param>
    /// <param name="now">Milliseconds of a clock that does not go back.</param>
    /// <param name="judge">Looks at the record with the request in it.</param>
    public void Add<TJudge>(UInt128 key, in Observation request, byte suspicion, long now, TJudge judge)
        where TJudge : IClientJudge
    {
        var index = IndexOf(key);
        ClientRecord judged;
        lock (_locks[index]) judged = _shards[index].Add(key, request, suspicion, now);
        // Models take long: others of the shard do not wait for them.
        var against = judge.Judge(ref judged, now);
        lock (_locks[index])
        {
            ref var record = ref _shards[index].Find(key);
            if (Unsafe.IsNullRef(ref record)) return;
            (record.Risk, record.RiskModel, record.RiskSecond) = (judged.Risk, judged.RiskModel, judged.RiskSecond);
            _shards[index].Suspect(ref record, against, now);
        }
    }

    /// <summary>Adds a request to its client.</summary>
    public void Add(UInt128 key, in Observation request, byte suspicion, long now)
    {
        var index = IndexOf(key);
        lock (_locks[index]) _shards[index].Add(key, request, suspicion, now);
    }

    /// <summary>Copies the record of a client. False when nothing is remembered.</summary>
    public bool TryRead(UInt128 key, out ClientRecord record)
    {
        var index = IndexOf(key);
        lock (_locks[index])
        {
            ref var found = ref _shards[index].Find(key);
            var isThere = !Unsafe.IsNullRef(ref found);
            record = isThere ? found : default;
            return isThere;
        }
    }

    /// <summary>The risk that models gave a client, 0 to 255, with the model and the second it was found.</summary>
    public (byte Risk, byte Model, uint Second) RiskOf(UInt128 key)
    {
        var index = IndexOf(key);
        lock (_locks[index])
        {
            ref var found = ref _shards[index].Find(key);
            return Unsafe.IsNullRef(ref found) ? default : (found.Risk, found.RiskModel, found.RiskSecond);
        }
    }

    private int IndexOf(UInt128 key) => (int)(ulong)(key >> 96) & _shards.Length - 1;

    private long Sum(Func<ClientShard, long> number)
    {
        long sum = 0;
        for (var i = 0; i < _shards.Length; i++)
        {
            lock (_locks[i]) sum += number(_shards[i]);
        }

        return sum;
    }
}
