using System.Data.Common;
using System.Globalization;

namespace WafOperator.Console.Store;

/// <content>A bound on what the database takes: whoever is blocked often enough must not fill the volume.</content>
public abstract partial class SqlEventStore
{
    private const string RoomKind = "room";
    private const string DroppedName = "dropped";

    /// <summary>Bytes that are added before the database is measured again, as a share of the bound.</summary>
    private const int MeasuredEvery = 200;

    private long _unmeasured = long.MaxValue;

    /// <summary>Bytes of events that are kept, with their indices; the oldest go beyond. 0: no bound.</summary>
    public long KeepBytes { get; init; }

    /// <summary>Bytes that the bound is about, as they are at this point of the transaction.</summary>
    private protected abstract Task<long> UsedBytesAsync(
        DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken);

    /// <summary>
    /// Drops some of the oldest events and what belongs to them, at best as many as take so many bytes; says how many
    /// events, 0 when none are left.
    /// </summary>
    private protected abstract Task<long> DropOldestAsync(
        DbConnection connection, DbTransaction transaction, long bytes, CancellationToken cancellationToken);

    /// <summary>Makes room before a batch is added. Each step is a transaction: others write in between.</summary>
    private async Task MakeRoomAsync(IReadOnlyList<PreparedEvent> events, CancellationToken cancellationToken)
    {
        if (KeepBytes <= 0) return;
        var bytes = events.Sum(static e => (long)e.Json.Length);
        if (_unmeasured < KeepBytes / MeasuredEvery)
        {
            Interlocked.Add(ref _unmeasured, bytes);
            return;
        }

        // A little more than has to go, so that it is not asked again at once.
        var aim = KeepBytes - KeepBytes / MeasuredEvery * 2;
        for (var bound = KeepBytes; ; bound = aim)
        {
            var dropped = await WriteAsync(
                async (connection, transaction) =>
                {
                    var used = await UsedBytesAsync(connection, transaction, cancellationToken);
                    return used <= bound ? 0
                        : await DropAsync(connection, transaction, used - aim, cancellationToken);
                },
                cancellationToken);
            if (dropped == 0) break;
            ConsoleMetrics.Events.Of("dropped", "room").Inc(dropped);
        }

        Interlocked.Exchange(ref _unmeasured, bytes);
    }

    private async Task<long> DropAsync(
        DbConnection connection, DbTransaction transaction, long bytes, CancellationToken cancellationToken)
    {
        var dropped = await DropOldestAsync(connection, transaction, bytes, cancellationToken);
        if (dropped == 0) return 0;
        var (before, _) = await DroppedAsync(connection, transaction, cancellationToken);
        // All replicas say the same.
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{before + dropped} {DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}");
        var put = new SqlText("insert into documents (kind, name, json) values (");
        put.Add($"{put.Value(RoomKind)}, {put.Value(DroppedName)}, {put.Value(text)}) ");
        put.Add("on conflict (kind, name) do update set json = excluded.json");
        await ExecuteAsync(put.CommandOn(connection, transaction), cancellationToken);
        return dropped;
    }

    /// <summary>Events that were dropped for room since the store was made, and when last.</summary>
    private protected static async Task<(long Events, DateTimeOffset? Last)> DroppedAsync(
        DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        var sql = new SqlText("select json from documents").WhereValue("kind =", RoomKind)
            .WhereValue("name =", DroppedName);
        var found = await RowsAsync(
            sql.CommandOn(connection, transaction), static reader => reader.GetString(0), cancellationToken);
        return found.FirstOrDefault()?.Split(' ') is [var events, var last]
            ? (long.Parse(events, CultureInfo.InvariantCulture), TimeOf(long.Parse(last, CultureInfo.InvariantCulture)))
            : (0, null);
    }
}
