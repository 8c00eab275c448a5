namespace WafOperator.Console.Store.Postgres;

/// <summary>
/// Tables of the PostgreSQL store. Events are partitioned by day: a day goes by dropping its table, which costs
/// nothing,
/// where deleting would leave dead rows behind.
/// </summary>
internal static class PostgresSchema
{
    /// <summary>Key of the advisory lock that writers hold.</summary>
    public const long WriterLock = 0x5741465F434F4E53;

    public const string Text =
        """
        create sequence if not exists event_seq;
        create table if not exists events (
          seq bigint not null default nextval('event_seq'), id bytea not null, at bigint not null,
          namespace text not null, policy text not null, revision text not null, pod text, client text not null,
          method text not null, host text, path text not null, route text not null, verdict smallint not null,
          would smallint not null, reason text not null, status integer not null, kind text not null,
          parameter text not null, threat smallint not null, score double precision, anomaly integer not null,
          whole smallint not null, uninspected bigint not null, micros bigint not null, attack bigint,
          label smallint not null default 0, terms text[] not null, data bytea not null,
          primary key (at, namespace, id)) partition by range (at);
        create index if not exists events_brin on events using brin (at);
        create index if not exists events_id on events (id);
        create index if not exists events_seq on events (seq);
        create index if not exists events_of on events (namespace, at desc, seq desc);
        create index if not exists events_client on events (client, at desc);
        create index if not exists events_path on events (path, method);
        create index if not exists events_threat on events (at desc) where threat >= 3;
        create index if not exists events_attack on events (attack, at desc) where attack is not null;
        create index if not exists events_label on events (label, at desc) where label <> 0;
        create index if not exists events_terms on events using gin (terms);
        create table if not exists attacks (
          id bigint generated always as identity primary key, key bytea not null, namespace text not null,
          policy text not null, kind text not null, route text not null, parameter text not null,
          first_at bigint not null, last_at bigint not null, events bigint not null, stopped bigint not null,
          clients bytea not null, worst smallint not null, rules text not null, sample bytea not null,
          label smallint not null default 0) with (fillfactor = 70);
        create index if not exists attacks_key on attacks (key, last_at);
        create index if not exists attacks_last on attacks (last_at desc, id desc);
        create table if not exists traffic (
          bucket bigint not null, namespace text not null, policy text not null, verdict smallint not null,
          would smallint not null, reason text not null, whole smallint not null, events bigint not null,
          primary key (bucket, namespace, policy, verdict, would, reason, whole)) with (fillfactor = 70);
        create table if not exists labels (
          event_id bytea not null, label smallint not null, said_by text not null, at bigint not null,
          reason text not null, namespace text not null default '');
        create index if not exists labels_event on labels (event_id, at);
        create table if not exists documents (
          kind text not null, name text not null, json text not null, primary key (kind, name));
        create table if not exists audit (
          number bigint primary key, at bigint not null, done_by text not null, action text not null,
          subject text not null, detail text not null, previous bytea not null, hash bytea not null);

        -- From tables in which an id was unique among all namespaces.
        do $$ begin
          if exists (select 1 from pg_constraint where conrelid = 'events'::regclass and contype = 'p'
              and array_length(conkey, 1) = 2) then
            alter table events drop constraint events_pkey;
            alter table events add primary key (at, namespace, id);
            drop index if exists events_namespace;
            alter table labels add column if not exists namespace text not null default '';
            update labels l set namespace = coalesce(
              (select e.namespace from events e where e.id = l.event_id order by e.seq limit 1), '');
          end if;
        end $$;
        """;

    public const string Copy =
        "copy events (id, at, namespace, policy, revision, pod, client, method, host, path, route, "
        + "verdict, would, reason, status, kind, parameter, threat, score, anomaly, whole, uninspected, micros, "
        + "attack, "
        + "terms, data) from stdin (format binary)";
}
