using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Postgres;
using WafOperator.Console.Store.Sqlite;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using Xunit.Abstractions;

namespace WafOperator.Console.Tests.Store;

/// <summary>
/// Intake from compressed lines to the store, and the queries of pages, with as many events as
/// <c>WAF_MEASURE_EVENTS</c> says
/// (2,000 otherwise: then it only shows that nothing is lost). Prints figures; asserts none.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class StoreMeasurement(PostgresServer server, ITestOutputHelper output)
{
    private const int BatchEvents = 2_000;
    private static readonly int Events = int.Parse(
        Environment.GetEnvironmentVariable("WAF_MEASURE_EVENTS") ?? "2000", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("postgresql")]
    [InlineData("sqlite")]
    public async Task Intake_LosesNothing(string kind)
    {
        var folder = Directory.CreateTempSubdirectory("waf-measure").FullName;
        await using IEventStore store = kind == "sqlite"
            ? new SqliteEventStore(Path.Combine(folder, "events.db"))
                : new PostgresEventStore(await server.NewDatabaseAsync());
        await store.InitializeAsync(default);
        var intake = new EventIntake(store, TestEvents.KeepFor, TimeProvider.System);
        var (watch, cpu) = (new Stopwatch(), TimeSpan.Zero);
        for (var sent = 0; sent < Events; sent += BatchEvents)
        {
            using var batch = Batch(sent, Math.Min(BatchEvents, Events - sent));
            var before = Environment.CpuUsage.TotalTime;
            watch.Start();
            var result = await intake.AddCompressedAsync(batch, default);
            watch.Stop();
            cpu += Environment.CpuUsage.TotalTime - before;
            Assert.Equal(Math.Min(BatchEvents, Events - sent), result.Added);
        }

        var bytes = (await store.StateAsync(default)).Bytes / (double)Events;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{kind}: {Events} events in {watch.Elapsed.TotalSeconds:0.0} s "
            + $"({Events / watch.Elapsed.TotalSeconds:0} a second), "
            + $"own processor time {cpu.TotalMicroseconds / Events:0} us an event, "
            + $"{bytes:0} bytes an event, "
            + $"managed heap {GC.GetTotalMemory(true) >> 20} MiB"));
        foreach (var (name, query) in Queries()) output.WriteLine(await TimeAsync(name, () => query(store)));
        Directory.Delete(folder, recursive: true);
    }

    private static IEnumerable<(string, Func<IEventStore, Task>)> Queries()
    {
        var now = DateTimeOffset.UtcNow;
        var shop = AccessScope.Of(["ns-3"]);
        var page = new EventQuery { Scope = AccessScope.All };
        yield return ("events, newest", s => s.ListAsync(page, default));
        yield return ("events of a namespace", s => s.ListAsync(page with { Scope = shop }, default));
        yield return ("events by a rare word", s => s.ListAsync(page with { Words = ["needle"] }, default));
        yield return ("events by frequent words", s => s.ListAsync(page with { Words = ["sqli", "blocked"] }, default));
        yield return ("events of a client", s => s.ListAsync(page with { Client = "198.51.7.9" }, default));
        yield return ("events by a rule, a day", s => s.ListAsync(page with { Rule = 942100, From = now.AddDays(-1) },
            default));
        yield return ("attacks", s => s.ListAttacksAsync(new AttackQuery { Scope = AccessScope.All }, default));
        yield return ("traffic of 30 days", s => s.TrafficAsync(AccessScope.All, now.AddDays(-30), now, default));
    }

    private static async Task<string> TimeAsync(string name, Func<Task> query)
    {
        var times = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await query();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        times.Sort();
        return string.Create(CultureInfo.InvariantCulture,
            $"  {name}: median {times[10]:0.0} ms, p95 {times[18]:0.0} ms");
    }

    /// <summary>Over ten days, ten namespaces, a thousand routes, half of them attacks; deterministic but for the
    /// ids.</summary>
    private static MemoryStream Batch(int first, int count)
    {
        var compressed = new MemoryStream();
        var now = DateTimeOffset.UtcNow;
        using (var lines = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var i = first; i < first + count; i++)
            {
                var at = now.AddDays(-10 + 9.9 * i / Math.Max(1, Events));
                var path = i % 100_000 == 7 ? "/needle"
                    : $"/area-{(char)('a' + i % 26)}/page-{(char)('a' + i % 7)}/{i}";
                var e = (i % 2 == 0 ? TestEvents.Attack(at, $"ns-{i % 10}", path: path,
                    variable: $"ARGS:{(char)('a' + i % 11)}") : TestEvents.Passed(at, $"ns-{i % 10}", path))
                    with { Client = $"198.51.{i % 97}.{i % 251}" };
                JsonSerializer.Serialize(lines, e, ProtocolJson.Default.SecurityEvent);
                lines.WriteByte((byte)'\n');
            }
        }

        compressed.Position = 0;
        return compressed;
    }
}
