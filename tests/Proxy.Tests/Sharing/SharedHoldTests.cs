using System.Net;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Sharing;

/// <summary>Two sidecars of one policy over the wire, with a real Redis between them.</summary>
public sealed class SharedHoldTests
{
    private const string Rules =
        """SecRule ARGS "@contains attack" "id:1,phase:2,deny,status:403,msg:'an attack'" """;

    [Fact]
    public async Task AClientThatOneReplicaHolds_IsHeldByAll_AndLimitsHoldOverBoth()
    {
        using var redis = await RedisServer.StartAsync();
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Behaviour = new BehaviourPolicy
            {
                Mode = InspectionMode.Enforce, Clients = 1000, CriticalAction = BehaviourActionKind.Quarantine,
            },
            RateLimits = [new RateLimit
            {
                Name = "all", PathPrefix = "/counted", Requests = 10, Burst = 10, Period = TimeSpan.FromHours(1),
            }],
            Sharing = new SharingPolicy { Limits = LimitSharing.Divided, Redis = redis.Policy() },
        };
        await using var one = await TestSidecar.StartAsync(upstream.Address, policy);
        await using var other = await TestSidecar.StartAsync(upstream.Address, policy);
        using var toOne = one.Client();
        using var toOther = other.Client();
        await UntilAsync(() => Task.FromResult(
            one.Sidecar.Status().Sharing?.Connected is true && other.Sidecar.Status().Sharing?.Connected is true));

        var passed = 0;
        for (var i = 0; i < 15; i++)
        {
            passed += await StatusAsync(toOne, "/counted") is HttpStatusCode.OK ? 1 : 0;
            passed += await StatusAsync(toOther, "/counted") is HttpStatusCode.OK ? 1 : 0;
        }

        // On a busy machine some answers of Redis come after their time: what was let through then is owed.
        var alone = one.Metric("waf_shared_limits_total{by=\"late\"}") + other.Metric(
            "waf_shared_limits_total{by=\"late\"}");
        Assert.InRange(passed, 10, 10 + (int)alone);
        for (var i = 0; i < 13; i++) await StatusAsync(toOne, "/?q=attack");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(toOne, "/"));
        await UntilAsync(async () => await StatusAsync(toOther, "/") is HttpStatusCode.Forbidden);
        Assert.Equal(1, other.Metric("waf_behaviour_held"));

        // Another policy begins with an empty table, and is told again.
        Assert.Null(other.Change(policy with { Behaviour = policy.Behaviour! with { Clients = 2000 } }));
        await UntilAsync(async () => await StatusAsync(toOther, "/") is HttpStatusCode.Forbidden);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var i = 0; i < 300; i++)
        {
            if (await isSo()) return;
            await Task.Delay(50);
        }

        Assert.Fail("it did not become so in time");
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return answer.StatusCode;
    }
}
