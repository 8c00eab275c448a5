using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace WafOperator.Console.Store.Sqlite;

/// <summary>The embedded store: one file, no set-up. For one replica and small clusters.</summary>
public sealed partial class SqliteEventStore : SqlEventStore
{
    private const int ExpireRowsAtOnce = 20_000;

    private const long DayMilliseconds = 24 * 60 * 60 * 1000;

    private readonly string _file;
    private readonly string _connection;

    /// <summary>SQLite has one writer at a time; here they wait in line instead of failing with "busy".</summary>
    private readonly SemaphoreSlim _writer = new(1, 1);

    public SqliteEventStore(string file)
    {
        _file = file;
        _connection = new SqliteConnectionStringBuilder
        {
            DataSource = file, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = true, DefaultTimeout = 30,
        }.ToString();
    }

    public override async Task InitializeAsync(CancellationToken cancellationToken)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(_file)) is { } folder) Directory.CreateDirectory(folder);
        await ReadAsync(
            async connection =>
            {
                // Readers do not wait for the writer. Kept in the file.
                return await ExecuteAsync(
                    new SqlText("pragma journal_mode = wal").CommandOn(connection), cancellationToken);
            },
            cancellationToken);
        await WriteAsync(
            async (connection, transaction) =>
            {
                var known = await RowsAsync(
                    new SqlText("select (select user_version from pragma_user_version), "
                        + "(select count(*) from sqlite_master where name = 'events')")
                        .CommandOn(connection, transaction),
                    static reader => (Version: reader.GetInt64(0), HasEvents: reader.GetInt64(1) > 0),
                    cancellationToken);
                var upgrade = known[0] is { Version: 0, HasEvents: true } ? SqliteSchema.FromVersion0 : "";
                var mark = string.Create(CultureInfo.InvariantCulture, $"pragma user_version = {SqliteSchema.Version}");
                return await ExecuteAsync(
                    new SqlText(upgrade).Add(SqliteSchema.Text).Add(mark).CommandOn(connection, transaction),
                    cancellationToken);
            },
            cancellationToken);
    }

    public override async Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var end = before.ToUnixTimeMilliseconds() / DayMilliseconds * DayMilliseconds;
        var oldest = (await StateAsync(cancellationToken)).Oldest;
        if (oldest is null || oldest.Value.ToUnixTimeMilliseconds() >= end) return 0;
        // In pieces: intake goes on in between.
        var some = new SqlText("select e.seq from events e").WhereValue("e.at <", end).Add(" order by e.at limit ");
        some.Add(some.Value(ExpireRowsAtOnce));
        while (await WriteAsync(
            (connection, transaction) => DeleteAsync(connection, transaction, some, cancellationToken),
            cancellationToken) == ExpireRowsAtOnce) { }
        await WriteAsync(
            async (connection, transaction) =>
            {
                foreach (var sql in new[]
                {
                    new SqlText("delete from traffic").WhereValue("bucket <", end),
                    new SqlText("delete from attacks").WhereValue("last_at <", end),
                })
                    await ExecuteAsync(sql.CommandOn(connection, transaction), cancellationToken);
                return 0;
            },
            cancellationToken);
        return (int)((end - oldest.Value.ToUnixTimeMilliseconds()) / DayMilliseconds);
    }

    public override Task<StoreState> StateAsync(CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            // The highest number minus the lowest: counting rows would read all of them.
            var (events, oldest) = (await RowsAsync(
                new SqlText("select coalesce((select max(seq) from events) - (select min(seq) from events) + 1, 0), "
                    + "coalesce((select min(at) from events), 0)").CommandOn(connection),
                static reader => (reader.GetInt64(0), reader.GetInt64(1)), cancellationToken))[0];
            var bytes = new[] { _file, _file + "-wal" }.Sum(static f => File.Exists(f) ? new FileInfo(f).Length : 0);
            var (dropped, last) = await DroppedAsync(connection, null, cancellationToken);
            return new StoreState(
                "sqlite", events, bytes, 0,
                oldest == 0 ? null : TimeOf(oldest / DayMilliseconds * DayMilliseconds))
            {
                KeepBytes = KeepBytes, Dropped = dropped, LastDropped = last,
            };
        },
        cancellationToken);

    public override ValueTask DisposeAsync()
    {
        using (var connection = new SqliteConnection(_connection)) SqliteConnection.ClearPool(connection);
        _writer.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(_connection);
        await connection.OpenAsync(cancellationToken);
        // A lost last moment after a power cut is sent again by those who wait for the answer.
        await ExecuteAsync(
            new SqlText("pragma synchronous = normal; pragma temp_store = memory; pragma journal_size_limit = 67108864")
                .CommandOn(connection),
            cancellationToken);
        return connection;
    }

    private protected override IDisposable? Interrupting(
        DbConnection connection, CancellationToken cancellationToken) => cancellationToken.UnsafeRegister(
        static state => SQLitePCL.raw.sqlite3_interrupt(((SqliteConnection)state!).Handle), connection);

    /// <summary>SQLITE_TOOBIG, SQLITE_CONSTRAINT and SQLITE_MISMATCH.</summary>
    private protected override bool IsAboutData(Exception failure) =>
        failure is SqliteException { SqliteErrorCode: 18 or 19 or 20 };

    private protected override string HasTerm(SqlText sql, string term)
    {
        // A quoted string of the full-text language is one word; quotes within are doubled.
        var quoted = $"\"{term.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        return $"e.seq in (select w.rowid from words w where w.terms match {sql.Value(quoted)})";
    }

    private protected override Task PrepareDaysAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        CancellationToken cancellationToken) => Task.CompletedTask;

    private protected override async Task<HashSet<EventKey>> KnownAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        CancellationToken cancellationToken)
    {
        var known = new HashSet<EventKey>();
        foreach (var some in events.Chunk(500))
        {
            var sql = new SqlText("select e.namespace, e.id from events e")
                .WhereIn("e.id", some.Select(object (e) => e.Id));
            known.UnionWith(await RowsAsync(
                sql.CommandOn(connection, transaction),
                static reader => new EventKey(
                    reader.GetString(0), Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(1))),
                cancellationToken));
        }

        return known;
    }

    private protected override async Task InsertAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        IReadOnlyList<long?> attacks, CancellationToken cancellationToken)
    {
        await using var insert = SqliteSchema.Insert(connection, transaction, SqliteSchema.EventColumns, "events",
            true);
        await using var words = SqliteSchema.Insert(connection, transaction, ["rowid", "terms"], "words", false);
        for (var i = 0; i < events.Count; i++)
        {
            SqliteSchema.Fill(insert, events[i], attacks[i]);
            words.Parameters[0].Value = (long)(await insert.ExecuteScalarAsync(cancellationToken))!;
            words.Parameters[1].Value = string.Join(' ', events[i].Terms);
            await words.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private protected override async Task<T> WriteAsync<T>(
        Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            return await ReadAsync(
                async connection =>
                {
                    await using var transaction = ((SqliteConnection)connection).BeginTransaction(deferred: false);
                    var result = await work(connection, transaction);
                    await transaction.CommitAsync(cancellationToken);
                    return result;
                },
                cancellationToken);
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <summary>Deletes events whose numbers <paramref name="some"/> selects, and what belongs to them.</summary>
    private static async Task<int> DeleteAsync(
        DbConnection connection, DbTransaction transaction, SqlText some, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            new SqlText("create temp table if not exists going (seq integer primary key)")
                .CommandOn(connection, transaction), cancellationToken);
        await ExecuteAsync(new SqlText("delete from temp.going").CommandOn(connection, transaction), cancellationToken);
        var count = await ExecuteAsync(
            some.After("insert into temp.going (seq) ").CommandOn(connection, transaction), cancellationToken);
        if (count == 0) return 0;
        const string Going = "select g.seq from temp.going g";
        foreach (var sql in new[]
        {
            $"delete from words where rowid in ({Going})",
            "delete from labels where (namespace, event_id) in "
                + $"(select e.namespace, e.id from events e where e.seq in ({Going}))",
            $"delete from events where seq in ({Going})",
        })
            await ExecuteAsync(new SqlText(sql).CommandOn(connection, transaction), cancellationToken);
        return count;
    }
}
