using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Console.Alerts;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Sqlite;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Alerts;

public sealed class AlertStateTests
{
    private static readonly DateTimeOffset Now = TestEvents.Now;

    [Fact]
    public void AMillionIdenticalBlocks_AreOneAlert_AndOneUpdateAMinute()
    {
        var state = new AlertState(new AlertRule { Name = "storm", Metric = AlertMetric.Blocked, Threshold = 10,
            WindowSeconds = 60 });
        var told = new List<Alert>();
        for (var second = 0; second < 100; second++)
        {
            var e = Stored(TestEvents.Attack(Now.AddSeconds(second)));
            for (var i = 0; i < 10_000; i++) Observe(state, e);
            if (second % 5 == 0) told.AddRange(state.Evaluate(Now.AddSeconds(second)));
        }

        Assert.Equal(2, told.Count);
        Assert.Single(told.Select(a => a.Key).Distinct());
        Assert.InRange(told[1].Events, 600_000, 620_000);
        var over = Assert.Single(state.Evaluate(Now.AddSeconds(300)));
        Assert.True(over.IsOver);
        Assert.InRange(over.Events, 999_000, 1_000_000);
        Assert.Empty(state.Evaluate(Now.AddSeconds(305)));
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    public void AThreshold_IsMetFromItsValueOn(int events, bool isTold)
    {
        var state = new AlertState(new AlertRule { Name = "r", Threshold = 10 });
        for (var i = 0; i < events; i++) Observe(state, Stored(TestEvents.Attack(Now.AddSeconds(-i))));
        Assert.Equal(isTold ? 1 : 0, state.Evaluate(Now).Count);
    }

    [Fact]
    public void WhatIsOlderThanTheWindow_DoesNotCount()
    {
        var state = new AlertState(new AlertRule { Name = "r", Threshold = 10, WindowSeconds = 60 });
        for (var i = 0; i < 100; i++) Observe(state, Stored(TestEvents.Attack(Now.AddSeconds(-70))));
        for (var i = 0; i < 9; i++) Observe(state, Stored(TestEvents.Attack(Now)));
        Assert.Empty(state.Evaluate(Now));
    }

    [Fact]
    public void Groups_AreCountedApart_AndBounded()
    {
        var state = new AlertState(new AlertRule { Name = "r", Threshold = 2, GroupBy = [AlertGroup.Client] });
        for (var i = 0; i < AlertState.GroupsMax + 100;
        i++) Observe(state, Stored(TestEvents.Attack(Now, client: $"c{i}")));
        var told = Assert.Single(state.Evaluate(Now));
        Assert.Equal("other", told.Labels["client"]);
        Observe(state, Stored(TestEvents.Attack(Now, client: "c1")));
        Assert.Contains("c1", state.Evaluate(Now).Select(a => a.Labels["client"]));
    }

    /// <summary>Names that a sidecar makes up take no room from other namespaces.</summary>
    [Fact]
    public void ANamespaceWithManyGroups_LeavesThoseOfOthers()
    {
        var state = new AlertState(new AlertRule { Name = "r", Threshold = 1 });
        for (var i = 0; i < AlertState.GroupsMax + 10; i++)
            Observe(state, Stored(TestEvents.Attack(Now) with { Namespace = "mallory", Policy = $"p{i}" }));
        Observe(state, Stored(TestEvents.Attack(Now) with { Namespace = "shop", Policy = "mine" }));

        var told = state.Evaluate(Now);

        Assert.Contains(told, a => a.Labels["namespace"] == "shop" && a.Labels["policy"] == "mine");
        Assert.Contains(told, a => a.Labels["namespace"] == "mallory" && a.Labels["policy"] == "other");
        Assert.Equal(AlertState.GroupsOfNamespaceMax + 2, told.Count);
        // When the storm is over there is room again.
        state.Evaluate(Now.AddHours(1));
        state.Evaluate(Now.AddHours(1));
        Observe(state, Stored(TestEvents.Attack(Now.AddHours(1)) with { Namespace = "mallory", Policy = "p9999" }));
        Assert.Contains(state.Evaluate(Now.AddHours(1)), a => a.Labels["policy"] == "p9999");
    }

    /// <summary>A sidecar whose clock is ahead does not push out what is counted.</summary>
    [Fact]
    public void AnEventFromTheFuture_CountsNow()
    {
        var state = new AlertState(new AlertRule { Name = "r", Threshold = 20, GroupBy = [AlertGroup.Kind] });
        for (var i = 0; i < 20; i++) state.Observe(Stored(TestEvents.Attack(Now)), Now);
        state.Observe(Stored(TestEvents.Attack(Now.AddMinutes(5))), Now);
        Assert.Equal(21, Assert.Single(state.Evaluate(Now)).Value);
    }

    [Theory]
    [InlineData(AlertMetric.BlockRate, 10, 30, 0.25)]
    [InlineData(AlertMetric.Uninspected, 10, 30, 30)]
    [InlineData(AlertMetric.Events, 10, 30, 40)]
    [InlineData(AlertMetric.Attacks, 10, 30, 10)]
    public void AMetric_IsWhatItSays(AlertMetric metric, int attacks, int passed, double value)
    {
        var state = new AlertState(new AlertRule { Name = "r", Metric = metric, Threshold = 0.01 });
        for (var i = 0; i < attacks; i++) Observe(state, Stored(TestEvents.Attack(Now)));
        for (var i = 0; i < passed; i++) Observe(state, Stored(TestEvents.Passed(Now)));
        Assert.Equal(value, Assert.Single(state.Evaluate(Now)).Value);
    }

    [Fact]
    public void ModelsThatDoNotAnswer_AreARate()
    {
        var state = new AlertState(new AlertRule { Name = "r", Metric = AlertMetric.ModelErrorRate, Threshold = 0.01 });
        for (var i = 0; i < 100; i++)
        {
            var e = TestEvents.Attack(Now);
            Observe(state, Stored(i < 2 ? e with { Models = [e.Models[0] with { Outcome = "TimedOut" }] } : e));
        }

        Assert.Equal(0.02, Assert.Single(state.Evaluate(Now)).Value);
    }

    [Fact]
    public void ARate_OfAFewRequests_SaysNothing()
    {
        var state = new AlertState(new AlertRule { Name = "r", Metric = AlertMetric.BlockRate, Threshold = 0.5 });
        for (var i = 0; i < 19; i++) Observe(state, Stored(TestEvents.Attack(Now)));
        Assert.Empty(state.Evaluate(Now));
    }

    private static void Observe(AlertState state, StoredEvent e) => state.Observe(e, e.Event.Time);

    internal static StoredEvent Stored(SecurityEvent e)
    {
        var prepared = TestEvents.Prepared(e with { Time = TestEvents.Now }) with { Event = e };
        return new StoredEvent(
            new EventRow
            {
                Id = e.Id, Time = e.Time, Namespace = e.Namespace, Policy = e.Policy, Client = e.Client, Method =
                    e.Method,
                Path = e.Path, Verdict = e.Verdict, WouldHave = e.WouldHave, Reason = e.Reason, Kind = prepared.Kind,
                ThreatLevel = prepared.Threat, IsWhole = prepared.IsWhole,
            },
            e);
    }
}

/// <summary>From the store to receivers on sockets.</summary>
public sealed class AlertWorkerTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-alerts").FullName;
    private readonly List<(string Path, string? Signature, string Body)> _calls = [];
    private SqliteEventStore _store = null!;
    private WebApplication _server = null!;
    private int _status = 200;
    private string? _refuses;

