using System.IO.Compression;
using System.Text;
using WafOperator.Console.Archive;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Postgres;
using WafOperator.Console.Store.Sqlite;
using WafOperator.Console.Tests.Store;

namespace WafOperator.Console.Tests.Archive;

/// <summary>Backup of one store, restored into another that is empty, or is not; both kinds, real ones.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StoreArchiveTests(PostgresServer server) : IAsyncLifetime
{
    private const string RuleKind = "alert-rule";

    private readonly string _folder = Directory.CreateTempSubdirectory("waf-archive").FullName;
    private readonly List<IEventStore> _stores = [];

    private string File => Path.Combine(_folder, "archive.gz");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var store in _stores) await store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("sqlite", "sqlite")]
    [InlineData("sqlite", "postgresql")]
    [InlineData("postgresql", "sqlite")]
    [InlineData("postgresql", "postgresql")]
    public async Task WhatIsWritten_ComesBackWhole(string from, string to)
    {
        var source = await StoreAsync(from);
        var forged = TestEvents.Attack(ns: "bank");
        var sent = Enumerable.Range(0, 1_200)
            // Oldest first, as they come: attacks are grouped by what is there when an event arrives.
            .Select(i => TestEvents.Attack(TestEvents.Now.AddMinutes(i - 1_200), path: $"/page/{i}"))
            // An id that two namespaces have.
            .Append(forged).Append(TestEvents.Attack(ns: "shop", path: "/same") with { Id = forged.Id }).ToArray();
        foreach (var some in sent.Chunk(500)) await source.AddAsync(some);
        await LabelAsync(source, "bank", forged.Id, EventLabel.Attack);
        await LabelAsync(source, "shop", forged.Id, EventLabel.Benign);
        await source.PutDocumentAsync(RuleKind, "many", "{\"name\":\"many\"}", default);
        for (var i = 0; i < 3; i++)
        {
            await source.AppendAuditAsync(
                new AuditNote(TestEvents.Now.AddSeconds(i), "ann", "label", $"{i}", "x"), default);
        }

        await StoreArchive.WriteAsync(source, File, default);
        var target = await StoreAsync(to);
        var said = await StoreArchive.ReadAsync(target, File, default);

        Assert.Equal($"{sent.Length} events restored, 0 were there already", said);
        Assert.Equal(await TellAsync(source), await TellAsync(target));
        // Once more changes nothing.
        await StoreArchive.ReadAsync(target, File, default);
        Assert.Equal(await TellAsync(source), await TellAsync(target));
    }

    [Fact]
    public async Task WhatIsThere_Stays()
    {
        var source = await StoreAsync("sqlite");
        var (old, young) = (TestEvents.Attack(), TestEvents.Attack());
        await source.AddAsync(old);
        await LabelAsync(source, "shop", old.Id, EventLabel.Attack);
        await source.AppendAuditAsync(new AuditNote(TestEvents.Now, "ann", "label", "a", "x"), default);
        await StoreArchive.WriteAsync(source, File, default);
        var target = await StoreAsync("sqlite");
        await target.AddAsync(young);
        await target.AppendAuditAsync(new AuditNote(TestEvents.Now, "bob", "label", "b", "y"), default);

        var said = await StoreArchive.ReadAsync(target, File, default);

        Assert.Contains("the audit trail of the store was kept", said, StringComparison.Ordinal);
        Assert.NotNull(await target.FindAsync("shop", young.Id, default));
        Assert.Equal(EventLabel.Attack, (await target.FindAsync("shop", old.Id, default))!.Row.Label);
        Assert.Equal("bob", Assert.Single(await target.ReadAuditAsync(0, 10, default)).Note.By);
    }

    [Fact]
    public async Task ARestoreThatWasInterrupted_IsTakenUp_AndLaterWordsHold()
    {
        var source = await StoreAsync("sqlite");
        var (named, taken) = (TestEvents.Attack(), TestEvents.Attack(path: "/other"));
        await source.AddAsync(named, taken);
        await LabelAsync(source, "shop", named.Id, EventLabel.Attack);
        // Said, and taken back: both are part of what was said.
        await LabelAsync(source, "shop", taken.Id, EventLabel.Attack);
        await source.LabelAsync(
            new LabelEntry("shop", taken.Id, EventLabel.None, "ann", TestEvents.Now.AddMinutes(1), "no"), default);
        var notes = Enumerable.Range(0, 5).Select(i => new AuditNote(
            TestEvents.Now.AddSeconds(i), "ann", "label", $"{i}", "x")).ToList();
        foreach (var note in notes) await source.AppendAuditAsync(note, default);
        await StoreArchive.WriteAsync(source, File, default);

        var target = await StoreAsync("sqlite");
        await target.AddAsync(named);
        await target.LabelAsync(
            new LabelEntry("shop", named.Id, EventLabel.Benign, "bob", TestEvents.Now.AddDays(1), "later"), default);
        foreach (var note in notes[..2]) await target.AppendAuditAsync(note, default);
        var said = await StoreArchive.ReadAsync(target, File, default);

        Assert.Equal("1 events restored, 1 were there already", said);
        Assert.Equal(
            (await source.ReadAuditAsync(0, 10, default)).Select(line => Convert.ToHexString(line.Hash)),
            (await target.ReadAuditAsync(0, 10, default)).Select(line => Convert.ToHexString(line.Hash)));
        Assert.Equal(EventLabel.Benign, (await target.FindAsync("shop", named.Id, default))!.Row.Label);
        Assert.Equal(
            [EventLabel.Attack, EventLabel.None],
            (await target.LabelsAsync("shop", taken.Id, default)).Select(label => label.Label));
    }

    [Fact]
    public async Task WhatIsNoEvent_IsLeftOut_Counted()
    {
        var bad = TestEvents.Attack() with { Id = "no id" };
        await using (var file = System.IO.File.Create(File))
        await using (var lines = new StreamWriter(new GZipStream(file, CompressionLevel.Fastest)))
        {
            await lines.WriteLineAsync("{\"format\":\"waf-console-archive/v1\"}");
            await lines.WriteLineAsync(System.Text.Json.JsonSerializer.Serialize(
                new ArchiveLine { Event = bad }, Protocols.ProtocolJson.Default.Options));
        }

        Assert.Equal(
            "0 events restored, 0 were there already, 1 are none and were left out",
            await StoreArchive.ReadAsync(await StoreAsync("sqlite"), File, default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"format\":\"waf-console-archive/v9\"}\n")]
    [InlineData("no json\n")]
    [InlineData("{\"format\":\"waf-console-archive/v1\"}\n{\"event\":")]
    public async Task AFileThatIsNoArchive_IsRefused(string content)
    {
        await using (var file = System.IO.File.Create(File))
        await using (var compressed = new GZipStream(file, CompressionLevel.Fastest))
            await compressed.WriteAsync(Encoding.UTF8.GetBytes(content));
        var target = await StoreAsync("sqlite");

        await Assert.ThrowsAsync<FormatException>(() => StoreArchive.ReadAsync(target, File, default));
    }

    [Fact]
    public async Task AnArchiveThatWasCutOff_IsRefused_AndNoneIsLeftByHalf()
    {
        var source = await StoreAsync("sqlite");
        await source.AddAsync([.. Enumerable.Range(0, 200).Select(_ => TestEvents.Attack())]);
        await StoreArchive.WriteAsync(source, File, default);
        var whole = await System.IO.File.ReadAllBytesAsync(File);
        await System.IO.File.WriteAllBytesAsync(File, whole[..(whole.Length / 2)]);
        var target = await StoreAsync("sqlite");
        await Assert.ThrowsAsync<FormatException>(() => StoreArchive.ReadAsync(target, File, default));

        // A backup that fails leaves the last one as it was.
        await source.DisposeAsync();
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => StoreArchive.WriteAsync(source, File, ended.Token));
        Assert.Equal(whole.Length / 2, new FileInfo(File).Length);
    }

    [Fact]
    public async Task AFolderOfArchives_KeepsTheLastOnes_AndOtherFiles()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "backups")).FullName;
        const string old = "waf-console-20260101-000000.gz";
        foreach (var name in new[] { "notes.txt", old + ".old", old, old + ".new" })
            await System.IO.File.WriteAllTextAsync(Path.Combine(folder, name), "x");
        // What was begun and never became whole.
        System.IO.File.SetLastWriteTimeUtc(Path.Combine(folder, old + ".new"), DateTime.UtcNow.AddDays(-2));
        var database = Path.Combine(_folder, "cli.db");
        await using (var store = new SqliteEventStore(database))
        {
            await store.InitializeAsync(default);
            await store.AddAsync(TestEvents.Attack());
        }

        // Named to the second: the next is another once that is over.
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var until = DateTimeOffset.UtcNow.AddMinutes(1);
        while (seen.Count < 3)
        {
            Assert.True(DateTimeOffset.UtcNow < until);
            var (status, said) = await RunAsync("backup", "--store", $"sqlite:{database}", "--keep", "2", folder);
            Assert.Equal((0, true), (status, said.StartsWith("1 events written", StringComparison.Ordinal)));
            seen.UnionWith(Directory.GetFiles(folder, "waf-console-*.gz").Select(file => Path.GetFileName(file)));
            seen.Remove(old);
        }

        Assert.Equal(
            ["notes.txt", old + ".old", .. seen.Order(StringComparer.Ordinal).TakeLast(2)],
            Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        var (restored, words) = await RunAsync(
            "restore", "--store", $"sqlite:{Path.Combine(_folder, "other.db")}",
            Path.Combine(folder, seen.Order(StringComparer.Ordinal).Last()));
        Assert.Equal((0, "1 events restored, 0 were there already"), (restored, words.Trim()));
        Assert.Equal(1, (await RunAsync("backup", "--store", $"sqlite:{database}", "--keep", "0", folder)).Status);
    }

    private static async Task<(int Status, string Output)> RunAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        return (await ConsoleCommand.InvokeAsync(arguments, output, output), output.ToString());
    }

    private async Task<IEventStore> StoreAsync(string kind)
    {
        IEventStore store = kind == "sqlite"
            ? new SqliteEventStore(Path.Combine(_folder, $"{_stores.Count}.db"))
            : new PostgresEventStore(await server.NewDatabaseAsync());
        _stores.Add(store);
        await store.InitializeAsync(default);
        return store;
    }

    private static Task<bool> LabelAsync(IEventStore store, string ns, string id, EventLabel label) =>
        store.LabelAsync(new LabelEntry(ns, id, label, "ann", TestEvents.Now, $"of {ns}"), default);

    /// <summary>All that a store holds, but for numbers of its own.</summary>
    private static async Task<string> TellAsync(IEventStore store)
    {
        var text = new StringBuilder();
        long at = 0;
        while (await store.ReadOnAsync(at, 500, onlyAttacks: false, default) is { Count: > 0 } some)
        {
            foreach (var e in some)
            {
                var labels = await store.LabelsAsync(e.Row.Namespace, e.Row.Id, default);
                var row = e.Row with { Sequence = 0, Attack = null };
                text.AppendLine($"{row} {e.Event.Message} {labels.Count}");
                text.AppendJoin(' ', labels).AppendLine();
            }

            at = some[^1].Row.Sequence;
        }

        var attacks = await store.ListAttacksAsync(new AttackQuery { Scope = AccessScope.All, Limit = 500 }, default);
        foreach (var a in attacks.Items.OrderBy(a => a.Key.ToString(), StringComparer.Ordinal).ThenBy(a => a.First))
            text.AppendLine($"{a.Key} {a.First} {a.Last} {a.Events} {a.Clients}");
        foreach (var line in await store.ReadAuditAsync(0, 100, default))
            text.AppendLine($"{line.Note} {Convert.ToHexString(line.Hash)}");
        foreach (var (name, json) in await store.ListDocumentsAsync(RuleKind, default)) text.AppendLine(name + json);
        return text.ToString();
    }
}
