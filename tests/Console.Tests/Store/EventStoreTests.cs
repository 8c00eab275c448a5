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
    protected override async Task<IEventStore> NewStoreAsync() =>
        new PostgresEventStore(await server.NewDatabaseAsync());

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
}
