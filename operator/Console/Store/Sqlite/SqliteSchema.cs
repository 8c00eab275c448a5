using System.Data.Common;

namespace WafOperator.Console.Store.Sqlite;

/// <summary>Tables of the embedded store.</summary>
internal static class SqliteSchema
{
    public const string Text =
        """
        create table if not exists events (
          seq integer primary key autoincrement, id blob not null, at integer not null,
          namespace text not null, policy text not null, revision text not null, pod text, client text not null,
          method text not null, host text, path text not null, route text not null, verdict integer not null,
          would integer not null, reason text not null, status integer not null, kind text not null,
          parameter text not null, threat integer not null, score real, anomaly integer not null,
          whole integer not null, uninspected integer not null, micros integer not null, attack integer,
          label integer not null default 0, data blob not null, unique (id, namespace));
        create index if not exists events_time on events (at);
        create index if not exists events_of on events (namespace, at);
        create index if not exists events_passed on events (namespace, at) where verdict = 0 and would = 0;
        create index if not exists events_client on events (client, at desc);
        create index if not exists events_path on events (path, method);
        create index if not exists events_threat on events (at desc) where threat >= 3;
        create index if not exists events_attack on events (attack, at desc) where attack is not null;
        create index if not exists events_label on events (label, at desc) where label <> 0;
        create virtual table if not exists words using fts5 (
          terms, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0 tokenchars '_-.:'");
        create table if not exists attacks (
          id integer primary key autoincrement, key blob not null, namespace text not null, policy text not null,
          kind text not null, route text not null, parameter text not null, first_at integer not null,
          last_at integer not null, events integer not null, stopped integer not null, clients blob not null,
          worst integer not null, rules text not null, sample blob not null, label integer not null default 0);
        create index if not exists attacks_key on attacks (key, last_at);
        create index if not exists attacks_last on attacks (last_at desc, id desc);
        create table if not exists traffic (
          bucket integer not null, namespace text not null, policy text not null, verdict integer not null,
          would integer not null, reason text not null, whole integer not null, events integer not null,
          primary key (bucket, namespace, policy, verdict, would, reason, whole)) without rowid;
        create table if not exists labels (
          event_id blob not null, label integer not null, said_by text not null, at integer not null,
          reason text not null, namespace text not null default '');
        create index if not exists labels_event on labels (event_id, at);
        create table if not exists documents (
          kind text not null, name text not null, json text not null, primary key (kind, name)) without rowid;
        create table if not exists audit (
          number integer primary key, at integer not null, done_by text not null, action text not null,
          subject text not null, detail text not null, previous blob not null, hash blob not null);
        """;

    /// <summary>What <see cref="Text"/> makes, as the file says of itself.</summary>
    public const int Version = 1;

    /// <summary>
    /// From tables in which an id was unique among all namespaces (version 0) to those of version 1. SQLite changes no
    /// constraint of a table: it is copied, with the numbers that sinks and words know it by.
    /// </summary>
    public const string FromVersion0 =
        """
        create table events_new (
          seq integer primary key autoincrement, id blob not null, at integer not null,
          namespace text not null, policy text not null, revision text not null, pod text, client text not null,
          method text not null, host text, path text not null, route text not null, verdict integer not null,
          would integer not null, reason text not null, status integer not null, kind text not null,
          parameter text not null, threat integer not null, score real, anomaly integer not null,
          whole integer not null, uninspected integer not null, micros integer not null, attack integer,
          label integer not null default 0, data blob not null, unique (id, namespace));
        insert into events_new select * from events;
        delete from sqlite_sequence where name = 'events_new';
        insert into sqlite_sequence (name, seq) select 'events_new', seq from sqlite_sequence where name = 'events';
        alter table labels add column namespace text not null default '';
        update labels set namespace = coalesce((select e.namespace from events e where e.id = labels.event_id), '');
        drop table events;
        alter table events_new rename to events;
        """;

    public static readonly string[] EventColumns =
    [
        "id", "at", "namespace", "policy", "revision", "pod", "client", "method", "host", "path", "route", "verdict",
        "would", "reason", "status", "kind", "parameter", "threat", "score", "anomaly", "whole", "uninspected",
            "micros",
        "attack", "data",
    ];

    /// <summary>A statement that is compiled once and run for each row.</summary>
    public static DbCommand Insert(
        DbConnection connection, DbTransaction transaction, string[] columns, string table, bool returnsNumber)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        var names = columns.Select((_, i) => $"@v{i}").ToList();
#pragma warning disable CA2100 // Columns and table are ours.
        command.CommandText = $"insert into {table} ({string.Join(", ", columns)}) values ({string.Join(", ", names)})"
            + (returnsNumber ? " returning seq" : "");
#pragma warning restore CA2100
        foreach (var name in names)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public static void Fill(DbCommand insert, PreparedEvent prepared, long? attack)
    {
        var e = prepared.Event;
        object?[] values =
        [
            prepared.Id, prepared.At, e.Namespace, e.Policy, e.Revision, e.Pod, e.Client, e.Method, e.Host, e.Path,
            prepared.Route, (int)e.Verdict, (int)e.WouldHave, e.Reason, e.StatusCode, prepared.Kind, prepared.Parameter,
            (int)prepared.Threat, e.Score, e.AnomalyScore, prepared.IsWhole ? 1 : 0, prepared.Uninspected,
            e.InspectionMicroseconds, attack, prepared.Json,
        ];
        for (var i = 0; i < values.Length; i++) insert.Parameters[i].Value = values[i] ?? DBNull.Value;
    }
}
