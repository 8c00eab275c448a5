using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Clients;

/// <summary>Tests that measure the process: nothing else runs beside them.</summary>
[CollectionDefinition(Alone.Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>
/// What long-lived and long requests of ordinary clients need, over real sockets, with the policy in force.
/// </summary>
[Collection(Alone.Name)]
public sealed class OrdinaryStreamTests
{
    private const string Rules = """
        SecResponseBodyAccess On
        SecResponseBodyMimeType text/plain text/html
        SecRule ARGS "@contains attack" "id:1,phase:2,deny"
        SecRule RESPONSE_BODY "@contains leak" "id:2,phase:4,deny"
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Bytes that go up and down; a benchmark sets more.</summary>
    private static long StreamBytes =>
        long.TryParse(Environment.GetEnvironmentVariable("WAF_TEST_STREAM_BYTES"), CultureInfo.InvariantCulture,
            out var bytes)
            ? bytes
            : 64L << 20;

    [Fact]
    public async Task ALogThatIsFollowed_ArrivesLineByLine_AlsoWhereResponsesAreInspected()
    {
        var next = new SemaphoreSlim(0);
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "text/plain";
            for (var i = 0; i < 4; i++)
            {
                await context.Response.WriteAsync($"line {i}\n");
                await context.Response.Body.FlushAsync();
                await next.WaitAsync(context.RequestAborted);
            }
        });
        await using var sidecar = await StartAsync(upstream, inspectsResponses: true);
        using var client = sidecar.Client();

        using var response = await client.GetAsync("/log",
            HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal($"line {i}", await reader.ReadLineAsync().WaitAsync(Patience));
            next.Release();
        }

        using var admin = TestSidecar.Client(sidecar.Admin);
        Assert.Contains(
            "waf_incidents_total{kind=\"response_held_for_its_time\"} 1", await admin.GetStringAsync("/metrics"),
            StringComparison.Ordinal);
        Assert.Equal(1, sidecar.Sidecar.Status().Inspection.Uninspected[nameof(UninspectedReason.ResponseBody)]);
    }

    /// <summary>What is looked at of a piece may be the other half of what rules know.</summary>
    [Theory]
    [InlineData(206, 1)]
    [InlineData(200, 0)]
    public async Task APieceOfAResponse_IsNotAllOfIt(int status, int notWhole)
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync("le");
        });
        await using var sidecar = await StartAsync(upstream, inspectsResponses: true);
        using var client = sidecar.Client();

        Assert.Equal("le", await client.GetStringAsync("/log").WaitAsync(Patience));

        var uninspected = sidecar.Sidecar.Status().Inspection.Uninspected;
        Assert.Equal(notWhole, uninspected.GetValueOrDefault(nameof(UninspectedReason.ResponseBody)));
    }

    [Fact]
    public async Task ABeginningThatRulesRefuse_IsNotShown_AlsoWhenTheRestIsSlow()
    {
        var answered = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync("a leak");
            await context.Response.Body.FlushAsync();
            await answered.Task;
        });
        await using var sidecar = await StartAsync(upstream, inspectsResponses: true);
        using var client = sidecar.Client();

        using var response = await client.GetAsync("/log").WaitAsync(Patience);

        answered.SetResult();
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task ALongPoll_IsAnsweredWhenThereIsSomething()
    {
        var answered = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            await answered.Task;
            await context.Response.WriteAsync("news");
        });
        await using var sidecar = await StartAsync(upstream);
        using var client = sidecar.Client();

        var waiting = client.GetStringAsync("/poll");
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.False(waiting.IsCompleted);
        answered.SetResult();

        Assert.Equal("news", await waiting.WaitAsync(Patience));
    }

    [Theory]
    [InlineData("small", HttpStatusCode.OK)]
    [InlineData("an attack", HttpStatusCode.Forbidden)]
    public async Task AClientThatAsksBeforeItSends_IsAnswered(string text, HttpStatusCode expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await StartAsync(upstream);
        using var client = sidecar.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/")
        {
            Content = new FormUrlEncodedContent([new("text", text)]), Headers = { ExpectContinue = true },
        };

        using var response = await client.SendAsync(request).WaitAsync(Patience);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task AClientThatGoes_EndsTheRequestInTheApplication()
    {
        var gone = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            begun.SetResult();
            await Task.Delay(Patience, context.RequestAborted);
        });
        await using var sidecar = await StartAsync(upstream);
        using var client = sidecar.Client();
        using var leaving = new CancellationTokenSource();
        var asking = client.GetAsync("/slow", leaving.Token);
        await begun.Task.WaitAsync(Patience);

        await leaving.CancelAsync();

        await gone.Task.WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task AnApplicationThatBreaksOff_BreaksOffForTheClient()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        await using var sidecar = await StartAsync(upstream);
        using var client = sidecar.Client();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync("/half").WaitAsync(Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ManyBytes_PassWithoutBeingKept(bool isUpload)
    {
        var total = StreamBytes;
        long arrived = 0;
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            if (isUpload) arrived = await CountAsync(context.Request.Body);
            else await WriteAsync(context.Response.Body, total);
        });
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Body = new BodyInspection { Mode = BodyInspectionKind.Window, LimitBytes = 64 * 1024 },
            });
        using var client = sidecar.Client();
        client.Timeout = TimeSpan.FromMinutes(10);
        using var watching = new CancellationTokenSource();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = PeakAsync(watching.Token);

        if (isUpload)
        {
            using var response = await client.PostAsync("/up", new EndlessContent(total));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        else
        {
            arrived = await CountAsync(await client.GetStreamAsync("/down"));
        }

        await watching.CancelAsync();
        Assert.Equal(total, arrived);
        Assert.InRange(await watch - before, long.MinValue, 24L << 20);
    }

    private static async Task<TestSidecar> StartAsync(TestUpstream upstream, bool inspectsResponses = false)
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules);
        return await TestSidecar.StartAsync(
            upstream.Address, policy with { Rules = policy.Rules! with { InspectResponses = inspectsResponses } },
            new ProxyLimits { DrainMax = TimeSpan.FromSeconds(1), WindowHoldMax = TimeSpan.FromMilliseconds(300) });
    }

    private static async Task<long> PeakAsync(CancellationToken cancellationToken)
    {
        long peak = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true));
            await Task.Delay(50, CancellationToken.None);
        }

        return peak;
    }

    private static async Task<long> CountAsync(Stream stream)
    {
        var buffer = new byte[64 * 1024];
        long total = 0;
        int count;
        while ((count = await stream.ReadAsync(buffer)) > 0) total += count;
        return total;
    }

    private static async Task WriteAsync(Stream stream, long total)
    {
        var block = new byte[64 * 1024];
        for (var left = total; left > 0; left -= block.Length)
            await stream.WriteAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)));
    }

    private sealed class EndlessContent(long total) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            WriteAsync(stream, total);

        protected override bool TryComputeLength(out long length)
        {
            length = total;
            return true;
        }
    }
}
