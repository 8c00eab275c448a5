using Microsoft.Data.Sqlite;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Postgres;
using WafOperator.Console.Store.Sqlite;

namespace WafOperator.Console.Tests.Store;

/// <summary>One server for all tests that need one.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "postgres";
}

[Collection(PostgresCollection.Name)]
public sealed class PostgresEventStoreTests(PostgresServer server) : EventStoreContract
{
    private string _database = "";

    protected override async Task<IEventStore> NewStoreAsync() =>
        new PostgresEventStore(_database = await server.NewDatabaseAsync());

    protected override string EndlessSql => "select pg_sleep(600)";

    protected override IEventStore Bounded(long keepBytes) =>
        new PostgresEventStore(_database) { KeepBytes = keepBytes };

    protected override async Task DowngradeAsync()
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(_database);
        await using var command = source.CreateCommand(
            """
            alter table events drop constraint events_pkey;
            alter table events add primary key (at, id);
            alter table labels drop column namespace;
            drop index events_of;
            create index events_namespace on events (namespace, at desc, id desc);
            """);
        await command.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task ADay_IsAPartition_AndGoesAsOne()
    {
        await Store.AddAsync(TestEvents.Attack(TestEvents.Now.AddDays(-3)), TestEvents.Attack());

        Assert.Equal(new DateTimeOffset(2026, 11, 27, 0, 0, 0, TimeSpan.Zero),
            (await Store.StateAsync(default)).Oldest);
        Assert.Equal(1, await Store.ExpireAsync(TestEvents.Now.AddDays(-1), default));
        Assert.Equal(new DateTimeOffset(2026, 11, 30, 0, 0, 0, TimeSpan.Zero),
            (await Store.StateAsync(default)).Oldest);
    }
}

public sealed class SqliteEventStoreTests : EventStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-console").FullName;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override Task<IEventStore> NewStoreAsync() =>
        Task.FromResult<IEventStore>(new SqliteEventStore(Path.Combine(_folder, "events.db")));

    protected override string EndlessSql =>
        "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) from c";

    protected override IEventStore Bounded(long keepBytes) =>
        new SqliteEventStore(Path.Combine(_folder, "events.db")) { KeepBytes = keepBytes };

    /// <summary>Who sends most loses theirs: the others' events stay, also older ones.</summary>
    [Fact]
    public async Task AFloodOfOneNamespace_CostsItsOwnEvents()
    {
        await using var store = Bounded(Room);
        var labelled = TestEvents.Attack(TestEvents.Now.AddDays(-9), "noisy");
        await store.AddAsync([.. Flood("bank", TestEvents.Now.AddDays(-9), 100), labelled]);
        var passed = TestEvents.Passed(TestEvents.Now, "noisy");
        await store.AddAsync(passed);
        await store.LabelAsync(
            new LabelEntry("noisy", labelled.Id, EventLabel.Attack, "ann", TestEvents.Now, null), default);
        for (var i = 0; i < 25; i++)
            await store.AddAsync(Flood("noisy", TestEvents.Now.AddHours(-2).AddSeconds(i), 100));

        Assert.Equal(100, await CountAsync(store, "bank"));
        Assert.InRange(await CountAsync(store, "noisy"), 1, 2_400);
        // What passed goes first, though it is newer; what a person labelled stays, though it is older.
        Assert.Null(await store.FindAsync("noisy", passed.Id, default));
        Assert.NotNull(await store.FindAsync("noisy", labelled.Id, default));
        Assert.Single(await store.LabelsAsync("noisy", labelled.Id, default));
    }

    protected override async Task DowngradeAsync()
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "events.db")}");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            """
            create table old (
              seq integer primary key autoincrement, id blob not null unique, at integer not null,
              namespace text not null, policy text not null, revision text not null, pod text, client text not null,
              method text not null, host text, path text not null, route text not null, verdict integer not null,
              would integer not null, reason text not null, status integer not null, kind text not null,
              parameter text not null, threat integer not null, score real, anomaly integer not null,
              whole integer not null, uninspected integer not null, micros integer not null, attack integer,
              label integer not null default 0, data blob not null);
            insert into old select * from events;
            drop table events;
            alter table old rename to events;
            create index events_at on events (at desc, id desc);
            create index events_namespace on events (namespace, at desc, id desc);
            alter table labels drop column namespace;
            pragma user_version = 0;
            """;
        await command.ExecuteNonQueryAsync();
    }
}
