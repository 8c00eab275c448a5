using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Store;

/// <summary>A row of the table of attacks.</summary>
internal sealed class AttackRow
{
    public long Id { get; init; }
    public required AttackKey Key { get; init; }
    public long FirstAt { get; set; }
    public long LastAt { get; set; }
    public long Events { get; set; }
    public long Stopped { get; set; }
    public required ClientSketch Clients { get; init; }
    public ThreatLevel Worst { get; set; }
    public required Dictionary<string, long> Rules { get; init; }
    public required byte[] Sample { get; set; }
    public EventLabel Label { get; init; }

    public void Add(PreparedEvent e)
    {
        FirstAt = Math.Min(FirstAt, e.At);
        if (e.At >= LastAt) (LastAt, Sample) = (e.At, e.Id);
        Events++;
        if (e.Event.Verdict is not VerdictKind.Allow) Stopped++;
        Clients.Add(e.Event.Client);
        if (e.Threat > Worst) Worst = e.Threat;
        foreach (var rule in e.Event.Rules)
        {
            var id = rule.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (Rules.ContainsKey(id) || Rules.Count < AttackGroup.RulesMax) Rules[id] = Rules.GetValueOrDefault(id)
                + 1;
        }
    }

    public AttackGroup ToGroup() => new()
    {
        Id = Id,
        Key = Key,
        First = DateTimeOffset.FromUnixTimeMilliseconds(FirstAt),
        Last = DateTimeOffset.FromUnixTimeMilliseconds(LastAt),
        Events = Events,
        Stopped = Stopped,
        Clients = Clients.Estimate(),
        Worst = Worst,
        Rules = Rules,
        Sample = Convert.ToHexStringLower(Sample),
        Label = Label,
    };
}

/// <summary>How attacks are read.</summary>
internal static class AttackRows
{
    public const string Columns = "a.id, a.namespace, a.policy, a.kind, a.route, a.parameter, a.first_at, a.last_at, "
        + "a.events, a.stopped, a.clients, a.worst, a.rules, a.sample, a.label";

    public static AttackRow Read(DbDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        Key = new AttackKey(
            reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5)),
        FirstAt = reader.GetInt64(6),
        LastAt = reader.GetInt64(7),
        Events = reader.GetInt64(8),
        Stopped = reader.GetInt64(9),
        Clients = new ClientSketch(reader.GetFieldValue<byte[]>(10)),
        Worst = (ThreatLevel)reader.GetInt32(11),
        Rules = JsonSerializer.Deserialize<Dictionary<string, long>>(reader.GetString(12)) ?? [],
        Sample = reader.GetFieldValue<byte[]>(13),
        Label = (EventLabel)reader.GetInt32(14),
    };
}

/// <summary>
/// Finds the attack of each event of a batch, or begins one, within the writer's transaction: nobody else groups
/// meanwhile.
/// </summary>
internal sealed class AttackGrouping(DbConnection connection, DbTransaction transaction)
{
    private static readonly long GapMilliseconds = (long)AttackGroup.Gap.TotalMilliseconds;

    private readonly Dictionary<AttackKey, List<AttackRow>> _rows = [];
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>The attack of each event, in their order; null for what is none.</summary>
    public async Task<IReadOnlyList<long?>> GroupAsync(
        IReadOnlyList<PreparedEvent> events, CancellationToken cancellationToken)
    {
        var result = new long?[events.Count];
        var attacks = Enumerable.Range(0, events.Count).Where(i => events[i].IsAttack).OrderBy(i => events[i].At)
            .ToList();
        if (attacks.Count == 0) return result;
        await LoadAsync(attacks.ConvertAll(i => events[i]), cancellationToken);
        var touched = new HashSet<AttackRow>();
        var chosen = new AttackRow?[events.Count];
        foreach (var i in attacks)
        {
            chosen[i] = RowOf(events[i]);
            chosen[i]!.Add(events[i]);
            touched.Add(chosen[i]!);
        }

        var ids = new Dictionary<AttackRow, long>();
        foreach (var row in touched) ids[row] = await WriteAsync(row, cancellationToken);
        foreach (var i in attacks) result[i] = ids[chosen[i]!];
        return result;
    }

    private static AttackKey KeyOf(PreparedEvent e) =>
        new(e.Event.Namespace, e.Event.Policy, e.Kind, e.Route, e.Parameter);

    private static AttackKey RestOf(AttackKey key) => key with { Route = AttackKey.Rest, Parameter = AttackKey.Rest };

