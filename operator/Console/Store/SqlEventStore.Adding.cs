using System.Data.Common;
using System.Globalization;

namespace WafOperator.Console.Store;

public abstract partial class SqlEventStore
{
    public async Task<AddResult> AddAsync(IReadOnlyList<PreparedEvent> events, CancellationToken cancellationToken)
    {
        var distinct = events.DistinctBy(EventKey.Of).ToList();
        if (distinct.Count == 0) return default;
        await MakeRoomAsync(distinct, cancellationToken);
        return await WriteAsync(
            async (connection, transaction) =>
            {
                await PrepareDaysAsync(connection, transaction, distinct, cancellationToken);
                var known = await KnownAsync(connection, transaction, distinct, cancellationToken);
                var added = known.Count == 0 ? distinct : distinct.FindAll(e => !known.Contains(EventKey.Of(e)));
                if (added.Count > 0)
                {
                    var attacks = await new AttackGrouping(connection, transaction)
                        .GroupAsync(added, cancellationToken);
                    await InsertAsync(connection, transaction, added, attacks, cancellationToken);
                    await new TrafficTally(connection, transaction).CountAsync(added, cancellationToken);
                }

                return new AddResult(added.Count, events.Count - added.Count);
            },
            cancellationToken);
    }

    public Task PutDocumentAsync(StoredDocument document, AuditNote? note, CancellationToken cancellationToken) =>
        WriteAsync(
            async (connection, transaction) =>
            {
                SqlText sql;
                if (document.Json is null)
                {
                    sql = new SqlText("delete from documents").WhereValue("kind =", document.Kind)
                        .WhereValue("name =", document.Name);
                }
                else
                {
                    sql = new SqlText("insert into documents (kind, name, json) values (");
                    sql.Add($"{sql.Value(document.Kind)}, {sql.Value(document.Name)}, {sql.Value(document.Json)}) ");
                    sql.Add("on conflict (kind, name) do update set json = excluded.json");
                }

                var changed = await ExecuteAsync(sql.CommandOn(connection, transaction), cancellationToken);
                if (note is not null) await AppendAsync(connection, transaction, note, cancellationToken);
                return changed;
            },
            cancellationToken);

    public Task<bool> TryLeaseAsync(
        string name, string holder, DateTimeOffset now, TimeSpan time, CancellationToken cancellationToken) =>
            WriteAsync(
        async (connection, transaction) =>
        {
            var sql = new SqlText("select json from documents").WhereValue("kind =", LeaseKind)
                .WhereValue("name =", name);
            var known = (await RowsAsync(
                sql.CommandOn(connection, transaction), static r => r.GetString(0), cancellationToken))
                    .FirstOrDefault();
            if (known?.Split('\n') is [var until, var by]
                && long.TryParse(until, CultureInfo.InvariantCulture, out var end))
            {
                var left = end - now.ToUnixTimeMilliseconds();
                if (by != holder && left > 0) return false;
                if (by == holder && left > time.TotalMilliseconds / 2) return true;
            }

            var text = string.Create(CultureInfo.InvariantCulture,
                $"{(now + time).ToUnixTimeMilliseconds()}\n{holder}");
            var put = new SqlText("insert into documents (kind, name, json) values (");
            put.Add($"{put.Value(LeaseKind)}, {put.Value(name)}, {put.Value(text)}) ");
            put.Add("on conflict (kind, name) do update set json = excluded.json");
            await ExecuteAsync(put.CommandOn(connection, transaction), cancellationToken);
            return true;
        },
        cancellationToken);

    public Task<AuditEntry> AppendAuditAsync(AuditNote note, CancellationToken cancellationToken) => WriteAsync(
        (connection, transaction) => AppendAsync(connection, transaction, note, cancellationToken), cancellationToken);

    private static async Task<AuditEntry> AppendAsync(
        DbConnection connection, DbTransaction transaction, AuditNote note, CancellationToken cancellationToken)
    {
        var last = await RowsAsync(
            new SqlText($"select {AuditColumns} from audit order by number desc limit 1")
                .CommandOn(connection, transaction),
            AuditOf, cancellationToken);
        var entry = AuditEntry.After(last.FirstOrDefault(), note);
        var sql = new SqlText($"insert into audit ({AuditColumns}) values (");
        sql.Add($"{sql.Value(entry.Number)}, {sql.Value(entry.Note.At.ToUnixTimeMilliseconds())}, ");
        sql.Add($"{sql.Value(entry.Note.By)}, {sql.Value(entry.Note.Action)}, {sql.Value(entry.Note.Subject)}, ");
        sql.Add($"{sql.Value(entry.Note.Detail)}, {sql.Value(entry.Previous)}, {sql.Value(entry.Hash)})");
        await ExecuteAsync(sql.CommandOn(connection, transaction), cancellationToken);
        return entry;
    }

    public Task<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int max, CancellationToken cancellationToken) =>
        AuditAsync(sql => sql.WhereValue("number >", after).Add(" order by number"), max, cancellationToken);

    public Task<IReadOnlyList<AuditEntry>> LastAuditAsync(int max, CancellationToken cancellationToken) =>
        AuditAsync(static sql => sql.Add(" order by number desc"), max, cancellationToken);

    private const string LeaseKind = "lease";
    private const string AuditColumns = "number, at, done_by, action, subject, detail, previous, hash";

    /// <summary>Makes room for the days of a batch.</summary>
    private protected abstract Task PrepareDaysAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        CancellationToken cancellationToken);

    /// <summary>Those that are there.</summary>
    private protected abstract Task<HashSet<EventKey>> KnownAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        CancellationToken cancellationToken);

    /// <summary>Writes events; <paramref name="attacks"/> has the attack of each, or null.</summary>
    private protected abstract Task InsertAsync(
        DbConnection connection, DbTransaction transaction, IReadOnlyList<PreparedEvent> events,
        IReadOnlyList<long?> attacks, CancellationToken cancellationToken);

    /// <summary>Runs work as the only writer of the installation, all or nothing.</summary>
    private protected abstract Task<T> WriteAsync<T>(
        Func<DbConnection, DbTransaction, Task<T>> work, CancellationToken cancellationToken);

    private Task<IReadOnlyList<AuditEntry>> AuditAsync(
        Func<SqlText, SqlText> selection, int max, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = selection(new SqlText($"select {AuditColumns} from audit")).Add(" limit ");
            sql.Add(sql.Value(max));
            return (IReadOnlyList<AuditEntry>)await RowsAsync(sql.CommandOn(connection), AuditOf, cancellationToken);
        },
        cancellationToken);

    private static AuditEntry AuditOf(DbDataReader reader) => new(
        reader.GetInt64(0),
        new AuditNote(
            TimeOf(reader.GetInt64(1)), reader.GetString(2), reader.GetString(3), reader.GetString(4),
                reader.GetString(5)),
        reader.GetFieldValue<byte[]>(6), reader.GetFieldValue<byte[]>(7));
}

/// <summary>What an event is known by: ids are made by sidecars, and mean nothing elsewhere.</summary>
internal readonly record struct EventKey(string Namespace, string Id)
{
    public static EventKey Of(PreparedEvent e) => new(e.Event.Namespace, e.Event.Id);
}
