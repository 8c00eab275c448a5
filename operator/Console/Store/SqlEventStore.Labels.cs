using System.Data.Common;

namespace WafOperator.Console.Store;

/// <content>What people say about events.</content>
public abstract partial class SqlEventStore
{
    private const string LabelColumns = "namespace, event_id, label, said_by, at, reason";
    private const int EventsAtOnce = 500;

    public Task<bool> LabelAsync(
        LabelEntry entry, AuditNote? note, CancellationToken cancellationToken) => WriteAsync(
        async (connection, transaction) =>
        {
            var id = Convert.FromHexString(entry.EventId);
            var found = new SqlText("select (select count(*) from labels l where l.event_id = e.id "
                + "and l.namespace = e.namespace and l.at > ");
            found.Add(found.Value(entry.At.ToUnixTimeMilliseconds())).Add(") from events e")
                .WhereValue("e.id =", id).WhereValue("e.namespace =", entry.Namespace).Add(" limit 1");
            var later = await RowsAsync(
                found.CommandOn(connection, transaction), static reader => reader.GetInt64(0), cancellationToken);
            if (later.Count == 0) return false;
            // What was said last holds, also where an earlier word comes from an archive.
            if (later[0] == 0) await SetLabelAsync(connection, transaction, entry, cancellationToken);
            var insert = new SqlText($"insert into labels ({LabelColumns}) values (");
            insert.Add($"{insert.Value(entry.Namespace)}, {insert.Value(id)}, {insert.Value((int)entry.Label)}, ");
            insert.Add($"{insert.Value(entry.By)}, ");
            insert.Add($"{insert.Value(entry.At.ToUnixTimeMilliseconds())}, {insert.Value(entry.Reason ?? "")})");
            await ExecuteAsync(insert.CommandOn(connection, transaction), cancellationToken);
            if (note is not null) await AppendAsync(connection, transaction, note, cancellationToken);
            return true;
        },
        cancellationToken);

    public Task<IReadOnlyList<LabelEntry>> LabelsAsync(
        string ns, string id, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var sql = new SqlText($"select {LabelColumns} from labels")
                .WhereValue("event_id =", Convert.FromHexString(id)).WhereValue("namespace =", ns)
                .Add(" order by at limit 1000");
            return (IReadOnlyList<LabelEntry>)await RowsAsync(
                sql.CommandOn(connection), LabelOf, cancellationToken);
        },
        cancellationToken);

    public Task<IReadOnlyList<LabelEntry>> LabelsAsync(
        IReadOnlyList<EventRow> events, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            var asked = events.Select(static e => new EventKey(e.Namespace, e.Id)).ToHashSet();
            var labels = new List<LabelEntry>();
            foreach (var some in events.Chunk(EventsAtOnce))
            {
                var sql = new SqlText($"select {LabelColumns} from labels")
                    .WhereIn("event_id", some.Select(static object (e) => Convert.FromHexString(e.Id)))
                    .Add(" order by at");
                labels.AddRange((await RowsAsync(sql.CommandOn(connection), LabelOf, cancellationToken))
                    .Where(label => asked.Contains(new EventKey(label.Namespace, label.EventId))));
            }

            return (IReadOnlyList<LabelEntry>)labels;
        },
        cancellationToken);

    /// <summary>On the event, and on its attack.</summary>
    private static async Task SetLabelAsync(
        DbConnection connection, DbTransaction transaction, LabelEntry entry, CancellationToken cancellationToken)
    {
        var id = Convert.FromHexString(entry.EventId);
        var update = new SqlText("update events set label = ");
        update.Add(update.Value((int)entry.Label)).WhereValue("id =", id).WhereValue("namespace =", entry.Namespace);
        await ExecuteAsync(update.CommandOn(connection, transaction), cancellationToken);
        var group = new SqlText("update attacks set label = ");
        group.Add(group.Value((int)entry.Label));
        group.Where($"id = (select e.attack from events e where e.id = {group.Value(id)} and e.namespace = "
            + $"{group.Value(entry.Namespace)} limit 1)");
        await ExecuteAsync(group.CommandOn(connection, transaction), cancellationToken);
    }

    private static LabelEntry LabelOf(DbDataReader reader) => new(
        reader.GetString(0), Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(1)),
        (EventLabel)reader.GetInt32(2), reader.GetString(3), TimeOf(reader.GetInt64(4)),
        reader.GetString(5) is { Length: > 0 } reason ? reason : null);
}
