using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Console.Sinks;
using WafOperator.Console.Store;
using WafOperator.Console.Store.Sqlite;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Sinks;

/// <summary>Sinks against servers on sockets that fail as such servers do.</summary>
public sealed partial class SinkTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-sinks").FullName;
    private readonly List<(string Path, string? Authorization, string Body)> _calls = [];
    private readonly Queue<(int Status, string Body)> _answers = new();
    private readonly List<string> _taken = [];
    private string? _refuses;
    private SqliteEventStore _store = null!;
    private WebApplication _server = null!;

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
            _calls.Add((context.Request.Path, context.Request.Headers.Authorization, await reader.ReadToEndAsync()));
            var (status, body) = _answers.TryDequeue(out var answer) ? answer
                : (200, "{\"errors\":false,\"items\":[]}");
            if (_refuses is { } text && _calls[^1].Body.Contains(text, StringComparison.Ordinal)) status = 400;
            if (status == 200) _taken.Add(_calls[^1].Body);
            context.Response.StatusCode = status;
            if (status == 429) context.Response.Headers.RetryAfter = "7";
            await context.Response.WriteAsync(body);
        });
        await _server.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _store.DisposeAsync();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task EveryEvent_IsSent_InItsOrder_AfterAnyFailure_WithTheSameId()
    {
        var sent = Enumerable.Range(0, 25).Select(_ => TestEvents.Attack()).ToArray();
        await _store.AddAsync(sent);
        var sink = Worker(Options(SinkKind.Http) with { BatchMax = 10 });
        using var session = new SinkSession(new HttpClient());
        foreach (var failure in new[] { 503, 429, 500, 401 }) _answers.Enqueue((failure, ""));
        for (var i = 0; i < 4; i++)
        {
            var refused = await Assert.ThrowsAsync<SinkException>(() => sink.SendSomeAsync(session, default));
            if (i == 1) Assert.Equal(TimeSpan.FromSeconds(7), refused.RetryAfter);
        }

        // Another process goes on where this one was.
        while (await Worker(Options(SinkKind.Http) with { BatchMax = 10 }).SendSomeAsync(session, default)) { }

        var ids = _calls.Skip(4).SelectMany(call => call.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => (string)JsonNode.Parse(line)!["metadata"]!["uid"]!).ToList();
        Assert.Equal(sent.Select(e => e.Id), ids);
        Assert.All(_calls.Take(4), call => Assert.Equal(_calls[4].Body, call.Body));
        Assert.False(await sink.SendSomeAsync(session, default));
        Assert.Equal(7, _calls.Count);
    }

    [Fact]
    public async Task ASinkThatIsFarBehind_LeavesOutWhatWasAllowed_AndNoAttack()
    {
        var attacks = Enumerable.Range(0, 5).Select(_ => TestEvents.Attack()).ToArray();
        await _store.AddAsync([.. attacks, .. Enumerable.Range(0, 40).Select(_ => TestEvents.Passed())]);
        var sink = Worker(Options(SinkKind.Http) with { OnlyAttacks = false, LagMax = 30, BatchMax = 100 });
        using var session = new SinkSession(new HttpClient());
        await sink.SendSomeAsync(session, default);

        Assert.Equal(5, Assert.Single(_calls).Body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Splunk_GetsEventsInItsEnvelope_WithItsToken()
    {
        await _store.AddAsync(TestEvents.Attack());
        await File.WriteAllTextAsync(Path.Combine(_folder, "token"), "abc\n");
        using var session = new SinkSession(new HttpClient());
        await Worker(Options(SinkKind.SplunkHec) with { Index = "waf", TokenFile = Path.Combine(_folder, "token") })
            .SendSomeAsync(session, default);

        var call = Assert.Single(_calls);
        var envelope = JsonNode.Parse(call.Body)!;
        Assert.Equal("Splunk abc", call.Authorization);
        Assert.Equal(("waf", "waf:ocsf", 4002), ((string)envelope["index"]!, (string)envelope["sourcetype"]!,
            (int)envelope["event"]!["class_uid"]!));
        Assert.Equal(TestEvents.Now.ToUnixTimeSeconds(), (long)(double)envelope["time"]!);
    }

    [Fact]
    public async Task Elasticsearch_GetsOneDocumentForEachId_AndARefusedDocumentIsSentAgain()
    {
        var e = TestEvents.Attack();
        await _store.AddAsync(e);
        _answers.Enqueue((200, """{"errors":true,"items":[{"create":{"status":429}}]}"""));
        _answers.Enqueue((200, """{"errors":true,"items":[{"create":{"status":409}}]}"""));
        using var session = new SinkSession(new HttpClient());
        var sink = Worker(Options(SinkKind.Elasticsearch));

        await Assert.ThrowsAsync<SinkException>(() => sink.SendSomeAsync(session, default));
        await sink.SendSomeAsync(session, default);
        await sink.SendSomeAsync(session, default);

        Assert.Equal(2, _calls.Count);
        Assert.EndsWith("/_bulk", _calls[0].Path, StringComparison.Ordinal);
        var lines = _calls[1].Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("shop:" + e.Id, (string)JsonNode.Parse(lines[0])!["create"]!["_id"]!);
        Assert.Equal("alert", (string)JsonNode.Parse(lines[1])!["event"]!["kind"]!);
    }

    [Fact]
    public async Task ADocumentThatIsRefusedForGood_IsSetAside_AndTheOthersGo()
    {
        var sent = Enumerable.Range(0, 3).Select(_ => TestEvents.Attack()).ToArray();
        await _store.AddAsync(sent);
        static string Item(int status) => "{\"create\":{\"status\":" + status + "}}";
        var refusal = $"{{\"errors\":true,\"items\":[{Item(201)},{Item(400)},{Item(201)}]}}";
        for (var i = 0; i < SinkWorker.TriesMax; i++) _answers.Enqueue((200, refusal));
        using var session = new SinkSession(new HttpClient());
        var sink = Worker(Options(SinkKind.Elasticsearch));
        for (var i = 1; i < SinkWorker.TriesMax; i++)
            await Assert.ThrowsAsync<SinkException>(() => sink.SendSomeAsync(session, default));

        await sink.SendSomeAsync(session, default);

        Assert.Equal(
            $"shop {sent[1].Id} the server took not all documents: 400",
            await _store.GetDocumentAsync(SetAside.Kind, "s", default));
        var calls = _calls.Count;
        await sink.SendSomeAsync(session, default);
        Assert.Equal(calls, _calls.Count);
    }

    [Fact]
    public async Task AnEventThatIsRefusedForGood_IsFoundAmongOthers_AndSetAside()
    {
        var sent = Enumerable.Range(0, 40).Select(_ => TestEvents.Attack()).ToArray();
        sent[17] = sent[17] with { Path = "/poison" };
        await _store.AddAsync(sent);
        _refuses = "/poison";
        using var session = new SinkSession(new HttpClient());
        var sink = Worker(Options(SinkKind.Http));
        for (var i = 0; i < 100 && await _store.GetDocumentAsync("cursor", "s", default) != "40"; i++)
        {
            try
            {
                await sink.SendSomeAsync(session, default);
            }
            catch (SinkException)
            {
                // A try of the one.
            }
        }

        Assert.Equal(
            sent.Where(e => e.Path != "/poison").Select(e => e.Id),
            _taken.SelectMany(body => body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                .Select(line => (string)JsonNode.Parse(line)!["metadata"]!["uid"]!));
        Assert.StartsWith(
            $"shop {sent[17].Id} ", await _store.GetDocumentAsync(SetAside.Kind, "s", default),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task ARefusalThatIsNotAboutTheEvent_SetsNothingAside(int status)
    {
        await _store.AddAsync(TestEvents.Attack());
        using var session = new SinkSession(new HttpClient());
        var sink = Worker(Options(SinkKind.Http));
        for (var i = 0; i < 2 * SinkWorker.TriesMax; i++)
        {
            _answers.Enqueue((status, ""));
            await Assert.ThrowsAsync<SinkException>(() => sink.SendSomeAsync(session, default));
        }

        Assert.Null(await _store.GetDocumentAsync(SetAside.Kind, "s", default));
        await sink.SendSomeAsync(session, default);
        Assert.Contains("metadata", _calls[^1].Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"errors\":1}")]
    [InlineData("{\"errors\":true}")]
    [InlineData("{\"errors\":true,\"items\":{}}")]
    [InlineData("{\"errors\":true,\"items\":[{}]}")]
    [InlineData("{\"errors\":true,\"items\":[{\"create\":{\"status\":\"x\"}}]}")]
    public void AnAnswerThatIsNone_IsAProblem_AndNoException(string answer)
    {
        var problem = BulkAnswer.Problem(Encoding.UTF8.GetBytes(answer), 1);
        Assert.False(Assert.IsType<SinkException>(problem).IsForGood);
    }

    [Fact]
    public async Task ASink_GoesOn_WhateverItsServerAnswers()
    {
        await _store.AddAsync(TestEvents.Attack());
        _answers.Enqueue((200, "<html>"));
        _answers.Enqueue((200, "{\"errors\":true}"));
        using var stop = new CancellationTokenSource();
        var running = Worker(Options(SinkKind.Elasticsearch)).RunAsync(stop.Token);
        var until = DateTimeOffset.UtcNow.AddMinutes(1);
        while (await _store.GetDocumentAsync("cursor", "s", default) != "1")
        {
            Assert.False(running.IsCompleted, "the worker ended");
            Assert.True(DateTimeOffset.UtcNow < until, "it did not come about in time");
            await Task.Delay(50);
        }

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Syslog_GetsFramesWithTheirLength()
    {
        var e = TestEvents.Attack(path: "/ü/\"]\\");
        await _store.AddAsync(e);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var receiving = Task.Run(async () =>
        {
            using var peer = await listener.AcceptTcpClientAsync();
            using var bytes = new MemoryStream();
            await peer.GetStream().CopyToAsync(bytes);
            return bytes.ToArray();
        });
        using var session = new SinkSession(new HttpClient());
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await Worker(Options(SinkKind.Syslog) with { Url = new Uri($"tcp://127.0.0.1:{port}"), Format =
            EventFormat.Rfc5424 })
            .SendSomeAsync(session, default);

        var frame = await receiving;
        var blank = Array.IndexOf(frame, (byte)' ');
        Assert.Equal(frame.Length - blank - 1, int.Parse(Encoding.ASCII.GetString(frame, 0, blank)));
        Assert.Contains("path=\"/ü/\\\"\\]\\\\\"", Encoding.UTF8.GetString(frame), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneReplicaSends()
    {
        var now = TestEvents.Now;
        var time = TimeSpan.FromSeconds(30);
        Assert.True(await _store.TryLeaseAsync("sink", "a", now, time, default));
        Assert.True(await _store.TryLeaseAsync("sink", "a", now.AddSeconds(20), time, default));
        Assert.False(await _store.TryLeaseAsync("sink", "b", now.AddSeconds(49), time, default));
        Assert.True(await _store.TryLeaseAsync("other", "b", now, time, default));
        Assert.True(await _store.TryLeaseAsync("sink", "b", now.AddSeconds(51), time, default));
        Assert.False(await _store.TryLeaseAsync("sink", "a", now.AddSeconds(52), time, default));
    }

    private SinkOptions Options(SinkKind kind) =>
        new() { Name = "s", Kind = kind, Url = new Uri(_server.Urls.First() + "/in/") };

    private SinkWorker Worker(SinkOptions options) =>
        new(options, _store, "replica", TimeProvider.System, NullLogger<SinkWorker>.Instance);
}

/// <summary>Events in the words of others.</summary>
public sealed class EventFormatTests
{
    [Theory]
    [InlineData(VerdictKind.Block, VerdictKind.Block, "Rules", 2, 2)]
    [InlineData(VerdictKind.Block, VerdictKind.Block, "Protocol", 2, 25)]
    [InlineData(VerdictKind.Limited, VerdictKind.Limited, "RateLimit", 2, 25)]
    [InlineData(VerdictKind.Unavailable, VerdictKind.Unavailable, "Unavailable", 2, 27)]
    [InlineData(VerdictKind.Allow, VerdictKind.Block, "Rules", 3, 15)]
    [InlineData(VerdictKind.Allow, VerdictKind.Allow, "None", 1, 1)]
    public void Ocsf_SaysWhatWasDone(VerdictKind verdict, VerdictKind would, string reason, int action, int disposition)
    {
        var json = JsonNode.Parse(
            EventFormats.Of(EventFormat.Ocsf,
            Stored(TestEvents.Attack() with { Verdict = verdict, WouldHave = would, Reason = reason })))!;
        Assert.Equal((action, disposition), ((int)json["action_id"]!, (int)json["disposition_id"]!));
        Assert.Equal((4002, 4, 400203), ((int)json["class_uid"]!, (int)json["category_uid"]!, (int)json["type_uid"]!));
    }

    [Theory]
    [InlineData("GET", 3)]
    [InlineData("POST", 6)]
    [InlineData("PATCH", 99)]
    [InlineData("made up", 99)]
    public void Ocsf_NamesTheMethod(string method, int activity) => Assert.Equal(
        activity, (int)JsonNode.Parse(
            EventFormats.Of(EventFormat.Ocsf, Stored(TestEvents.Attack() with { Method = method })))!["activity_id"]!);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a=b", "a\\=b")]
    [InlineData("a\\b", "a\\\\b")]
    [InlineData("line\nbreak", "line\\nbreak")]
    [InlineData("pipe|", "pipe|")]
    public void Cef_EscapesValues(string path, string expected) => Assert.Contains(
        $" request=/{expected} ", EventFormats.Of(EventFormat.Cef, Stored(TestEvents.Attack(path: "/" + path))),
            StringComparison.Ordinal);

    [Fact]
    public void Cef_EscapesTheHeader_AndStaysOneLine()
    {
        var line = EventFormats.Of(EventFormat.Cef, Stored(TestEvents.Attack() with
        {
            Rules = [new RuleMatch { Id = 7, Message = "a|b\\c\nd", Variable = "ARGS:q" }], Message = "x\r\ny",
        }));
        Assert.StartsWith("CEF:0|wafoperator|waf|1|7|a\\|b\\\\c d|10|", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    [Theory]
    [InlineData("x\"] forged=\"1")]
    [InlineData("x\n<34>1 2026-01-01T00:00:00Z host waf - - - forged")]
    public void Syslog_CannotBeForgedByAValue(string path)
    {
        var line = EventFormats.Of(EventFormat.Rfc5424,
            Stored(TestEvents.Attack(path: "/" + path) with { Host = "a b\nc" }));
        Assert.DoesNotContain('\n', line);
        Assert.Matches("^<82>1 2026-11-30T12:00:00\\.000Z front-7d9f waf front-7d9f blocked "
            + "\\[waf@32473 (?:[a-z]+=\"(?:[^\"\\\\\\]]|\\\\[\"\\\\\\]])*\" ?)+\\] anomaly score 15$", line);
    }

    [Fact]
    public void EveryFormat_GivesTheSameTextAgain_AndHoldsTheId()
    {
        foreach (var e in new[] { TestEvents.Attack(), TestEvents.Passed(),
            TestEvents.Attack() with { Rules = [], Models = [], Host = null, Pod = null, Coverage = null } })
        {
            var stored = Stored(e);
            foreach (var format in Enum.GetValues<EventFormat>())
            {
                var text = EventFormats.Of(format, stored);
                Assert.Equal(text, EventFormats.Of(format, stored));
                Assert.Contains(e.Id, text, StringComparison.Ordinal);
                if (format is EventFormat.Ocsf or EventFormat.Ecs) JsonDocument.Parse(text).Dispose();
            }
        }
    }

    private static StoredEvent Stored(SecurityEvent e)
    {
        var prepared = TestEvents.Prepared(e);
        return new StoredEvent(
            new EventRow
            {
                Id = e.Id, Time = e.Time, Namespace = e.Namespace, Policy = e.Policy, Client = e.Client, Method =
                    e.Method,
                Host = e.Host, Path = prepared.Event.Path, Verdict = e.Verdict, WouldHave = e.WouldHave, Reason =
                    prepared.Event.Reason,
                StatusCode = e.StatusCode, Kind = prepared.Kind, Parameter = prepared.Parameter, ThreatLevel =
                    prepared.Threat,
                Score = e.Score, AnomalyScore = e.AnomalyScore, IsWhole = prepared.IsWhole,
            },
            prepared.Event);
    }
}
