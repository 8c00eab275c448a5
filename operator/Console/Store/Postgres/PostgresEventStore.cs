using System.Data.Common;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace WafOperator.Console.Store.Postgres;

/// <summary>The store in PostgreSQL 13 or later: daily partitions, binary COPY. Replicas share it.</summary>
public sealed partial class PostgresEventStore : SqlEventStore
{
    private const long DayMilliseconds = 24 * 60 * 60 * 1000;
    private const string PartitionPrefix = "events_d";

    private readonly NpgsqlDataSource _source;

    /// <param name="connection">A connection string as Npgsql takes it.</param>
    public PostgresEventStore(string connection)
    {
        var builder = new NpgsqlDataSourceBuilder(connection);
        builder.ConnectionStringBuilder.ApplicationName ??= "waf-console";
        if (!connection.Contains("Pool Size", StringComparison.OrdinalIgnoreCase))
            builder.ConnectionStringBuilder.MaxPoolSize = 20;
        builder.ConnectionStringBuilder.MaxAutoPrepare = 64;
        _source = builder.Build();
    }

    public override Task InitializeAsync(CancellationToken cancellationToken) => WriteAsync(
        async (connection, transaction) => await ExecuteAsync(
            new SqlText(PostgresSchema.Text).CommandOn(connection, transaction), cancellationToken),
        cancellationToken);

