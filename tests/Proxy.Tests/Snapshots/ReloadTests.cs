using System.Net;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Snapshots;

public sealed class ReloadTests
{
    [Fact]
    public async Task Reload_UnderLoad_DropsNothingAndEveryAnswerIsOfOnePolicy()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(403));
        using var client = sidecar.Client();
        using var ended = new CancellationTokenSource();
        var senders = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var counts = (Passed: 0, Blocked: 0);
            while (!ended.IsCancellationRequested)
            {
                using var passed = await client.PostAsync("/", new StringContent("q=tea"));
                Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
                using var blocked = await client.GetAsync("/?q=attack");
                Assert.True((int)blocked.StatusCode is 403 or 418, blocked.StatusCode.ToString());
                counts = (counts.Passed + 1, counts.Blocked + 1);
            }

            return counts;
        })).ToList();

        for (var i = 0; i < 40; i++)
        {
            Assert.Null(sidecar.Change(Policy(i % 2 == 0 ? 418 : 403)));
            await Task.Delay(10);
        }

        await ended.CancelAsync();
        var sent = await Task.WhenAll(senders);
        var counters = sidecar.Sidecar.Status().Requests;
        Assert.Equal(sent.Sum(count => count.Blocked), counters.Blocked);
        Assert.Equal(sent.Sum(count => count.Passed), counters.Allowed);
    }

    [Fact]
    public async Task BadFile_KeepsTheLastGood_AndSaysWhy()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(403));

        var problem = sidecar.Change(TestSidecar.Policy(
            InspectionMode.Enforce, "SecRule ARGS \"@rx (\" \"id:1,phase:2,deny\""));

        Assert.Contains("test:1", problem, StringComparison.Ordinal);
        Assert.Equal(problem, sidecar.Sidecar.Status().RejectedReason);
        using var client = sidecar.Client();
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/?q=attack")).StatusCode);
    }

    [Fact]
    public async Task DataFile_ChangedAlone_IsInForce()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, SoldOut("pu-erh"));
        using var client = sidecar.Client();
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/?q=pu-erh")).StatusCode);

        Assert.Null(sidecar.Change(SoldOut("sencha")));

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/?q=pu-erh")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/?q=sencha")).StatusCode);
    }

    private static PolicyDocument SoldOut(string tea)
    {
        var policy = TestSidecar.Policy(
            InspectionMode.Enforce, "SecRule ARGS:q \"@pmFromFile teas.data\" \"id:1,phase:2,deny,status:403\"");
        var files = new RuleFile { Name = "teas.data", Text = tea + "\n" };
        return policy with { Rules = policy.Rules! with { Files = [files] } };
    }

    [Fact]
    public async Task Stop_RequestInFlight_IsAnsweredFirst()
    {
        var arrived = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async _ =>
        {
            arrived.SetResult();
            await go.Task;
        });
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off));
        using var client = sidecar.Client();
        var request = client.GetAsync("/");
        await arrived.Task;

        var stopping = sidecar.StopAsync();
        using var admin = new HttpClient();
        var readiness = await admin.GetAsync(new Uri(sidecar.Admin, "/readyz"));
        go.SetResult();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, readiness.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await request).StatusCode);
        await stopping;
    }

    [Fact]
    public async Task ExclusionHit_IsCountedAndNamed()
    {
        const string exclusions =
            "SecRule REQUEST_FILENAME \"@streq /search\" \"id:90010000,phase:1,pass,nolog,t:none,ctl:ruleRemoveById=1\"\n";
        var policy = TestSidecar.Policy(InspectionMode.Enforce) with
        {
            Rules = new RulePolicy
            {
                Exclusions = [new ExclusionRules { Name = "search-box", RuleIds = [90_010_000] }],
                Sources =
                [
                    new RuleSource { Name = "policy/exclusions", Text = exclusions },
                    new RuleSource { Name = "test", Text = "SecRule ARGS:q \"@contains attack\" \"id:1,phase:2,deny\"" },
                ],
            },
            Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
        };
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/search?q=attack")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/other?q=attack")).StatusCode);

        Assert.Equal(1, sidecar.Sidecar.Status().ExclusionHits["search-box"]);
        var events = await sidecar.EventsAsync();
        Assert.Equal(["search-box"], events[0].Exclusions);
        Assert.Empty(events[1].Exclusions);
    }

    private static PolicyDocument Policy(int status) =>
        TestSidecar.Policy(InspectionMode.Enforce, "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"") with
        {
            BlockResponse = new BlockResponse { StatusCode = status }, Logging = new DecisionLogging { Decisions = DecisionLogLevel.None },
        };
}