    public async Task InitializeAsync()
    {
        _store = new SqliteEventStore(Path.Combine(_folder, "events.db"));
        await _store.InitializeAsync(default);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            _calls.Add((context.Request.Path, context.Request.Headers[AlertBodies.SignatureHeader],
                await reader.ReadToEndAsync()));
            var isRefused = _refuses is { } text && _calls[^1].Body.Contains(text, StringComparison.Ordinal);
            context.Response.StatusCode = isRefused ? 400 : _status;
        });
        await _server.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "key"), "a key");
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _store.DisposeAsync();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AnAttack_IsToldToEveryReceiver_SignedWhereThereIsAKey()
    {
        await AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow));
        await Worker().WorkAsync(default);

        var webhook = _calls.Single(c => c.Path == "/hook");
        var seconds = webhook.Signature!.Split(',')[0][2..];
        Assert.Equal(
            "v1=" + Convert.ToHexStringLower(
                HMACSHA256.HashData("a key"u8, Encoding.UTF8.GetBytes($"{seconds}.{webhook.Body}"))),
            webhook.Signature.Split(',')[1]);
        var cloudEvent = JsonNode.Parse(webhook.Body)![0]!;
        Assert.Equal(("1.0", "dev.wafoperator.alert.firing"),
            ((string)cloudEvent["specversion"]!, (string)cloudEvent["type"]!));
        Assert.StartsWith("https://waf.example/events/", (string)cloudEvent["data"]!["url"]!, StringComparison.Ordinal);
        var alertmanager = JsonNode.Parse(_calls.Single(c => c.Path == "/api/v2/alerts").Body)![0]!;
        Assert.Equal(("any attack", "shop"),
            ((string)alertmanager["labels"]!["alertname"]!, (string)alertmanager["labels"]!["namespace"]!));
        Assert.True(DateTimeOffset.Parse((string)alertmanager["endsAt"]!) > DateTimeOffset.UtcNow);
    }

    [Theory]
    [InlineData("""{"rules":[{"name":"a"},{"name":"a"}]}""")]
    [InlineData("""{"rules":[{"name":null}]}""")]
    [InlineData("""{"rules":[{"name":"a","receivers":null}]}""")]
    [InlineData("""{"rules":[{"name":"a","receivers":["nobody"]}]}""")]
    [InlineData("""{"rules":[{"name":"a","threshold":0}]}""")]
    [InlineData("""{"rules":null}""")]
    public void AFileThatAlertingWouldFailOn_IsRefused(string json)
    {
        var file = Path.Combine(_folder, "outlets.json");
        File.WriteAllText(file, json);
        Assert.Throws<FormatException>(() => OutletOptions.Read(file));
    }

    /// <summary>A rule of another version, or one that was restored, ends nothing.</summary>
    [Fact]
    public async Task ARuleThatCannotBeRead_LeavesTheOthers()
    {
        await _store.PutDocumentAsync(AlertRules.Kind, "new", "{\"name\":\"x\",\"unheardOf\":1}", default);
        await _store.PutDocumentAsync(AlertRules.Kind, "null", "null", default);
        await _store.PutDocumentAsync(AlertRules.Kind, "odd", "{\"name\":null}", default);
        await AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow));
        await Worker().WorkAsync(default);

        Assert.Equal(2, _calls.Count);
    }

    /// <summary>One alert that a receiver does not take is found, and left out; the others get through.</summary>
    [Fact]
    public async Task AnAlertThatIsRefused_HoldsUpNoOther()
    {
        _refuses = "poison";
        var worker = Worker();
        await AddAsync([.. new[] { "a", "poison", "b", "c" }.Select(
            policy => TestEvents.Attack(DateTimeOffset.UtcNow) with { Policy = policy })]);
        for (var i = 0; i < 12; i++) await worker.WorkAsync(default);

        var taken = string.Concat(_calls.Where(c => c.Path == "/hook" && !c.Body.Contains("poison",
            StringComparison.Ordinal)).Select(c => c.Body));
        foreach (var policy in new[] { "a", "b", "c" })
            Assert.Contains($"\"policy\":\"{policy}\"", taken, StringComparison.Ordinal);
        _calls.Clear();
        await worker.WorkAsync(default);
        Assert.DoesNotContain(_calls, c => c.Path == "/hook");
    }

    [Fact]
    public async Task AReceiverThatWasAway_IsToldLater()
    {
        var worker = Worker();
        _status = 503;
        await AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow));
        await worker.WorkAsync(default);
        _status = 200;
        _calls.Clear();
        await worker.WorkAsync(default);

        Assert.Equal(2, _calls.Count);
        _calls.Clear();
        await worker.WorkAsync(default);
        Assert.Empty(_calls);
    }

    [Fact]
    public async Task ARuleOfTheStore_Counts_AndAnotherReplicaGoesOnWithTheLastWindow()
    {
        await _store.PutDocumentAsync(AlertRules.Kind, "id", JsonSerializer.Serialize(
            new AlertRule { Name = "stored", Threshold = 3, Receivers = ["hook"] }, OutletOptions.Json), default);
        await AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow), TestEvents.Attack(DateTimeOffset.UtcNow),
            TestEvents.Attack(DateTimeOffset.UtcNow));
        await Worker().WorkAsync(default);

        Assert.Contains("stored", _calls.Single(c => c.Path == "/hook").Body, StringComparison.Ordinal);
        Assert.DoesNotContain("stored", _calls.Single(c => c.Path == "/api/v2/alerts").Body, StringComparison.Ordinal);
    }

    private Task<AddResult> AddAsync(params SecurityEvent[] events) => _store.AddAsync(
        [.. events.Select(e => Console.Intake.EventPreparation.Prepare(e, DateTimeOffset.UtcNow, TestEvents.KeepFor,
            out _)!)], default);

    private AlertWorker Worker() => new(
        new OutletOptions
        {
            Rules = [new AlertRule { Name = "any attack", Description = "d" }],
            Receivers =
            [
                new ReceiverOptions { Name = "hook", Url = new Uri(_server.Urls.First() + "/hook"), SecretFile =
                    Path.Combine(_folder, "key") },
                new ReceiverOptions { Name = "am", Kind = ReceiverKind.Alertmanager, Url =
                    new Uri(_server.Urls.First() + "/") },
            ],
        },
        _store, new AlertSender("replica", "https://waf.example"), TimeProvider.System,
        NullLogger<AlertWorker>.Instance);
}
