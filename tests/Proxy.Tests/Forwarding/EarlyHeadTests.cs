using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>The head of a response arrives when it was sent, however long the body stays silent.</summary>
public sealed class EarlyHeadTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly string[] Types = ["text/event-stream", "application/json", "application/grpc",
        "text/plain"];

    public static TheoryData<string, bool, bool> Silences
    {
        get
        {
            var cases = new TheoryData<string, bool, bool>();
            foreach (var type in Types)
            {
                foreach (var isHttp2 in new[] { false, true })
                {
                    foreach (var isInspected in new[] { false, true }) cases.Add(type, isHttp2, isInspected);
                }
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Silences))]
    public async Task ASilentBody_DoesNotKeepTheHeadBack(string type, bool isHttp2, bool isInspected)
    {
        var answered = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = type;
            context.Response.Headers["x-early"] = "yes";
            await context.Response.Body.FlushAsync();
            await answered.Task;
            await context.Response.WriteAsync("late");
        }, isHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1);
        var policy = TestSidecar.Policy(isInspected ? InspectionMode.Enforce : InspectionMode.Off, "SecRuleEngine On");
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client(isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11);

        using var response = await client.GetAsync("/silent",
            HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        Assert.Equal("yes", Assert.Single(response.Headers.GetValues("x-early")));

        answered.SetResult();
        Assert.Equal("late", await response.Content.ReadAsStringAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task ABodyThatBreaksOffAfterASilence_IsNotTakenForWhole()
    {
        var answered = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.Body.FlushAsync();
            await answered.Task;
            context.Abort();
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address,
            TestSidecar.Policy(InspectionMode.Off));
        using var client = sidecar.Client();
        using var response = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);

        answered.SetResult();

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync().WaitAsync(Patience));
    }

    [Theory]
    [InlineData(BodyInspectionKind.Window)]
    [InlineData(BodyInspectionKind.HeadersOnly)]
    public async Task TheBeginningOfAnUpload_ReachesTheApplicationWhileTheClientIsSilent(BodyInspectionKind kind)
    {
        var half = new TaskCompletionSource();
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            var buffer = new byte[10];
            await context.Request.Body.ReadExactlyAsync(buffer);
            half.SetResult();
            await context.Request.Body.ReadExactlyAsync(buffer);
        });
        // Enforce may wait for the rest of a window: Detect does not.
        var policy = TestSidecar.Policy(InspectionMode.Detect, "SecRuleEngine On") with
        {
            Body = new BodyInspection { Mode = kind },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(
            "POST / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n");
        await half.Task.WaitAsync(Patience);
        await connection.SendAsync("a\r\n0123456789\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", await connection.ReadToEndAsync(Patience), StringComparison.Ordinal);
    }
}