    /// <summary>What a key is found by: short, and nothing that a client chooses makes two of them equal.</summary>
    private static byte[] HashOf(AttackKey key) => SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\0', key.Namespace, key.Policy, key.Kind, key.Route, key.Parameter)))[..16];

    private AttackRow RowOf(PreparedEvent e)
    {
        var key = KeyOf(e);
        if (Find(key, e.At) is { } known) return known;
        if (_open.GetValueOrDefault(key.Namespace) >= AttackGroup.OpenPerNamespaceMax)
        {
            key = RestOf(key);
            if (Find(key, e.At) is { } rest) return rest;
        }

        _open[key.Namespace] = _open.GetValueOrDefault(key.Namespace) + 1;
        var row = new AttackRow
        {
            Key = key, FirstAt = e.At, LastAt = e.At, Clients = new ClientSketch(), Rules = [], Sample = e.Id,
        };
        if (!_rows.TryGetValue(key, out var rows)) _rows[key] = rows = [];
        rows.Add(row);
        return row;
    }

    private AttackRow? Find(AttackKey key, long at) => _rows.GetValueOrDefault(key)?
        .Find(row => at >= row.FirstAt - GapMilliseconds && at <= row.LastAt + GapMilliseconds);

    private async Task LoadAsync(List<PreparedEvent> attacks, CancellationToken cancellationToken)
    {
        var from = attacks[0].At - GapMilliseconds;
        var to = attacks[^1].At + GapMilliseconds;
        var keys = attacks.Select(KeyOf).Distinct().ToList();
        foreach (var some in keys.Concat(keys.Select(RestOf)).Distinct().Chunk(500))
        {
            var sql = new SqlText($"select {AttackRows.Columns} from attacks a")
                .WhereIn("a.key", some.Select(object (key) => HashOf(key)))
                .WhereValue("a.last_at >=", from).WhereValue("a.first_at <=", to);
            foreach (var row in await RowsAsync(sql, AttackRows.Read, cancellationToken))
            {
                if (!_rows.TryGetValue(row.Key, out var rows)) _rows[row.Key] = rows = [];
                rows.Add(row);
            }
        }

        var counts = new SqlText("select a.namespace, count(*) from attacks a").WhereValue("a.last_at >=", from)
            .Add(" group by a.namespace");
        foreach (var (ns, count) in await RowsAsync(
            counts, static reader => (reader.GetString(0), reader.GetInt64(1)), cancellationToken))
            _open[ns] = (int)Math.Min(count, int.MaxValue);
    }

    private async Task<long> WriteAsync(AttackRow row, CancellationToken cancellationToken)
    {
        var rules = JsonSerializer.Serialize(row.Rules);
        SqlText sql;
        if (row.Id != 0)
        {
            sql = new SqlText("update attacks set ");
            sql.Add($"first_at = {sql.Value(row.FirstAt)}, last_at = {sql.Value(row.LastAt)}, ");
            sql.Add($"events = {sql.Value(row.Events)}, stopped = {sql.Value(row.Stopped)}, ");
            sql.Add($"clients = {sql.Value(row.Clients.ToBytes())}, worst = {sql.Value((int)row.Worst)}, ");
            sql.Add($"rules = {sql.Value(rules)}, sample = {sql.Value(row.Sample)}");
            sql.WhereValue("id =", row.Id).Add(" returning id");
        }
        else
        {
            sql = new SqlText("insert into attacks (key, namespace, policy, kind, route, parameter, first_at, ");
            sql.Add("last_at, ");
            sql.Add("events, stopped, clients, worst, rules, sample, label) values (");
            sql.Add($"{sql.Value(HashOf(row.Key))}, {sql.Value(row.Key.Namespace)}, {sql.Value(row.Key.Policy)}, ");
            sql.Add($"{sql.Value(row.Key.Kind)}, {sql.Value(row.Key.Route)}, {sql.Value(row.Key.Parameter)}, ");
            sql.Add($"{sql.Value(row.FirstAt)}, {sql.Value(row.LastAt)}, {sql.Value(row.Events)}, ");
            sql.Add($"{sql.Value(row.Stopped)}, {sql.Value(row.Clients.ToBytes())}, {sql.Value((int)row.Worst)}, ");
            sql.Add($"{sql.Value(rules)}, {sql.Value(row.Sample)}, 0) returning id");
        }

        return (await RowsAsync(sql, static reader => reader.GetInt64(0), cancellationToken))[0];
    }

    private async Task<List<T>> RowsAsync<T>(
        SqlText sql, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = sql.CommandOn(connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken)) rows.Add(read(reader));
        return rows;
    }
}
