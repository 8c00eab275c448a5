using WafOperator.Console.Store;

namespace WafOperator.Console.Tests.Store;

/// <summary>What one namespace's events do to another's: nothing.</summary>
public abstract partial class EventStoreContract
{
    [Fact]
    public async Task AnId_IsOnesOwn_InItsNamespaceOnly()
    {
        var real = TestEvents.Attack(ns: "shop", path: "/real");
        var forged = TestEvents.Attack(ns: "bank", path: "/forged") with { Id = real.Id };
        // First and together: neither keeps the other out.
        Assert.Equal(new AddResult(1, 0), await Store.AddAsync(forged));
        Assert.Equal(new AddResult(1, 1), await Store.AddAsync(real, forged));

        Assert.Equal("/real", (await Store.FindAsync("shop", real.Id, CancellationToken.None))!.Row.Path);
        Assert.Equal("/forged", (await Store.FindAsync("bank", real.Id, CancellationToken.None))!.Row.Path);
        Assert.Equal(["bank", "shop"], await Store.NamespacesOfAsync(real.Id, 10, CancellationToken.None));
        Assert.Null(await Store.FindAsync("other", real.Id, CancellationToken.None));

        await Store.LabelAsync(
            new LabelEntry("bank", real.Id, EventLabel.Benign, "bob", Now, null), CancellationToken.None);
        Assert.Equal(
            EventLabel.None, (await Store.FindAsync("shop", real.Id, CancellationToken.None))!.Row.Label);
        Assert.Empty(await Store.LabelsAsync("shop", real.Id, CancellationToken.None));
        Assert.Single(await Store.LabelsAsync("bank", real.Id, CancellationToken.None));
        Assert.Equal(EventLabel.None, (await AttacksAsync()).Items.Single().Label);

        // Neither is left out where a page ends between them.
        var all = new EventQuery { Scope = AccessScope.All, Limit = 1 };
        var first = await ListAsync(all);
        var second = await ListAsync(all with { After = PageCursor.Parse(first.Next) });
        Assert.Equal(
            ["bank", "shop"], first.Items.Concat(second.Items).Select(e => e.Namespace).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task WhoReadsOnForANamespace_GetsAndCountsItsEventsOnly()
    {
        var mine = new[] { TestEvents.Attack(), TestEvents.Passed(), TestEvents.Attack() };
        await Store.AddAsync(TestEvents.Attack(ns: "bank"), mine[0], mine[1], TestEvents.Attack(ns: "bank"), mine[2]);
        var query = new ReadOnQuery(0, 10) { Namespace = "shop" };

        var read = await Store.ReadOnAsync(query, CancellationToken.None);
        var attacks = await Store.ReadOnAsync(query with { OnlyAttacks = true }, CancellationToken.None);

        Assert.Equal(mine.Select(e => e.Id), read.Select(e => e.Row.Id));
        Assert.Equal([mine[0].Id, mine[2].Id], attacks.Select(e => e.Row.Id));
        Assert.Equal((3, 2, 2, 5), (
            await Store.CountOnAsync(query, CancellationToken.None),
            await Store.CountOnAsync(query with { After = read[0].Row.Sequence }, CancellationToken.None),
            await Store.CountOnAsync(query with { UpTo = read[1].Row.Sequence }, CancellationToken.None),
            await Store.CountOnAsync(query with { Namespace = null }, CancellationToken.None)));
        Assert.Equal(2, await Store.CountOnAsync(query with { Max = 2 }, CancellationToken.None));
    }

    [Fact]
    public async Task TrafficOfANamespace_IsBounded_AndPushesNobodyElseOut()
    {
        var made = Enumerable.Range(0, 1_000).Select(i => TestEvents.Attack(ns: "noisy", policy: $"made-up-{i}"))
            .Append(TestEvents.Attack(ns: "noisy", policy: "made-up-7")).ToArray();
        foreach (var some in made.Chunk(300)) await Store.AddAsync(some);
        await Store.AddAsync(TestEvents.Attack(ns: "shop"));

        var noisy = await Store.TrafficAsync(
            AccessScope.Of(["noisy"]), Now.AddDays(-1), Now.AddDays(1), CancellationToken.None);

        Assert.InRange(noisy.Count, 200, 216);
        Assert.Equal(made.Length, noisy.Sum(row => row.Count));
        Assert.Contains(noisy, row => row.Policy == "*" && row.Count > 700);
        Assert.Equal("front", Assert.Single(await Traffic()).Policy);
    }

    /// <summary>Makes the tables those of the version in which an id was unique among all namespaces.</summary>
    protected abstract Task DowngradeAsync();

    [Fact]
    public async Task TablesOfAnEarlierVersion_AreTakenOver()
    {
        var (labelled, other) = (TestEvents.Attack(), TestEvents.Attack(ns: "bank"));
        await Store.AddAsync(labelled, other);
        await Store.LabelAsync(
            new LabelEntry("shop", labelled.Id, EventLabel.Benign, "ann", Now, "why"), CancellationToken.None);
        var before = await Store.LastSequenceAsync(CancellationToken.None);
        await DowngradeAsync();

        await Store.InitializeAsync(CancellationToken.None);
        await Store.InitializeAsync(CancellationToken.None);

        var found = (await Store.FindAsync("shop", labelled.Id, CancellationToken.None))!;
        Assert.Equal((Json(labelled), EventLabel.Benign), (Json(found.Event), found.Row.Label));
        Assert.Equal(
            "why", Assert.Single(await Store.LabelsAsync("shop", labelled.Id, CancellationToken.None)).Reason);
        Assert.Equal(new AddResult(1, 1), await Store.AddAsync(
            labelled, TestEvents.Attack(ns: "bank") with { Id = labelled.Id }));
        Assert.True(await Store.LastSequenceAsync(CancellationToken.None) > before);
        Assert.Equal(
            3, (await ListAsync(new EventQuery { Scope = AccessScope.All, Words = ["search"] })).Items.Count);
    }
}
