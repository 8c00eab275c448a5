using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Behaviour;

/// <summary>Over the wire: attacks first, then what becomes of the client's harmless requests.</summary>
public sealed class QuarantineTests
{
    private const string Rules =
        """SecRule ARGS "@contains attack" "id:1,phase:2,deny,status:403,msg:'an attack'" """;

    private static readonly PolicyDocument Policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
    {
        Behaviour = new BehaviourPolicy
        {
            Mode = InspectionMode.Enforce, Clients = 1000, CriticalAction = BehaviourActionKind.Quarantine,
        },
    };

    [Fact]
    public async Task AfterManyAttacks_TheNextHarmlessRequest_IsRefused_ListedAndTold()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy);
        using var client = sidecar.Client();

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/?q=harmless"));
        for (var i = 0; i < 12; i++) Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, "/?q=attack"));
        using var held = await client.GetAsync("/?q=harmless");

        Assert.Equal(HttpStatusCode.Forbidden, held.StatusCode);
        Assert.InRange(held.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 500, 600);
        Assert.Equal(1, sidecar.Metric("waf_behaviour_held"));
        using var page = await client.GetAsync(new Uri(sidecar.Admin, "/behaviour"));
        using var json = JsonDocument.Parse(await page.Content.ReadAsStringAsync());
        Assert.Equal("127.0.0.1", json.RootElement.GetProperty("clients")[0].GetProperty("client").GetString());
        var last = (await sidecar.EventsAsync())[^1];
        Assert.Equal((VerdictKind.Block, "Behaviour"), (last.Verdict, last.Reason));
        Assert.Equal(("Quarantine", "violations"), (last.Behaviour!.Action, last.Behaviour.By));
    }

    /// <summary>A stream opens harmlessly: what its messages were refused for counts for its client.</summary>
    [Fact]
    public async Task AfterManyAttacksInMessages_TheClientIsHeldToo()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.ReceiveAsync(new byte[4096], context.RequestAborted);
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy);
        for (var i = 0; i < 13; i++)
        {
            using var socket = new ClientWebSocket();
            try
            {
                await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}/ws"), CancellationToken.None);
                await socket.SendAsync("attack"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
                await socket.ReceiveAsync(new byte[4096], CancellationToken.None);
            }
            catch (WebSocketException)
            {
                // The end may come as a reset; and who is held already is not let in.
            }

            socket.Abort();
        }

        using var client = sidecar.Client();
        var status = HttpStatusCode.OK;
        for (var i = 0; i < 100 && status is not HttpStatusCode.Forbidden; i++)
        {
            await Task.Delay(50);
            status = await StatusAsync(client, "/page?q=harmless");
        }

        Assert.Equal(HttpStatusCode.Forbidden, status);
    }

    [Fact]
    public async Task ExemptClients_AreLetGoByTheNextPolicy()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy);
        using var client = sidecar.Client();
        for (var i = 0; i < 13; i++) await StatusAsync(client, "/?q=attack");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, "/"));

        Assert.Null(sidecar.Change(Policy with
        {
            Behaviour = Policy.Behaviour! with { ExemptClients = ["127.0.0.0/8"] },
        }));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, "/?q=attack"));
    }

    /// <summary>What is only recorded must not stand in front of what refuses.</summary>
    [Fact]
    public async Task InDetect_NobodyIsHeld_AndAttacksAreStillRefused()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy with
        {
            Behaviour = Policy.Behaviour! with { Mode = InspectionMode.Detect },
        });
        using var client = sidecar.Client();

        for (var i = 0; i < 15; i++) Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(client, "/?q=attack"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/?q=harmless"));

        var events = await sidecar.EventsAsync();
        Assert.Equal("Rules", events[14].Reason);
        Assert.Equal((VerdictKind.Allow, VerdictKind.Block, "Behaviour"),
            (events[^1].Verdict, events[^1].WouldHave, events[^1].Reason));
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return answer.StatusCode;
    }
}
