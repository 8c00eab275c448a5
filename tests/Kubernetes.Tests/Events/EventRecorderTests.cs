using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Events;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;

namespace WafOperator.Kubernetes.Tests.Events;

[Collection(ApiServerCollection.Name)]
public sealed class EventRecorderTests(TestApiServer server)
{
    [Fact]
    public async Task Record_SameEventAgain_RaisesTheCountOfOneObject()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await using var run = new Running(client);
        var subject = new EventSubject("wafoperator.dev/v1alpha1", "WafPolicy", new(ns, "shop"), "uid-1");
        for (var i = 0; i < 5; i++) run.Recorder.Warning(subject, "PolicyRejected", "rule 7 is not valid");
        run.Recorder.Normal(subject, "PolicyAccepted", new string('é', 2000));
        await Eventually.TrueAsync(async () => (await EventsAsync(client, ns)).Count == 2, "two events are stored");
        var events = await EventsAsync(client, ns);
        var rejected = events.Single(e => e.Text("reason") == "PolicyRejected");
        Assert.Equal(5, rejected.Json.Number("count"));
        Assert.Equal("Warning", rejected.Text("type"));
        Assert.Equal("WafPolicy", rejected.Text("involvedObject", "kind"));
        Assert.Equal("tests", rejected.Text("source", "component"));
        var cut = events.Single(e => e.Text("reason") == "PolicyAccepted").Text("message")!;
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(cut), 1000, 1024);

        // An event that the server forgot is written anew.
        await client.DeleteAsync(BuiltIn.Events, rejected.Key, new DeleteOptions(), default);
        run.Recorder.Warning(subject, "PolicyRejected", "rule 7 is not valid");
        await Eventually.TrueAsync(async () => (await EventsAsync(client, ns)).Count == 2, "the event is back");
    }

    [Fact]
    public async Task Record_ServerRefuses_GoesOnWithTheNext()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        await using var run = new Running(client);
        run.Recorder.Normal(new EventSubject("v1", "Pod", new("no-such-namespace", "x"), "u"), "Lost", "never stored");
        run.Recorder.Normal(new EventSubject("v1", "Pod", new(ns, "x"), "u2"), "Kept", "stored");
        await Eventually.TrueAsync(async () =>
            (await EventsAsync(client, ns)).Count == 1, "the second event is stored");
    }

    [Fact]
    public void Correlate_ManyMessagesOfOneReason_AreCombined()
    {
        var time = new FakeTimeProvider();
        var correlator = new EventCorrelator(time);
        var subject = new EventSubject("v1", "Pod", new("shop", "web"), "u");
        var messages = new List<string>();
        for (var i = 0; i < 15; i++)
        {
            var write = correlator.Correlate(new EventNote(subject, EventType.Normal, "Blocked", $"request {i}"))!;
            correlator.Stored(write, $"name-{i}");
            messages.Add($"{write.Note.Message}/{write.Count}");
        }

        Assert.Equal("request 9/1", messages[9]);
        Assert.Equal("(combined from similar events)/1", messages[10]);
        Assert.Equal("(combined from similar events)/5", messages[14]);
        time.Advance(TimeSpan.FromMinutes(11));
        var later = correlator.Correlate(new EventNote(subject, EventType.Normal, "Blocked", "request 99"))!;
        Assert.Equal("request 99", later.Note.Message);
    }

    [Fact]
    public void Correlate_TalkativeObject_IsMutedAloneAndRecovers()
    {
        var time = new FakeTimeProvider();
        var correlator = new EventCorrelator(time);
        var loud = new EventNote(new("v1", "Pod", new("shop", "loud"), "1"), EventType.Normal, "R", "m");
        var quiet = loud with { Subject = new("v1", "Pod", new("shop", "quiet"), "2") };
        Assert.Equal(25, Enumerable.Range(0, 100).Count(_ => correlator.Correlate(loud) is not null));
        Assert.NotNull(correlator.Correlate(quiet));
        time.Advance(TimeSpan.FromMinutes(5.1));
        Assert.NotNull(correlator.Correlate(loud));
        Assert.Null(correlator.Correlate(loud));
    }

    private static async Task<IReadOnlyList<KubernetesObject>> EventsAsync(KubernetesClient client, string ns) =>
        (await client.ListAsync(BuiltIn.Events, ListOptions.In(ns), default)).Items;

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _work;

        public Running(KubernetesClient client)
        {
            Recorder = new EventRecorder(client, "tests", TestApiServer.Services);
            _work = Recorder.RunAsync(_stop.Token);
        }

        public EventRecorder Recorder { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _work;
            _stop.Dispose();
        }
    }
}
