using System.Data.Common;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Store;

/// <summary>
/// Traffic of a batch, by what the overview counts, added within the writer's transaction. A namespace has a bounded
/// number of rows for five minutes, whatever policies and reasons its sidecars make up: what is beyond is counted
/// together.
/// </summary>
internal sealed class TrafficTally(DbConnection connection, DbTransaction transaction)
{
    /// <summary>Shortest stretch of time that is counted, milliseconds.</summary>
    public const long Bucket = 5 * 60 * 1000;

    /// <summary>Rows of one namespace in a stretch, besides those of the rest.</summary>
    public const int RowsMax = 200;

    /// <summary>Policy of the rows that take the rest.</summary>
    public const string Rest = "*";

    private const int StretchesMax = 120;

    public readonly record struct Key(
        long Bucket, string Namespace, string Policy, int Verdict, int Would, string Reason, int Whole);

    /// <summary>Length of the stretches that a period is shown in: multiples of the shortest, 120 at most.</summary>
    public static long StepOf(TimeSpan period)
    {
        var buckets = Math.Max(1, (long)period.TotalMilliseconds / Bucket);
        return Bucket * Math.Max(1, (buckets + StretchesMax - 1) / StretchesMax);
    }

    public async Task CountAsync(IReadOnlyList<PreparedEvent> events, CancellationToken cancellationToken)
    {
        foreach (var stretch in Of(events).GroupBy(count => (count.Key.Bucket, count.Key.Namespace)))
        {
            var known = await KnownAsync(stretch.Key.Bucket, stretch.Key.Namespace, cancellationToken);
            var left = RowsMax - known.Count(key => key.Policy != Rest);
            // The largest first: they are what somebody looks for.
            foreach (var (key, count) in stretch.OrderByDescending(count => count.Value))
            {
                var row = known.Contains(key) || left-- > 0 ? key : RestOf(key);
                await AddAsync(row, count, cancellationToken);
            }
        }
    }

    /// <summary>At most verdicts times verdicts rows.</summary>
    private static Key RestOf(Key key) => key with { Policy = Rest, Reason = EventReasons.Other, Whole = 1 };

    private static Dictionary<Key, long> Of(IReadOnlyList<PreparedEvent> events)
    {
        var counts = new Dictionary<Key, long>();
        foreach (var e in events)
        {
            var key = new Key(
                e.At / Bucket * Bucket, e.Event.Namespace, e.Event.Policy, (int)e.Event.Verdict,
                (int)e.Event.WouldHave, e.Event.Reason, e.IsWhole ? 1 : 0);
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        return counts;
    }

    private async Task<HashSet<Key>> KnownAsync(long bucket, string ns, CancellationToken cancellationToken)
    {
        var sql = new SqlText("select t.policy, t.verdict, t.would, t.reason, t.whole from traffic t")
            .WhereValue("t.bucket =", bucket).WhereValue("t.namespace =", ns);
        await using var command = sql.CommandOn(connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var known = new HashSet<Key>();
        while (await reader.ReadAsync(cancellationToken))
        {
            known.Add(new Key(
                bucket, ns, reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetString(3),
                reader.GetInt32(4)));
        }

        return known;
    }

    private async Task AddAsync(Key key, long count, CancellationToken cancellationToken)
    {
        var sql = new SqlText(
            "insert into traffic (bucket, namespace, policy, verdict, would, reason, whole, events) values (");
        sql.Add($"{sql.Value(key.Bucket)}, {sql.Value(key.Namespace)}, {sql.Value(key.Policy)}, ");
        sql.Add($"{sql.Value(key.Verdict)}, {sql.Value(key.Would)}, {sql.Value(key.Reason)}, ");
        sql.Add($"{sql.Value(key.Whole)}, {sql.Value(count)}) on conflict (bucket, namespace, policy, verdict, ");
        sql.Add("would, reason, whole) do update set events = traffic.events + excluded.events");
        await using var command = sql.CommandOn(connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
