using System.Data.Common;
using System.Diagnostics;
using WafOperator.Console.Store;

namespace WafOperator.Console.Tests.Store;

/// <summary>Costly questions, and what is asked of many events at once.</summary>
public abstract partial class EventStoreContract
{
    /// <summary>A statement that ends by itself after minutes only.</summary>
    protected abstract string EndlessSql { get; }

    [Fact]
    public async Task AQuestion_EndsWithItsCaller_AndTheStoreAnswersOthers()
    {
        await Store.AddAsync(TestEvents.Attack());
        var store = (SqlEventStore)Store;
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 3; i++)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() => store.ReadAsync(
                async connection =>
                {
                    await using var command = connection.CreateCommand();
                    command.CommandText = EndlessSql;
                    return await command.ExecuteScalarAsync(patience.Token);
                },
                patience.Token)));
            Assert.Single((await ListAsync()).Items);
        }

        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "the database went on by itself");
    }

    [Fact]
    public async Task AListOfWholeEvents_IsTheListWithTheEvents()
    {
        var sent = Enumerable.Range(0, 5).Select(i => TestEvents.Attack(Now.AddSeconds(i), path: $"/{i}")).ToArray();
        await Store.AddAsync(sent);
        var query = new EventQuery { Scope = Shop, Limit = 2 };

        var first = await Store.ListWholeAsync(query, CancellationToken.None);
        var second = await Store.ListWholeAsync(
            query with { After = PageCursor.Parse(first.Next) }, CancellationToken.None);

        Assert.Equal(["/4", "/3", "/2", "/1"], first.Items.Concat(second.Items).Select(e => e.Event.Path));
        Assert.Equal((await ListAsync(query)).Items, first.Items.Select(e => e.Row));
    }

    [Fact]
    public async Task WhatWasSaidLast_Holds_HoweverLateAnEarlierWordComes()
    {
        var (one, two) = (TestEvents.Attack(), TestEvents.Attack(ns: "bank"));
        await Store.AddAsync(one, two);
        Assert.True(await LabelAsync("shop", one.Id, EventLabel.Benign, Now.AddHours(2)));
        Assert.True(await LabelAsync("shop", one.Id, EventLabel.Attack, Now.AddHours(1)));
        Assert.True(await LabelAsync("bank", two.Id, EventLabel.Attack, Now));
        Assert.True(await LabelAsync("bank", two.Id, EventLabel.None, Now.AddHours(1)));
        Assert.False(await LabelAsync("bank", one.Id, EventLabel.Attack, Now));

        var rows = (await ListAsync(new EventQuery { Scope = AccessScope.All })).Items;
        Assert.Equal(
            [("bank", EventLabel.None), ("shop", EventLabel.Benign)],
            rows.Select(row => (row.Namespace, row.Label)).OrderBy(row => row.Namespace, StringComparer.Ordinal));
        Assert.Equal(
            [EventLabel.Attack, EventLabel.Attack, EventLabel.None, EventLabel.Benign],
            (await Store.LabelsAsync(rows, CancellationToken.None)).OrderBy(label => label.At)
                .ThenBy(label => label.Namespace, StringComparer.Ordinal).Select(label => label.Label)
                .OrderBy(label => label is EventLabel.Benign).ThenBy(label => label is EventLabel.None));

        Task<bool> LabelAsync(string ns, string id, EventLabel label, DateTimeOffset at) => Store.LabelAsync(
            new LabelEntry(ns, id, label, "ann", at, null), CancellationToken.None);
    }

    [Fact]
    public async Task ARule_IsFoundWhereItMatched_AndNotWhereItsNumberIsWritten()
    {
        var matched = TestEvents.Attack(path: "/a");
        var written = TestEvents.Passed(path: "/942100/:942100/rule:942100");
        await Store.AddAsync(matched, written);

        var found = await ListAsync(new EventQuery { Scope = Shop, Rule = 942100 });

        Assert.Equal("/a", Assert.Single(found.Items).Path);
    }
}
