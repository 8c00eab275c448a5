using System.Data.Common;
using System.Globalization;

namespace WafOperator.Console.Store.Postgres;

/// <content>Days go whole; where one day alone is too large, its older half.</content>
public sealed partial class PostgresEventStore
{
    /// <summary>Writing half of a day anew takes as long as the disk needs for it; seconds.</summary>
    private const int RewriteSeconds = 600;

    /// <summary>Tables of events with their indices: what can be dropped.</summary>
    private protected override async Task<long> UsedBytesAsync(
        DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken) =>
        (await RowsAsync(
            new SqlText("select coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint from pg_inherits i "
                + "where i.inhparent = 'events'::regclass").CommandOn(connection, transaction),
            static reader => reader.GetInt64(0), cancellationToken))[0];

    private protected override async Task<long> DropOldestAsync(
        DbConnection connection, DbTransaction transaction, long bytes, CancellationToken cancellationToken)
    {
        var days = await PartitionsAsync(connection, transaction, cancellationToken);
        if (days.Count == 0) return 0;
        var oldest = days.Min();
        if (days.Count == 1) return await DropHalfAsync(connection, transaction, oldest, cancellationToken);
        var count = await CountAsync(connection, transaction, $"select count(*) from {NameOf(oldest)}",
            cancellationToken);
        await ExecuteAsync(
            new SqlText($"drop table {NameOf(oldest)}").CommandOn(connection, transaction), cancellationToken);
        await ForgetBeforeAsync(connection, transaction, oldest + DayMilliseconds, cancellationToken);
        // A day without events is room as well.
        return Math.Max(1, count);
    }

    /// <summary>
    /// Writes the newer half of a day into a table of its own, which takes the day's place: what is only deleted stays
    /// on the disk.
    /// </summary>
    private static async Task<long> DropHalfAsync(
        DbConnection connection, DbTransaction transaction, long day, CancellationToken cancellationToken)
    {
        var name = NameOf(day);
        var (first, last) = (await RowsAsync(
            new SqlText($"select coalesce(min(seq), 0), coalesce(max(seq), 0) from {name}")
                .CommandOn(connection, transaction),
            static reader => (reader.GetInt64(0), reader.GetInt64(1)), cancellationToken))[0];
        if (first == last) return 0;
        var cut = first + (last - first) / 2;
        var count = await CountAsync(
            connection, transaction,
            string.Create(CultureInfo.InvariantCulture, $"select count(*) from {name} where seq <= {cut}"),
            cancellationToken);
        foreach (var text in new[]
        {
            $"create table events_half (like {name} including defaults including storage)",
            string.Create(
                CultureInfo.InvariantCulture, $"insert into events_half select * from {name} where seq > {cut}"),
            $"drop table {name}",
            $"alter table events_half rename to {name}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"alter table events attach partition {name} for values from ({day}) to ({day + DayMilliseconds})"),
        })
        {
            var command = new SqlText(text).CommandOn(connection, transaction);
            command.CommandTimeout = RewriteSeconds;
            await ExecuteAsync(command, cancellationToken);
        }

        await ForgetLabelsAsync(connection, transaction, cancellationToken);
        return count;
    }

    private static async Task ForgetBeforeAsync(
        DbConnection connection, DbTransaction transaction, long end, CancellationToken cancellationToken)
    {
        foreach (var sql in new[]
        {
            new SqlText("delete from traffic").WhereValue("bucket <", end),
            new SqlText("delete from attacks").WhereValue("last_at <", end),
        })
            await ExecuteAsync(sql.CommandOn(connection, transaction), cancellationToken);
        await ForgetLabelsAsync(connection, transaction, cancellationToken);
    }

    private static Task<int> ForgetLabelsAsync(
        DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken) => ExecuteAsync(
        new SqlText("delete from labels l where not exists (select 1 from events e "
            + "where e.id = l.event_id and e.namespace = l.namespace)").CommandOn(connection, transaction),
        cancellationToken);

    private static async Task<long> CountAsync(
        DbConnection connection, DbTransaction transaction, string text, CancellationToken cancellationToken)
    {
        var command = new SqlText(text).CommandOn(connection, transaction);
        command.CommandTimeout = RewriteSeconds;
        return (await RowsAsync(command, static reader => reader.GetInt64(0), cancellationToken))[0];
    }
}
