using System.Net;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>What a policy's <c>head</c> says of request lines and headers, through a sidecar with little memory.</summary>
public sealed class HeadFieldTests
{
    private const string Rules = "SecRule REQUEST_HEADERS|REQUEST_URI \"@contains attack\" \"id:1,phase:1,deny\"";

    private static readonly HeadLimits Defaults = new() { LineBytes = 16_384, Bytes = 49_152, Lines = 150 };

    private static readonly ProxyLimits Small =
        new() { RequestBufferBytesMax = 64 * 1024, DrainMax = TimeSpan.FromSeconds(5) };

    public static TheoryData<HeadLimits, string, int, int, HttpStatusCode> Bounds => new()
    {
        { Defaults with { LineBytes = 2_000 }, "line", 1_900, 2_100, HttpStatusCode.RequestUriTooLong },
        { Defaults with { LineBytes = 100_000 }, "line", 99_000, 101_000, HttpStatusCode.RequestUriTooLong },
        { Defaults with { Bytes = 8_000 }, "bytes", 7_000, 9_000, HttpStatusCode.RequestHeaderFieldsTooLarge },
        { Defaults with { Bytes = 250_000 }, "bytes", 249_000, 251_000, HttpStatusCode.RequestHeaderFieldsTooLarge },
        { Defaults with { Lines = 20 }, "lines", 18, 22, HttpStatusCode.RequestHeaderFieldsTooLarge },
        { Defaults with { Lines = 1_000 }, "lines", 990, 1_010, HttpStatusCode.RequestHeaderFieldsTooLarge },
    };

    [Theory, MemberData(nameof(Bounds))]
    public async Task ABoundOnHeads_LetsAsMuchPass_AndNoMore(
        HeadLimits limits, string what, int within, int beyond, HttpStatusCode refusal)
    {
        await using var application = await RoomyAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules);
        await using var sidecar = await TestSidecar.StartAsync(
            application.Address, policy with { Head = limits }, Small);
        using var client = sidecar.Client();

        Assert.Equal(HttpStatusCode.OK, await SendAsync(client, what, within, "tea"));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(client, what, within, "attack"));
        Assert.Equal(refusal, await SendAsync(client, what, beyond, "tea"));
        Assert.Single(application.Seen);
    }

    [Fact]
    public async Task AnotherPolicy_CountsWithoutARestart_AndNoneMeansTheDefaults()
    {
        await using var application = await RoomyAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules);
        await using var sidecar = await TestSidecar.StartAsync(application.Address, policy, Small);

        Assert.Equal(HttpStatusCode.OK, await SendAsync(sidecar, 47_000));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, await SendAsync(sidecar, 52_000));
        Assert.Null(sidecar.Change(policy with { Head = Defaults with { Bytes = 60_000 } }));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(sidecar, 52_000));
        Assert.Null(sidecar.Change(policy));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, await SendAsync(sidecar, 52_000));
    }

    [Fact]
    public async Task OverHttp2_LongHeadsPassAsFarAsThePolicySays()
    {
        await using var application = await RoomyAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules);
        await using var sidecar = await TestSidecar.StartAsync(
            application.Address, policy with { Head = Defaults with { Bytes = 200_000 } }, Small);
        using var client = sidecar.Client(HttpVersion.Version20);

        Assert.Equal(HttpStatusCode.OK, await SendAsync(client, "bytes", 152_000, "tea"));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(client, "bytes", 152_000, "attack"));
    }

    /// <summary>On a connection of its own.</summary>
    private static async Task<HttpStatusCode> SendAsync(TestSidecar sidecar, int bytes)
    {
        using var client = sidecar.Client();
        return await SendAsync(client, "bytes", bytes, "tea");
    }

    /// <summary>A head of about so many bytes or lines, which ends with the word.</summary>
    private static async Task<HttpStatusCode> SendAsync(HttpClient client, string what, int size, string word)
    {
        var target = what is "line" ? $"/?a={new string('x', size - 30)}{word}" : "/";
        using var request = new HttpRequestMessage(HttpMethod.Get, target);
        if (what is "bytes") request.Headers.Add("X-Long", new string('x', size - 100) + word);
        // Host is a line, too.
        for (var i = 0; what is "lines" && i < size - 1; i++) request.Headers.Add($"X-{i}", i < size - 2 ? "1" : word);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }

    private static Task<TestUpstream> RoomyAsync() =>
        TestUpstream.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), listen =>
        {
            var limits = listen.KestrelServerOptions.Limits;
            limits.MaxRequestLineSize = limits.MaxRequestHeadersTotalSize = 512 * 1024;
            limits.MaxRequestHeaderCount = 2_000;
        });
}
