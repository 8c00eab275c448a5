using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Store;

/// <summary>
/// What SQLite and PostgreSQL have in common: the same tables, the same questions. Times are Unix milliseconds, ids are
/// bytes, so that a value is the same in both. Adding is one transaction, one after the other in the whole
/// installation: sequence numbers become visible in their order, and attacks are grouped without races.
/// </summary>
public abstract partial class SqlEventStore : IEventStore
{
    private const int DocumentsMax = 1_000;

    /// <summary>Most rows of traffic that one question gets; the largest of each namespace come first.</summary>
    internal const int TrafficRowsMax = 100_000;

    private const string RowColumns = "e.seq, e.id, e.at, e.namespace, e.policy, e.client, e.method, e.host, e.path, "
        + "e.verdict, e.would, e.reason, e.status, e.kind, e.parameter, e.threat, e.score, e.anomaly, e.whole, "
        + "e.attack, e.label";

    public abstract Task InitializeAsync(CancellationToken cancellationToken);

    public abstract Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellationToken);

    public abstract Task<StoreState> StateAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    public Task<Page<EventRow>> ListAsync(EventQuery query, CancellationToken cancellationToken) =>
        ListAsync(query, RowColumns, RowOf, static row => row, cancellationToken);

    public Task<Page<StoredEvent>> ListWholeAsync(EventQuery query, CancellationToken cancellationToken) =>
        ListAsync(query, $"{RowColumns}, e.data", StoredOf, static stored => stored.Row, cancellationToken);

    private Task<Page<T>> ListAsync<T>(
        EventQuery query, string columns, Func<DbDataReader, T> read, Func<T, EventRow> rowOf,
        CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var limit = Math.Clamp(query.Limit, 1, EventQuery.LimitMax);
            var sql = new SqlText($"select {columns} from events e");
            Filter(sql, query);
            sql.Add(" order by e.at desc, e.seq desc limit ").Add(sql.Value(limit + 1));
            var rows = await RowsAsync(sql.CommandOn(connection), read, cancellationToken);
            if (rows.Count <= limit) return new Page<T>(rows, null);
            var last = rowOf(rows[limit - 1]);
            var next = new PageCursor(last.Time.ToUnixTimeMilliseconds(), last.Sequence);
            return new Page<T>(rows[..limit], next.ToString());
        },
        cancellationToken);

    public Task<StoredEvent?> FindAsync(string ns, string id, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText($"select {RowColumns}, e.data from events e")
                .WhereValue("e.id =", Convert.FromHexString(id)).WhereValue("e.namespace =", ns)
                .Add(" order by e.seq limit 1");
            return (await RowsAsync(sql.CommandOn(connection), StoredOf, cancellationToken)).FirstOrDefault();
        },
        cancellationToken);

    public Task<IReadOnlyList<string>> NamespacesOfAsync(
        string id, int max, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText("select e.namespace from events e")
                .WhereValue("e.id =", Convert.FromHexString(id))
                .Add(" group by e.namespace order by min(e.seq) limit ");
            sql.Add(sql.Value(max));
            return (IReadOnlyList<string>)await RowsAsync(
                sql.CommandOn(connection), static r => r.GetString(0), cancellationToken);
        },
        cancellationToken);

    public Task<IReadOnlyList<StoredEvent>> ReadOnAsync(ReadOnQuery query, CancellationToken cancellationToken) =>
        ReadAsync(
        async connection =>
        {
            var sql = Behind(new SqlText($"select {RowColumns}, e.data from events e"), query)
                .Add(" order by e.seq limit ");
            sql.Add(sql.Value(query.Max));
            return (IReadOnlyList<StoredEvent>)await RowsAsync(sql.CommandOn(connection), StoredOf, cancellationToken);
        },
        cancellationToken);

    public Task<int> CountOnAsync(ReadOnQuery query, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = Behind(new SqlText("select count(*) from (select 1 from events e"), query).Add(" limit ");
            sql.Add(sql.Value(query.Max)).Add(") s");
            return (await RowsAsync(
                sql.CommandOn(connection), static reader => (int)reader.GetInt64(0), cancellationToken))[0];
        },
        cancellationToken);

    public Task<long> LastSequenceAsync(CancellationToken cancellationToken) => ReadAsync(
        async connection => (await RowsAsync(
            new SqlText("select coalesce(max(seq), 0) from events").CommandOn(connection),
            static reader => reader.GetInt64(0), cancellationToken))[0],
        cancellationToken);

    public Task<long> SequenceBeforeAsync(DateTimeOffset time, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText(
                "select coalesce(min(seq) - 1, (select coalesce(max(seq), 0) from events)) from events")
                .WhereValue("at >=", time.ToUnixTimeMilliseconds());
            return (await RowsAsync(sql.CommandOn(connection), static reader => reader.GetInt64(0),
                cancellationToken))[0];
        },
        cancellationToken);

    public Task<Page<AttackGroup>> ListAttacksAsync(AttackQuery query, CancellationToken cancellationToken) =>
        ReadAsync(
        async connection =>
        {
            var limit = Math.Clamp(query.Limit, 1, EventQuery.LimitMax);
            var sql = new SqlText($"select {AttackRows.Columns} from attacks a");
            InScope(sql, "a.namespace", query.Scope);
            sql.WhereValue("a.last_at >=", query.From?.ToUnixTimeMilliseconds())
                .WhereValue("a.first_at <", query.To?.ToUnixTimeMilliseconds())
                .WhereValue("a.policy =", query.Policy)
                .WhereValue("a.kind =", query.Kind)
                .WhereValue("a.label =", (int?)query.Label);
            if (query.Text is { Length: > 0 } text)
            {
                var like = sql.Value($"%{text.ToLowerInvariant().Replace("%", "", StringComparison.Ordinal)}%");
                sql.Where($"(lower(a.route) like {like} or lower(a.parameter) like {like} or a.policy like {like})");
            }

            if (query.After is { } after)
                sql.Where($"(a.last_at, a.id) < ({sql.Value(after.At)}, {sql.Value(after.Number)})");
            sql.Add(" order by a.last_at desc, a.id desc limit ").Add(sql.Value(limit + 1));
            var rows = await RowsAsync(sql.CommandOn(connection), AttackRows.Read, cancellationToken);
            if (rows.Count <= limit) return new Page<AttackGroup>([.. rows.Select(r => r.ToGroup())], null);
            var last = rows[limit - 1];
            return new Page<AttackGroup>(
                [.. rows[..limit].Select(r => r.ToGroup())], new PageCursor(last.LastAt, last.Id).ToString());
        },
        cancellationToken);

    public Task<AttackGroup?> FindAttackAsync(long id, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText($"select {AttackRows.Columns} from attacks a").WhereValue("a.id =", id);
            return (await RowsAsync(sql.CommandOn(connection), AttackRows.Read, cancellationToken))
                .FirstOrDefault()?.ToGroup();
        },
        cancellationToken);

    public Task<IReadOnlyList<TrafficRow>> TrafficAsync(
        AccessScope scope, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var step = TrafficTally.StepOf(to - from);
            var start = string.Create(CultureInfo.InvariantCulture, $"t.bucket / {step} * {step}");
            // Where there are more rows than are given, each namespace has as many of them, the largest first.
            var sql = new SqlText(
                "select s.start, s.namespace, s.policy, s.verdict, s.would, s.reason, s.whole, s.events from (select "
                + $"{start} as start, t.namespace, t.policy, t.verdict, t.would, t.reason, t.whole, "
                + "sum(t.events) as events, row_number() over (partition by t.namespace order by sum(t.events) desc) "
                + "as place from traffic t");
            InScope(sql, "t.namespace", scope);
            sql.WhereValue("t.bucket >=", from.ToUnixTimeMilliseconds() / TrafficTally.Bucket * TrafficTally.Bucket)
                .WhereValue("t.bucket <", to.ToUnixTimeMilliseconds())
                .Add(" group by 1, 2, 3, 4, 5, 6, 7) s order by s.place limit ");
            sql.Add(sql.Value(TrafficRowsMax));
            var rows = await RowsAsync(
                sql.CommandOn(connection),
                static r => new TrafficRow(
                    TimeOf(r.GetInt64(0)), r.GetString(1), r.GetString(2), (VerdictKind)r.GetInt32(3),
                    (VerdictKind)r.GetInt32(4), r.GetString(5), r.GetInt32(6) != 0,
                    Convert.ToInt64(r.GetValue(7), CultureInfo.InvariantCulture)),
                cancellationToken);
            return (IReadOnlyList<TrafficRow>)[.. rows.OrderBy(row => row.Start)];
        },
        cancellationToken);

    public Task<IReadOnlyList<string>> NamespacesAsync(
        string after, int max, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText("select distinct t.namespace from traffic t")
                .WhereValue("t.namespace >", after.Length == 0 ? null : after).Add(" order by 1 limit ");
            sql.Add(sql.Value(max));
            return (IReadOnlyList<string>)await RowsAsync(
                sql.CommandOn(connection), static r => r.GetString(0), cancellationToken);
        },
        cancellationToken);

    public Task<string?> GetDocumentAsync(string kind, string name, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText("select json from documents").WhereValue("kind =", kind).WhereValue("name =", name);
            return (await RowsAsync(sql.CommandOn(connection), static r => r.GetString(0), cancellationToken))
                .FirstOrDefault();
        },
        cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> ListDocumentsAsync(
        string kind, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText("select name, json from documents").WhereValue("kind =", kind)
                .Add(" order by name limit ");
            sql.Add(sql.Value(DocumentsMax));
            var rows = await RowsAsync(
                sql.CommandOn(connection), static r => (Name: r.GetString(0), Json: r.GetString(1)), cancellationToken);
            return (IReadOnlyDictionary<string, string>)rows.ToDictionary(r => r.Name, r => r.Json,
                StringComparer.Ordinal);
        },
        cancellationToken);

    /// <summary>A connection that is open.</summary>
    protected abstract Task<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Ends a statement under way when the token fires, where the driver does not do so by itself.</summary>
    private protected virtual IDisposable? Interrupting(DbConnection connection, CancellationToken cancellationToken) =>
        null;

    /// <summary>Whether the database refused a value rather than the work.</summary>
    private protected abstract bool IsAboutData(Exception failure);

    /// <summary>Condition: the event has the term.</summary>
    private protected abstract string HasTerm(SqlText sql, string term);

    private protected static DateTimeOffset TimeOf(long milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private protected static async Task<List<T>> RowsAsync<T>(
        DbCommand command, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await using (command)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken)) rows.Add(read(reader));
            return rows;
        }
    }

    private protected static async Task<int> ExecuteAsync(DbCommand command, CancellationToken cancellationToken)
    {
        await using (command) return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await OpenAsync(cancellationToken);
            using var interruption = Interrupting(connection, cancellationToken);
            return await work(connection);
        }
        catch (DbException) when (cancellationToken.IsCancellationRequested)
        {
            // Whoever asked has gone, or does not wait any longer.
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception failure) when (failure is DbException or TimeoutException or IOException)
        {
            throw new StoreException($"the event store cannot be asked: {failure.Message}", failure,
                IsAboutData(failure));
        }
    }

    private static SqlText Behind(SqlText sql, ReadOnQuery query)
    {
        sql.WhereValue("e.seq >", query.After).WhereValue("e.seq <=", query.UpTo)
            .WhereValue("e.namespace =", query.Namespace);
        return query.OnlyAttacks ? sql.Where("(e.verdict > 0 or e.would > 0)") : sql;
    }

    private static void InScope(SqlText sql, string column, AccessScope scope)
    {
        if (scope.Namespaces is { } namespaces) sql.WhereIn(column, namespaces);
    }

    private void Filter(SqlText sql, EventQuery query)
    {
        InScope(sql, "e.namespace", query.Scope);
        sql.WhereValue("e.at >=", query.From?.ToUnixTimeMilliseconds())
            .WhereValue("e.at <", query.To?.ToUnixTimeMilliseconds())
            .WhereValue("e.policy =", query.Policy)
            .WhereValue("e.client =", query.Client)
            .WhereValue("e.method =", query.Method)
            .WhereValue("e.verdict =", (int?)query.Verdict)
            .WhereValue("e.reason =", query.Reason)
            .WhereValue("e.kind =", query.Kind)
            .WhereValue("e.attack =", query.Attack)
            .WhereValue("e.threat >=", (int?)query.AtLeast)
            .WhereValue("e.label =", (int?)query.Label);
        if (query.IsAttack is { } attack) sql.Where(attack ? "(e.verdict > 0 or e.would > 0)"
            : "e.verdict = 0 and e.would = 0");
        if (query.IsWhole is { } whole) sql.Where(whole ? "e.whole = 1" : "e.whole = 0");
        if (query.Rule is { } rule) sql.Where(HasTerm(sql, PreparedEvent.TermOfRule(rule)));
        foreach (var word in query.Words.Take(EventQuery.WordsMax)) sql.Where(HasTerm(sql, word));
        if (query.After is { } after) sql.Where($"(e.at, e.seq) < ({sql.Value(after.At)}, {sql.Value(after.Number)})");
    }

    private static EventRow RowOf(DbDataReader reader) => new()
    {
        Sequence = reader.GetInt64(0),
        Id = Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(1)),
        Time = TimeOf(reader.GetInt64(2)),
        Namespace = reader.GetString(3),
        Policy = reader.GetString(4),
        Client = reader.GetString(5),
        Method = reader.GetString(6),
        Host = reader.IsDBNull(7) ? null : reader.GetString(7),
        Path = reader.GetString(8),
        Verdict = (VerdictKind)reader.GetInt32(9),
        WouldHave = (VerdictKind)reader.GetInt32(10),
        Reason = reader.GetString(11),
        StatusCode = reader.GetInt32(12),
        Kind = reader.GetString(13),
        Parameter = reader.GetString(14),
        ThreatLevel = (ThreatLevel)reader.GetInt32(15),
        Score = reader.IsDBNull(16) ? null : Math.Round(reader.GetDouble(16), 6),
        AnomalyScore = reader.GetInt32(17),
        IsWhole = reader.GetInt32(18) != 0,
        Attack = reader.IsDBNull(19) ? null : reader.GetInt64(19),
        Label = (EventLabel)reader.GetInt32(20),
    };

    private static StoredEvent StoredOf(DbDataReader reader) => new(
        RowOf(reader),
        JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(21), ProtocolJson.Default.SecurityEvent)
            ?? throw new InvalidDataException("an event of the store is null"));
}
