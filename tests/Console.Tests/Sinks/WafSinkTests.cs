using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using WafOperator.Console.Access;
using WafOperator.Console.Sinks;
using WafOperator.Console.Store;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Outside;
using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Tests.Sinks;

/// <summary>WafSinks on a real API server, with a real server that takes what is sent.</summary>
[Collection(ApiServerCollection.Name)]
public sealed partial class WafSinkTests(TestApiServer server)
{
    [Fact]
    public async Task ANamespacesSink_GetsItsOwnEventsOnly_AndTheOperatorsAll()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        await world.AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow.AddDays(-1), world.Shop));
        await world.CreateAsync(world.Shop, "siem", world.Spec("/shop"));
        await world.CreateAsync(world.Bank, "siem", world.Spec("/bank"));
        var all = world.Spec("/all");
        all["scope"] = "Cluster";
        await world.CreateAsync(world.Own, "siem", all);
        world.StartConsole("a");
        world.StartConsole("b");
        var now = DateTimeOffset.UtcNow.AddSeconds(2);
        var (shop, bank) = (TestEvents.Attack(now, world.Shop), TestEvents.Attack(now, world.Bank));
        await world.AddAsync(shop, bank);

        await Eventually.TrueAsync(() => world.IdsAt("/all").Count >= 2, "the operator's sink gets both");
        await world.StatusAsync(world.Shop, s => s.Delivered == 1, "the shop's status says it");
        await world.StatusAsync(world.Bank, s => s.Delivered == 1, "the bank's status says it");

        Assert.Equal([shop.Id], world.IdsAt("/shop"));
        Assert.Equal([bank.Id], world.IdsAt("/bank"));
        Assert.Equal([shop.Id, bank.Id], world.IdsAt("/all"));
        Assert.Equal("True", StateOf(await world.StatusAsync(world.Shop), "Ready"));
    }

    [Fact]
    public async Task AChangedSink_SendsToItsNewAddress_AndADeletedOneLeavesNothingBehind()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var sink = await world.CreateAsync(world.Shop, "siem", world.Spec("/first"));
        world.StartConsole();
        await world.AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow.AddSeconds(2), world.Shop));
        await Eventually.TrueAsync(() => world.IdsAt("/first").Count == 1, "the first address gets the event");

        await world.Client.PatchAsync(
            ClusterObjects.Sinks, sink.Metadata.Key,
            Patch.Merge(new JsonObject { ["spec"] = new JsonObject { ["url"] = world.Address + "/second" } }), default);
        await world.StatusAsync(world.Shop, s => s.ObservedGeneration == 2, "the change is seen");
        var next = TestEvents.Attack(DateTimeOffset.UtcNow.AddSeconds(2), world.Shop);
        await world.AddAsync(next);
        await Eventually.TrueAsync(() => world.IdsAt("/second").Count == 1, "the second address gets the next");

        Assert.Equal([next.Id], world.IdsAt("/second"));
        Assert.Single(world.IdsAt("/first"));
        Assert.NotNull(await PlaceAsync(world, sink));
        await world.Client.DeleteAsync(ClusterObjects.Sinks, sink.Metadata.Key, new DeleteOptions(), default);
        await Eventually.TrueAsync(async () => await PlaceAsync(world, sink) is null, "its place goes");
    }

    [Fact]
    public async Task TenMinutesWithoutTheServer_LoseNothing_AndAreSaid()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddSeconds(5));
        using var sink = await world.ObjectAsync(world.Shop, world.Spec(), time);
        world.Answer = 503;
        var sent = new List<string>();
        var until = time.GetUtcNow().AddMinutes(10);
        for (var calls = 0; time.GetUtcNow() < until; calls++)
        {
            Assert.True(calls < 200, "it asks a server that is away without waiting");
            var e = TestEvents.Attack(time.GetUtcNow(), world.Shop);
            await world.AddAsync(e);
            sent.Add(e.Id);
            time.Advance(await sink.PassAsync(default));
        }

        var away = (await world.StatusAsync(world.Shop))!;
        Assert.Equal(("False", "Refused"), (StateOf(away, "Ready"), ReasonOf(away, "Ready")));
        Assert.Equal("the server answered 503", away.LastError);
        Assert.Equal(("True", "False", 0L), (StateOf(away, "Accepted"), StateOf(away, "Stalled"), away.Dropped));
        Assert.InRange(away.Backlog, 1, sent.Count);

        world.Answer = 200;
        time.Advance(await sink.PassAsync(default));
        time.Advance(SinkObject.StatusEvery);
        await sink.PassAsync(default);
        Assert.Equal(sent, world.IdsAt("/in"));
        var back = (await world.StatusAsync(world.Shop))!;
        Assert.Equal(("True", sent.Count, 0L, 0L),
            (StateOf(back, "Ready"), (int)back.Delivered, back.Backlog, back.Dropped));
        Assert.NotNull(back.LastDelivered);
        Assert.Equal("the server answered 503", back.LastError);
    }

    [Fact]
    public async Task AServerThatWantsToBeAskedAtOnce_IsWaitedForAllTheSame()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddSeconds(5));
        using var sink = await world.ObjectAsync(world.Shop, world.Spec(), time);
        (world.Answer, world.RetryAfter) = (503, "0");
        await world.AddAsync(TestEvents.Attack(time.GetUtcNow(), world.Shop));

        Assert.True(await sink.PassAsync(default) >= TimeSpan.FromSeconds(1));
        Assert.True(await sink.PassAsync(default) >= TimeSpan.FromSeconds(2));
        world.RetryAfter = "20";
        Assert.Equal(TimeSpan.FromSeconds(20), await sink.PassAsync(default));
    }

    [Fact]
    public async Task ThePlaceOfASink_IsRemovedOnlyWhereTheApiServerKnowsNone()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var sink = await world.CreateAsync(world.Shop, "siem", world.Spec());
        var name = WafSinkOptions.NamePrefix + sink.Metadata.Uid;
        await world.Store.PutDocumentAsync(SinkFeed.CursorKind, name, "1", default);
        using var objects = world.Objects("stale");

        await objects.ForgetAsync([], default);
        Assert.Contains(name, await world.Store.ListDocumentsAsync(SinkFeed.CursorKind, default));

        await world.Client.DeleteAsync(ClusterObjects.Sinks, sink.Metadata.Key, new DeleteOptions(), default);
        await objects.ForgetAsync([], default);
        Assert.DoesNotContain(name, await world.Store.ListDocumentsAsync(SinkFeed.CursorKind, default));
    }

    [Theory]
    [InlineData("https://es.example/", "https://es.example/_bulk")]
    [InlineData("https://es.example/prefix", "https://es.example/prefix/_bulk")]
    [InlineData("https://es.example/prefix/?pipeline=waf", "https://es.example/prefix/_bulk?pipeline=waf")]
    public void BulkRequests_GoBelowThePathOfTheServer(string url, string bulk) =>
        Assert.Equal(new Uri(bulk), SinkSender.BulkOf(new Uri(url)));

    [Fact]
    public async Task ARotatedSecret_IsUsedWithinItsTime()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow.AddSeconds(5));
        await world.SecretAsync(world.Shop, "login", [("token", "first\n")]);
        var spec = world.Spec();
        spec["credentialsSecret"] = "login";
        using var sink = await world.ObjectAsync(world.Shop, spec, time);
        await AddAsync();
        await sink.PassAsync(default);
        await world.SecretAsync(world.Shop, "login", [("username", "waf"), ("password", "second")]);
        time.Advance(SinkObject.SessionTime);
        await AddAsync();
        await sink.PassAsync(default);

        Assert.Equal(["Bearer first", "Basic d2FmOnNlY29uZA=="], world.Calls.Select(call => call.Authorization));

        Task AddAsync() => world.AddAsync(TestEvents.Attack(time.GetUtcNow(), world.Shop));
    }

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("other.example", true)]
    [InlineData("", true)]
    [InlineData(null, true)]
    public async Task ASecretThatIsNotForIt_IsNotUsed_LikeOneThatIsNotThere(string? host, bool isMarked)
    {
        await using var world = await SinkWorld.CreateAsync(server);
        if (host is not null) await world.SecretAsync(world.Shop, "login", [("token", "t")], host, isMarked);
        var spec = world.Spec();
        spec["credentialsSecret"] = "login";
        using var sink = await world.ObjectAsync(world.Shop, spec, TimeProvider.System);
        await world.AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow.AddSeconds(2), world.Shop));
        await sink.PassAsync(default);

        var status = (await world.StatusAsync(world.Shop))!;
        Assert.Equal(("True", "SecretUnusable"), (StateOf(status, "Stalled"), ReasonOf(status, "Ready")));
        Assert.StartsWith(
            $"Secret {world.Shop}/login cannot be used for 127.0.0.1: it must be there", status.LastError,
            StringComparison.Ordinal);
        Assert.Empty(world.Calls);
    }

    /// <summary>By the rules of an installation that lists nothing of its own.</summary>
    [Theory]
    [InlineData("Http", "http://169.254.169.254/latest/meta-data")]
    [InlineData("Http", "http://10.96.0.1/api")]
    [InlineData("Http", "http://[::1]/")]
    [InlineData("Http", "http://localhost/")]
    [InlineData("Http", "https://siem.example:9443/")]
    [InlineData("Syslog", "tls://127.0.0.1:443")]
    [InlineData("Syslog", "tcp://siem.example:514")]
    public async Task AnAddressInside_IsNotCalled_AndSaidInFixedWords(string protocol, string url)
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var spec = new JsonObject { ["protocol"] = protocol, ["url"] = url };
        using var sink = await world.ObjectAsync(
            world.Shop, spec, TimeProvider.System, OutsideRules.Default);
        await world.AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow.AddSeconds(2), world.Shop));
        await sink.PassAsync(default);

        var status = (await world.StatusAsync(world.Shop))!;
        Assert.Equal(("False", "AddressNotAllowed"), (StateOf(status, "Accepted"), ReasonOf(status, "Ready")));
        Assert.Equal(OutsideWords.Of(OutsideProblem.NotAllowed), status.LastError);
        Assert.Empty(world.Calls);
    }

    [Fact]
    public async Task TheClustersEvents_AreForSinksOfTheOperatorsNamespace()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var spec = world.Spec();
        spec["scope"] = "Cluster";
        using var sink = await world.ObjectAsync(world.Shop, spec, TimeProvider.System);
        await world.AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow.AddSeconds(2), world.Bank));
        await sink.PassAsync(default);

        Assert.Equal("ScopeNotAllowed", ReasonOf((await world.StatusAsync(world.Shop))!, "Ready"));
        Assert.Empty(world.Calls);
    }

    [Fact]
    public async Task OneReplicaSendsAndTellsForASink()
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var made = await world.CreateAsync(world.Shop, "siem", world.Spec());
        using var one = new SinkObject(made, true, world.Parts(TimeProvider.System, "a"));
        using var other = new SinkObject(made, true, world.Parts(TimeProvider.System, "b"));
        await one.PassAsync(default);
        await world.AddAsync(TestEvents.Attack(DateTimeOffset.UtcNow.AddSeconds(2), world.Shop));
        await other.PassAsync(default);

        Assert.Empty(world.Calls);
        await one.PassAsync(default);
        Assert.Single(world.Calls);
    }

    [Theory]
    [InlineData("""{"protocol":"Carrier","url":"https://siem.example/"}""", "spec.protocol")]
    [InlineData("""{"protocol":"Http","url":"ftp://siem.example/"}""", "spec.url")]
    [InlineData("""{"protocol":"Http","url":"https://user@siem.example/"}""", "spec.url")]
    [InlineData("""{"protocol":"Http"}""", "spec.url")]
    [InlineData("""{"protocol":"Http","url":"https://siem.example/","batchSize":0}""", "spec.batchSize")]
    [InlineData("""{"protocol":"Http","url":"https://siem.example/","filter":{"actions":["Shrugged"]}}""",
        "spec.filter.actions")]
    public async Task ASinkThatIsWrong_IsRefusedWithItsField(string spec, string field)
    {
        await using var world = await SinkWorld.CreateAsync(server);
        var refusal = await Assert.ThrowsAsync<KubernetesApiException>(
            () => world.CreateAsync(world.Shop, "wrong", (JsonObject)JsonNode.Parse(spec)!));
        Assert.Contains(field, refusal.Message, StringComparison.Ordinal);
    }

    private static Task<string?> PlaceAsync(SinkWorld world, Resource<WafSink> sink) =>
        world.Store.GetDocumentAsync(SinkFeed.CursorKind, WafSinkOptions.NameOf(sink), default);

    private static string? StateOf(WafSinkStatus? status, string type) =>
        status?.Conditions.FirstOrDefault(c => c.Type == type)?.Status.ToString();

    private static string? ReasonOf(WafSinkStatus status, string type) =>
        status.Conditions.FirstOrDefault(c => c.Type == type)?.Reason;
}
