using System.Data.Common;

namespace WafOperator.Console.Store.Sqlite;

/// <content>Single events go: the file has no days that could be dropped whole.</content>
public sealed partial class SqliteEventStore
{
    private const long DropRowsMin = 20;

    /// <summary>Few at once: what is deleted is written first, and there may be little room for it.</summary>
    private const long DropRowsMax = 2_000;

    private const int SampleRows = 200;

    /// <summary>
    /// Pages that hold something: room of what is deleted is used again, in a file that stays as long.
    /// </summary>
    private protected override async Task<long> UsedBytesAsync(
        DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken) =>
        (await RowsAsync(
            new SqlText("select (c.page_count - f.freelist_count) * s.page_size from pragma_page_count c, "
                + "pragma_freelist_count f, pragma_page_size s").CommandOn(connection, transaction),
            static reader => reader.GetInt64(0), cancellationToken))[0];

    /// <summary>
    /// Of the namespace that takes most room, so that whoever floods the store loses their own; what passed goes before
    /// what was an attack, and what somebody has labelled last of all.
    /// </summary>
    private protected override async Task<long> DropOldestAsync(
        DbConnection connection, DbTransaction transaction, long bytes, CancellationToken cancellationToken)
    {
        if (await LargestAsync(connection, transaction, cancellationToken) is not var (largest, size)) return 0;
        var rows = Math.Clamp(bytes / Math.Max(1, size), DropRowsMin, DropRowsMax);
        foreach (var condition in new[] { "e.verdict = 0 and e.would = 0 and e.label = 0", "e.label = 0", "1 = 1" })
        {
            var some = new SqlText("select e.seq from events e").WhereValue("e.namespace =", largest)
                .Where(condition).Add(" order by e.at limit ");
            some.Add(some.Value(rows));
            var deleted = await DeleteAsync(connection, transaction, some, cancellationToken);
            if (deleted > 0) return deleted;
        }

        return 0;
    }

    /// <summary>
    /// The namespace with most bytes of events among some that are drawn by chance, and what one of them takes on
    /// average.
    /// </summary>
    private static async Task<(string Namespace, long EventBytes)?> LargestAsync(
        DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var (first, last) = (await RowsAsync(
            new SqlText("select coalesce((select min(seq) from events), 0), coalesce((select max(seq) from events), 0)")
                .CommandOn(connection, transaction),
            static reader => (reader.GetInt64(0), reader.GetInt64(1)), cancellationToken))[0];
        if (last == 0) return null;
        var drawn = new List<(string Namespace, long Bytes)>();
        for (var i = 0; i < SampleRows; i++)
        {
#pragma warning disable CA5394 // Nobody gains from guessing it.
            var from = Random.Shared.NextInt64(first, last + 1);
#pragma warning restore CA5394
            var sql = new SqlText("select e.namespace, length(e.data) from events e").WhereValue("e.seq >=", from)
                .Add(" order by e.seq limit 1");
            drawn.AddRange(await RowsAsync(
                sql.CommandOn(connection, transaction), static r => (r.GetString(0), r.GetInt64(1)),
                cancellationToken));
        }

        var largest = drawn.GroupBy(static e => e.Namespace, StringComparer.Ordinal)
            .MaxBy(static group => group.Sum(static e => e.Bytes))!;
        return (largest.Key, largest.Sum(static e => e.Bytes) / largest.Count());
    }
}