    public override Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellationToken) => WriteAsync(
        async (connection, transaction) =>
        {
            var end = before.ToUnixTimeMilliseconds() / DayMilliseconds * DayMilliseconds;
            var old = (await PartitionsAsync(connection, transaction, cancellationToken))
                .Where(day => day + DayMilliseconds <= end).ToList();
            foreach (var day in old)
            {
                await ExecuteAsync(
                    new SqlText($"drop table {NameOf(day)}").CommandOn(connection, transaction), cancellationToken);
            }

            if (old.Count == 0) return 0;
            await ForgetBeforeAsync(connection, transaction, end, cancellationToken);
            return old.Count;
        },
        cancellationToken);

    public override Task<StoreState> StateAsync(CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText(
                "select coalesce((select sum(greatest(c.reltuples, 0))::bigint from pg_inherits i "
                + "join pg_class c on c.oid = i.inhrelid where i.inhparent = 'events'::regclass), 0), "
                + "pg_database_size(current_database()), "
                + "(select count(*) from pg_stat_activity where datname = current_database())");
            var (events, bytes, connections) = (await RowsAsync(
                sql.CommandOn(connection),
                static reader => (reader.GetInt64(0), reader.GetInt64(1), (int)reader.GetInt64(2)),
                    cancellationToken))[0];
            var days = await PartitionsAsync(connection, null, cancellationToken);
            var (dropped, last) = await DroppedAsync(connection, null, cancellationToken);
            return new StoreState(
                "postgresql", events, bytes, connections, days.Count == 0 ? null : TimeOf(days.Min()))
            {
                KeepBytes = KeepBytes, Dropped = dropped, LastDropped = last,
            };
        },
        cancellationToken);

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    protected override async Task<DbConnection> OpenAsync(CancellationToken cancellationToken) =>
        await _source.OpenConnectionAsync(cancellationToken);

    /// <summary>Classes 22 (data), 23 (integrity) and 54 (limits of the program) of SQLSTATE.</summary>
    private protected override bool IsAboutData(Exception failure) =>
        failure is PostgresException { SqlState: ['2', '2' or '3', ..] or ['5', '4', ..] };

    private protected override string HasTerm(SqlText sql, string term) =>
        $"e.terms @> {sql.Value(new[] { term })}";

    private protected override async Task PrepareDaysAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        CancellationToken cancellationToken)
    {
        foreach (var day in events.Select(e => e.At / DayMilliseconds * DayMilliseconds).Distinct())
        {
            await ExecuteAsync(
                new SqlText(string.Create(
                    CultureInfo.InvariantCulture,
                    $"create table if not exists {NameOf(day)} partition of events "
                    + $"for values from ({day}) to ({day + DayMilliseconds})"))
                    .CommandOn(connection, transaction),
                cancellationToken);
        }
    }

    private protected override async Task<HashSet<EventKey>> KnownAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        CancellationToken cancellationToken)
    {
        var sql = new SqlText("select e.namespace, e.id from events e")
            .WhereValue("e.at >=", events.Min(e => e.At)).WhereValue("e.at <=", events.Max(e => e.At));
        sql.Where($"e.id = any({sql.Value(events.Select(e => e.Id).ToArray())})");
        return
        [
            .. await RowsAsync(
                sql.CommandOn(connection, transaction),
                static reader => new EventKey(
                    reader.GetString(0), Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(1))),
                cancellationToken),
        ];
    }

    private protected override async Task InsertAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        IReadOnlyList<long?> attacks, CancellationToken cancellationToken)
    {
        await using var copy = await ((NpgsqlConnection)connection).BeginBinaryImportAsync(
            PostgresSchema.Copy, cancellationToken);
        for (var i = 0; i < events.Count; i++)
            await WriteRowAsync(copy, events[i], attacks[i], cancellationToken);
        await copy.CompleteAsync(cancellationToken);
    }

    private protected override Task<T> WriteAsync<T>(
        Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(
                new SqlText(string.Create(
                    CultureInfo.InvariantCulture, $"select pg_advisory_xact_lock({PostgresSchema.WriterLock})"))
                    .CommandOn(connection, transaction),
                cancellationToken);
            var result = await work(connection, transaction);
            await transaction.CommitAsync(cancellationToken);
            return result;
        },
        cancellationToken);

    private static async Task WriteRowAsync(
        NpgsqlBinaryImporter copy, PreparedEvent prepared, long? attack, CancellationToken cancellationToken)
    {
        var e = prepared.Event;
        await copy.StartRowAsync(cancellationToken);
        await copy.WriteAsync(prepared.Id, NpgsqlDbType.Bytea, cancellationToken);
        await copy.WriteAsync(prepared.At, NpgsqlDbType.Bigint, cancellationToken);
        foreach (var text in new[]
        {
            e.Namespace, e.Policy, e.Revision, e.Pod, e.Client, e.Method, e.Host, e.Path, prepared.Route,
        })
            await WriteTextAsync(copy, text, cancellationToken);
        await copy.WriteAsync((short)e.Verdict, NpgsqlDbType.Smallint, cancellationToken);
        await copy.WriteAsync((short)e.WouldHave, NpgsqlDbType.Smallint, cancellationToken);
        await WriteTextAsync(copy, e.Reason, cancellationToken);
        await copy.WriteAsync(e.StatusCode, NpgsqlDbType.Integer, cancellationToken);
        await WriteTextAsync(copy, prepared.Kind, cancellationToken);
        await WriteTextAsync(copy, prepared.Parameter, cancellationToken);
        await copy.WriteAsync((short)prepared.Threat, NpgsqlDbType.Smallint, cancellationToken);
        if (e.Score is { } score) await copy.WriteAsync(score, NpgsqlDbType.Double, cancellationToken);
        else await copy.WriteNullAsync(cancellationToken);
        await copy.WriteAsync(e.AnomalyScore, NpgsqlDbType.Integer, cancellationToken);
        await copy.WriteAsync((short)(prepared.IsWhole ? 1 : 0), NpgsqlDbType.Smallint, cancellationToken);
        await copy.WriteAsync(prepared.Uninspected, NpgsqlDbType.Bigint, cancellationToken);
        await copy.WriteAsync(e.InspectionMicroseconds, NpgsqlDbType.Bigint, cancellationToken);
        if (attack is { } id) await copy.WriteAsync(id, NpgsqlDbType.Bigint, cancellationToken);
        else await copy.WriteNullAsync(cancellationToken);
        await copy.WriteAsync(
            prepared.Terms as string[] ?? [.. prepared.Terms], NpgsqlDbType.Array | NpgsqlDbType.Text,
                cancellationToken);
        await copy.WriteAsync(prepared.Json, NpgsqlDbType.Bytea, cancellationToken);
    }

    private static Task WriteTextAsync(NpgsqlBinaryImporter copy, string? text, CancellationToken cancellationToken) =>
        text is null
            ? copy.WriteNullAsync(cancellationToken)
            : copy.WriteAsync(text, NpgsqlDbType.Text, cancellationToken);

    private static string NameOf(long day) =>
        PartitionPrefix + TimeOf(day).ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static async Task<List<long>> PartitionsAsync(
        DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        var names = await RowsAsync(
            new SqlText("select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid "
                + "where i.inhparent = 'events'::regclass").CommandOn(connection, transaction),
            static reader => reader.GetString(0), cancellationToken);
        return
        [
            .. names.Where(name => name.StartsWith(PartitionPrefix, StringComparison.Ordinal)).Select(static name =>
                DateTimeOffset.ParseExact(
                    name[PartitionPrefix.Length..], "yyyyMMdd", CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds()),
        ];
    }
}
