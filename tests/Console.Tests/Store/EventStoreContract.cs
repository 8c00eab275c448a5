using System.Text.Json;
using WafOperator.Console.Store;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Store;

/// <summary>What every store does: one suite, run over each of them.</summary>
public abstract partial class EventStoreContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = TestEvents.Now;
    private static readonly AccessScope Shop = AccessScope.Of(["shop"]);

    protected IEventStore Store { get; private set; } = null!;

    /// <summary>A store that is empty and not yet initialized.</summary>
    protected abstract Task<IEventStore> NewStoreAsync();

    public async Task InitializeAsync()
    {
        Store = await NewStoreAsync();
        await Store.InitializeAsync(CancellationToken.None);
    }

    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task AnEvent_ComesBackAsItWas()
    {
        var sent = TestEvents.Attack();
        Assert.Equal(new AddResult(1, 0), await Store.AddAsync(sent));

        var found = (await Store.FindAsync(sent.Namespace, sent.Id, CancellationToken.None))!;

        Assert.Equal(Json(sent), Json(found.Event));
        Assert.Equal(sent.Id, found.Row.Id);
        Assert.Equal(("sqli", "ARGS:q", ThreatLevel.Critical),
            (found.Row.Kind, found.Row.Parameter, found.Row.ThreatLevel));
        Assert.Equal(0.97, found.Row.Score);
        Assert.NotNull(found.Row.Attack);
        Assert.Null(await Store.FindAsync("shop", TestEvents.NewId(Now), CancellationToken.None));
    }

    [Fact]
    public async Task AnEvent_IsKeptOnce_HoweverOftenItComes()
    {
        var (one, two, three) = (TestEvents.Attack(), TestEvents.Attack(), TestEvents.Attack());
        await Store.AddAsync(one, two);

        Assert.Equal(new AddResult(1, 2), await Store.AddAsync(two, three, three));

        Assert.Equal(3, (await ListAsync()).Items.Count);
        Assert.Equal(3, (await AttacksAsync()).Items.Single().Events);
        Assert.Equal(3, (await Traffic()).Sum(row => row.Count));
    }

    [Fact]
    public async Task ABatchThatCannotBeWritten_LeavesNothingBehind()
    {
        var bad = TestEvents.Prepared(TestEvents.Attack()) with { Json = null! };

        await Assert.ThrowsAnyAsync<Exception>(() => Store.AddAsync(
            [TestEvents.Prepared(TestEvents.Attack()), bad], CancellationToken.None));

        Assert.Empty((await ListAsync()).Items);
        Assert.Empty((await AttacksAsync()).Items);
        Assert.Empty(await Traffic());
        Assert.Equal(new AddResult(1, 0), await Store.AddAsync(TestEvents.Attack()));
    }

    [Fact]
    public async Task Pages_FollowEachOther_NewestFirst_WithoutGapOrRepeat()
    {
        // Twenty at the same millisecond: the order of arrival decides among them.
        var sent = Enumerable.Range(0, 60).Select(i => TestEvents.Attack(Now.AddSeconds(-(i / 20)))).ToArray();
        await Store.AddAsync(sent);

        var seen = new List<EventRow>();
        string? next = null;
        do
        {
            var page = await ListAsync(new EventQuery { Scope = Shop, Limit = 7, After = PageCursor.Parse(next) });
            Assert.True(page.Items.Count <= 7);
            seen.AddRange(page.Items);
            next = page.Next;
        }
        while (next is not null);

        Assert.Equal(
            sent.Select((e, i) => (e, i)).OrderByDescending(x => x.e.Time).ThenByDescending(x => x.i)
                .Select(x => x.e.Id),
            seen.Select(e => e.Id));
    }

    [Fact]
    public async Task AScope_ShowsItsNamespacesOnly()
    {
        await Store.AddAsync(TestEvents.Attack(ns: "shop"), TestEvents.Attack(ns: "bank"),
            TestEvents.Attack(ns: "shopping"));

        Assert.Equal(["shop"], (await ListAsync()).Items.Select(e => e.Namespace));
        Assert.Equal(3, (await ListAsync(new EventQuery { Scope = AccessScope.All })).Items.Count);
        Assert.Empty((await ListAsync(new EventQuery { Scope = AccessScope.Of([]) })).Items);
        Assert.Equal("shop", (await AttacksAsync()).Items.Single().Key.Namespace);
        Assert.All(await Traffic(), row => Assert.Equal("shop", row.Namespace));
        Assert.Equal(["bank", "shop", "shopping"], await Store.NamespacesAsync("", 10, CancellationToken.None));
        Assert.Equal(["shop"], await Store.NamespacesAsync("bank", 1, CancellationToken.None));
        Assert.Empty(await Store.NamespacesAsync("shopping", 10, CancellationToken.None));
    }

    public static TheoryData<string> Filters => [.. FilterCases().Keys];

    [Theory, MemberData(nameof(Filters))]
    public async Task AFilter_FindsWhatItNames_AndNothingElse(string name)
    {
        var wanted = TestEvents.Attack(Now.AddMinutes(-10));
        var other = TestEvents.Passed(Now.AddHours(-5), path: "/files") with { Client = "203.0.113.9", Policy = "back",
            Method = "PUT" };
        await Store.AddAsync(wanted, other);
        await Store.LabelAsync(
            new LabelEntry("shop", wanted.Id, EventLabel.Attack, "ann", Now, null), CancellationToken.None);

        var page = await ListAsync(FilterCases()[name]);

        Assert.Equal(wanted.Id, Assert.Single(page.Items).Id);
    }

    private static Dictionary<string, EventQuery> FilterCases()
    {
        var all = new EventQuery { Scope = AccessScope.All };
        return new Dictionary<string, EventQuery>
        {
            ["from"] = all with { From = Now.AddHours(-1) },
            ["from and to"] = all with { From = Now.AddHours(-1), To = Now },
            ["policy"] = all with { Policy = "front" },
            ["client"] = all with { Client = "198.51.100.7" },
            ["method"] = all with { Method = "GET" },
            ["verdict"] = all with { Verdict = VerdictKind.Block },
            ["attack"] = all with { IsAttack = true },
            ["whole"] = all with { IsWhole = true },
            ["reason"] = all with { Reason = "Rules" },
            ["kind"] = all with { Kind = "sqli" },
            ["rule"] = all with { Rule = 942100 },
            ["threat"] = all with { AtLeast = ThreatLevel.High },
            ["label"] = all with { Label = EventLabel.Attack },
            ["a word of the path"] = all with { Words = ["search"] },
            ["words of a message"] = all with { Words = ["libinjection", "blocked"] },
            ["the client as a word"] = all with { Words = ["198.51.100.7"] },
            ["the kind as a word"] = all with { Words = ["sqli"] },
            ["a variable as a word"] = all with { Words = ["args:q"] },
        };
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("sear")]
    [InlineData("\"")]
    [InlineData("* OR search")]
    [InlineData("search') or ('1'='1")]
    [InlineData("-search")]
    public async Task AWordThatIsNotThere_FindsNothing(string word)
    {
        await Store.AddAsync(TestEvents.Attack());

        Assert.Empty((await ListAsync(new EventQuery { Scope = AccessScope.All, Words = [word] })).Items);
    }

    [Fact]
    public async Task AHostileText_IsKeptAndFoundAsText()
    {
        var sent = TestEvents.Attack(path: "/a'; drop table events; --\u0000\ud83d\ude00/%s") with { Client =
            "x' or 1=1" };
        await Store.AddAsync(sent);

        var page = await ListAsync(new EventQuery { Scope = AccessScope.All, Client = "x' or 1=1" });

        Assert.Equal("/a'; drop table events; --\uFFFD\ud83d\ude00/%s", Assert.Single(page.Items).Path);
    }

    [Fact]
    public async Task AttacksWithinAnHour_AreOne_WithCounts()
    {
        var events = Enumerable.Range(0, 2_000).Select(i => TestEvents.Attack(
            Now.AddSeconds(-i), client: $"198.51.{i % 300 / 256}.{i % 300 % 256}", path: $"/orders/{i}")).ToArray();
        foreach (var some in events.Chunk(700)) await Store.AddAsync(some);

        var group = Assert.Single((await AttacksAsync()).Items);

        Assert.Equal(new AttackKey("shop", "front", "sqli", "/orders/{n}", "ARGS:q"), group.Key);
        Assert.Equal((2_000L, 2_000L), (group.Events, group.Stopped));
        Assert.InRange(group.Clients, 285, 315);
        Assert.Equal((Now.AddSeconds(-1_999), Now), (group.First, group.Last));
        Assert.Equal(events[0].Id, group.Sample);
        Assert.Equal(2_000, group.Rules["942100"]);
        Assert.Equal(group.Id, (await ListAsync(new EventQuery { Scope = Shop, Attack = group.Id, Limit = 1 })).Items[
            0].Attack);
        Assert.Equal(group.Key, (await Store.FindAttackAsync(group.Id, CancellationToken.None))!.Key);
    }

    [Fact]
    public async Task AnAttackAfterAnHourOfSilence_IsAnother()
    {
        await Store.AddAsync(TestEvents.Attack(Now.AddMinutes(-130)), TestEvents.Attack(Now.AddMinutes(-61)));
        await Store.AddAsync(TestEvents.Attack(Now), TestEvents.Attack(Now.AddMinutes(-59)));
        await Store.AddAsync(TestEvents.Attack(Now, variable: "ARGS:other"), TestEvents.Passed());

        // -130 alone; -61, -59 and 0 together, however they arrived; the other parameter alone.
        Assert.Equal(
            [("ARGS:other", 1L), ("ARGS:q", 1), ("ARGS:q", 3)],
            (await AttacksAsync()).Items.Select(a => (a.Key.Parameter, a.Events)).Order());
    }

    [Fact]
    public async Task AttacksOfANamespace_AreBounded_AndTheRestIsCountedTogether()
    {
        var many = AttackGroup.OpenPerNamespaceMax + 200;
        var events = Enumerable.Range(0, many)
            .Select(i => TestEvents.Attack(Now, path: $"/page-{(char)('a' + i % 26)}-{i}")).ToArray();
        foreach (var some in events.Chunk(400)) await Store.AddAsync(some);
        await Store.AddAsync(TestEvents.Attack(Now, ns: "bank", path: "/page-new"));

        var rest = (await AttacksAsync()).Items.Single(a => a.Key.Route == AttackKey.Rest);

        Assert.Equal((200L, AttackKey.Rest), (rest.Events, rest.Key.Parameter));
        Assert.Equal("/page-new", Assert.Single((await Store.ListAttacksAsync(
            new AttackQuery { Scope = AccessScope.Of(["bank"]) }, CancellationToken.None)).Items).Key.Route);
    }

    [Fact]
    public async Task PagesOfAttacks_FollowEachOther()
    {
        await Store.AddAsync(
            [.. Enumerable.Range(0, 25)
            .Select(i => TestEvents.Attack(Now.AddSeconds(-i), variable: $"ARGS:{(char)('a' + i)}"))]);

        var seen = new List<string>();
        string? next = null;
        do
        {
            var page = await Store.ListAttacksAsync(
                new AttackQuery { Scope = Shop, Limit = 4, After = PageCursor.Parse(next) },
                    CancellationToken.None);
            seen.AddRange(page.Items.Select(a => a.Key.Parameter));
            next = page.Next;
        }
        while (next is not null);

        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"ARGS:{(char)('a' + i)}"), seen);
    }

    [Fact]
    public async Task ALabel_IsData_AndCanBeTakenBack()
    {
        var sent = TestEvents.Attack();
        await Store.AddAsync(sent);
        await Store.LabelAsync(new LabelEntry("shop", sent.Id, EventLabel.Benign, "ann", Now, "a book title"),
            CancellationToken.None);
        await Store.LabelAsync(new LabelEntry("shop", sent.Id, EventLabel.None, "ben", Now.AddSeconds(1), null),
            CancellationToken.None);

        var labelled = await Store.FindAsync("shop", sent.Id, CancellationToken.None);
        Assert.Equal(EventLabel.None, labelled!.Row.Label);
        Assert.Equal(
            [(EventLabel.Benign, "ann", "a book title"), (EventLabel.None, "ben", null)],
            (await Store.LabelsAsync("shop", sent.Id, CancellationToken.None)).Select(l => (l.Label, l.By, l.Reason)));
        Assert.False(await Store.LabelAsync(
            new LabelEntry("shop", TestEvents.NewId(Now), EventLabel.Attack, "ann", Now, null),
            CancellationToken.None));
    }

    [Fact]
    public async Task WhoReadsOn_GetsEachEventOnce_InItsOrder_AlsoWithSeveralWriters()
    {
        var sent = Enumerable.Range(0, 400).Select(_ => TestEvents.Attack()).ToArray();
        using var done = new CancellationTokenSource();
        var seen = new List<string>();
        var reading = Task.Run(async () =>
        {
            long at = 0;
            while (true)
            {
                var ended = done.IsCancellationRequested;
                var some = await Store.ReadOnAsync(at, 50, onlyAttacks: false, CancellationToken.None);
                seen.AddRange(some.Select(e => e.Event.Id));
                if (some.Count > 0) at = some[^1].Row.Sequence;
                else if (ended) return;
            }
        });
        await Task.WhenAll(sent.Chunk(20).Select(some => Task.Run(() => Store.AddAsync(some))));
        await done.CancelAsync();
        await reading;

        Assert.Equal(400, seen.Distinct().Count());
        Assert.Equal(400, seen.Count);
        Assert.True(await Store.LastSequenceAsync(CancellationToken.None) >= 400);
    }

    [Fact]
    public async Task ReadingOn_CanLeaveOutWhatWasAllowed()
    {
        var (attack, passed) = (TestEvents.Attack(), TestEvents.Passed());
        await Store.AddAsync(passed, attack);

        Assert.Equal([attack.Id], (await Store.ReadOnAsync(0, 10, onlyAttacks: true, CancellationToken.None))
            .Select(e => e.Event.Id));
    }

    [Fact]
    public async Task OldDays_Go_AndYoungOnesStay()
    {
        var old = new[] { TestEvents.Attack(Now.AddDays(-29)), TestEvents.Attack(Now.AddDays(-28)) };
        var young = TestEvents.Attack(Now.AddDays(-1));
        await Store.AddAsync([.. old, young]);
        await Store.LabelAsync(
            new LabelEntry("shop", old[0].Id, EventLabel.Attack, "ann", Now, null), CancellationToken.None);

        Assert.Equal(0, await Store.ExpireAsync(Now.AddDays(-29), CancellationToken.None));
        Assert.NotEqual(0, await Store.ExpireAsync(Now.AddDays(-7), CancellationToken.None));

        Assert.Equal([young.Id], (await ListAsync()).Items.Select(e => e.Id));
        Assert.Single((await AttacksAsync()).Items);
        Assert.Empty(await Store.LabelsAsync("shop", old[0].Id, CancellationToken.None));
        Assert.Empty((await ListAsync(new EventQuery { Scope = Shop, Words = ["search"], To =
            Now.AddDays(-7) })).Items);
        Assert.Equal(new AddResult(1, 0), await Store.AddAsync(TestEvents.Attack(Now.AddDays(-1))));
    }

    [Fact]
    public async Task Documents_AreKeptByKindAndName()
    {
        await Store.PutDocumentAsync("alert-rule", "a", "{\"x\":1}", CancellationToken.None);
        await Store.PutDocumentAsync("alert-rule", "a", "{\"x\":2}", CancellationToken.None);
        await Store.PutDocumentAsync("alert-rule", "b", "{}", CancellationToken.None);
        await Store.PutDocumentAsync("cursor", "a", "7", CancellationToken.None);
        await Store.PutDocumentAsync("alert-rule", "b", null, CancellationToken.None);

        Assert.Equal("{\"x\":2}", await Store.GetDocumentAsync("alert-rule", "a", CancellationToken.None));
        Assert.Equal(["a"], (await Store.ListDocumentsAsync("alert-rule", CancellationToken.None)).Keys);
        Assert.Null(await Store.GetDocumentAsync("alert-rule", "b", CancellationToken.None));
    }

    [Fact]
    public async Task TheAuditTrail_IsAChain_AlsoWithSeveralWriters()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Store.AppendAuditAsync(
            new AuditNote(Now.AddTicks(i), "ann", "label", $"event {i}", "Attack"), CancellationToken.None))));

        AuditEntry? last = null;
        foreach (var entry in await Store.ReadAuditAsync(0, 100, CancellationToken.None))
        {
            Assert.True(entry.Follows(last));
            last = entry;
        }

        Assert.Equal(20, last!.Number);
        Assert.Equal([20L, 19], (await Store.LastAuditAsync(2, CancellationToken.None)).Select(e => e.Number));
        Assert.Equal(last.Hash, (await Store.ReadAuditAsync(19, 100, CancellationToken.None)).Single().Hash);
    }

    [Fact]
    public async Task InitializingAgain_KeepsEverything()
    {
        await Store.AddAsync(TestEvents.Attack());
        await Task.WhenAll(Store.InitializeAsync(CancellationToken.None),
            Store.InitializeAsync(CancellationToken.None));

        Assert.Single((await ListAsync()).Items);
        Assert.True((await Store.StateAsync(CancellationToken.None)).Bytes > 0);
    }

    private static string Json(SecurityEvent e) => JsonSerializer.Serialize(e, ProtocolJson.Default.SecurityEvent);

    private Task<Page<EventRow>> ListAsync(EventQuery? query = null) =>
        Store.ListAsync(query ?? new EventQuery { Scope = Shop }, CancellationToken.None);

    private Task<Page<AttackGroup>> AttacksAsync() =>
        Store.ListAttacksAsync(new AttackQuery { Scope = Shop, Limit = 500 }, CancellationToken.None);

    private Task<IReadOnlyList<TrafficRow>> Traffic() =>
        Store.TrafficAsync(Shop, Now.AddDays(-30), Now.AddDays(1), CancellationToken.None);
}
