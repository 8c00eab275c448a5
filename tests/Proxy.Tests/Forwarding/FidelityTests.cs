using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>What goes in comes out unchanged, whatever the mode: with and without inspection.</summary>
public sealed class FidelityTests
{
    private const string Rules = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny\"";

    public static TheoryData<InspectionMode> Modes => [InspectionMode.Off, InspectionMode.Enforce];

    [Theory, MemberData(nameof(Modes))]
    public async Task Methods_AnyMethod_ArrivesAsSent(InspectionMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
        using var client = sidecar.Client();
        string[] methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "X-CUSTOM"];

        foreach (var method in methods)
        {
            using var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/x"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(methods, upstream.Seen.Select(seen => seen.Method));
    }

    [Theory]
    [InlineData("/a/%2e%2e/b%2Fc?q=%41+%20&&=x&y")]
    [InlineData("//double//slash/./dot/../x")]
    [InlineData("/%c3%a9?%C3%A9=%zz")]
    [InlineData("/a;b=c/d|e\\f?x={}[]^`'\"<>")]
    [InlineData("/?")]
    [InlineData("/a?b?c")]
    public async Task Target_OddSpelling_ArrivesByteForByte(string target)
    {
        foreach (var mode in new[] { InspectionMode.Off, InspectionMode.Enforce })
        {
            await using var upstream = await TestUpstream.StartAsync();
            await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));

            var answer = await RawConnection.ExchangeAsync(
                sidecar.Endpoint, $"GET {target} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");

            Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
            Assert.Equal(target, Assert.Single(upstream.Seen).Target);
        }
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task Headers_BothWays_KeepNamesValuesAndBytes(InspectionMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(context =>
        {
            context.Response.Headers["X-Answer"] = "a, b";
            context.Response.Headers.Append("Set-Cookie", "a=1; HttpOnly");
            context.Response.Headers.Append("Set-Cookie", "b=2");
            context.Response.Headers.Server = "teapot/1";
            return Task.CompletedTask;
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint,
            "GET / HTTP/1.1\r\nHost: shop.example:8443\r\nX-Bytes: caf\u00e9 \u00ff\r\nX-Empty:\r\nCookie: a=b; c=d\r\n"
            + "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nConnection: close\r\n\r\n");

        var seen = Assert.Single(upstream.Seen);
        Assert.Equal("shop.example:8443", seen["Host"]);
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", seen["traceparent"]);
        Assert.Equal("a=b; c=d", seen["Cookie"]);
        Assert.Contains("X-Answer: a, b", answer, StringComparison.Ordinal);
        Assert.Contains("Set-Cookie: a=1; HttpOnly", answer, StringComparison.Ordinal);
        Assert.Contains("Set-Cookie: b=2", answer, StringComparison.Ordinal);
        Assert.Contains("Server: teapot/1", answer, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task HeaderBytes_NotAscii_ArriveAsTheSameBytes(InspectionMode mode)
    {
        var received = new TaskCompletionSource<string>();
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            var buffer = new byte[4096];
            var count = await accepted.GetStream().ReadAsync(buffer);
            received.SetResult(Encoding.Latin1.GetString(buffer, 0, count));
            await accepted.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray());
        });
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        await using var sidecar = await TestSidecar.StartAsync(address, TestSidecar.Policy(mode, Rules));

        await RawConnection.ExchangeAsync(
            sidecar.Endpoint, "GET / HTTP/1.1\r\nHost: shop\r\nX-Bytes: caf\u00e9 \u00ff\r\nConnection: close\r\n\r\n");

        Assert.Contains("X-Bytes: caf\u00e9 \u00ff\r\n", await received.Task, StringComparison.Ordinal);
        await serving;
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task HeadAndNotModifiedAndRange_KeepLengthWithoutBody(InspectionMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            if (context.Request.Headers.IfNoneMatch.Count > 0)
            {
                context.Response.StatusCode = 304;
                context.Response.Headers.ETag = "\"v1\"";
                return;
            }

            if (context.Request.Headers.Range.Count > 0)
            {
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = "bytes 0-3/10";
            }

            context.Response.ContentLength = context.Request.Method == "HEAD" ? 1234 : 4;
            if (context.Request.Method != "HEAD") await context.Response.WriteAsync("part");
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
        using var client = sidecar.Client();

        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"));
        Assert.Equal(1234, head.Content.Headers.ContentLength);

        using var conditional = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "If-None-Match", "\"v1\"" } } };
        using var notModified = await client.SendAsync(conditional);
        Assert.Equal(HttpStatusCode.NotModified, notModified.StatusCode);
        Assert.Equal("\"v1\"", notModified.Headers.ETag!.Tag);

        using var ranged = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Range", "bytes=0-3" } } };
        using var partial = await client.SendAsync(ranged);
        Assert.Equal(HttpStatusCode.PartialContent, partial.StatusCode);
        Assert.Equal("bytes 0-3/10", partial.Content.Headers.ContentRange!.ToString());
        Assert.Equal("part", await partial.Content.ReadAsStringAsync());
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task Body_ChunkedBothWays_ArrivesWhole(InspectionMode mode)
    {
        string? body = null;
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            body = await reader.ReadToEndAsync();
            await context.Response.WriteAsync("do");
            await context.Response.Body.FlushAsync();
            await context.Response.WriteAsync("ne");
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
        using var client = sidecar.Client();

        using var request = new HttpRequestMessage(HttpMethod.Post, "/")
        {
            Content = new StringContent("a=1&b=2"), Headers = { TransferEncodingChunked = true },
        };
        using var response = await client.SendAsync(request);

        Assert.Equal("done", await response.Content.ReadAsStringAsync());
        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Equal("a=1&b=2", body);
        Assert.Equal("chunked", Assert.Single(upstream.Seen)["Transfer-Encoding"]);
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task ExpectContinue_ApplicationAccepts_BodyArrives(InspectionMode mode)
    {
        string? body = null;
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            body = await reader.ReadToEndAsync();
        });
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, TestSidecar.Policy(mode, Rules));
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await connection.ReadUntilAsync("\r\n\r\n"));
        await connection.SendAsync("hello");

        Assert.StartsWith("HTTP/1.1 200 OK", await connection.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal("hello", body);
    }

    [Fact]
    public async Task ExpectContinue_ApplicationRefuses_ClientIsToldWithoutSendingItsBody()
    {
        await using var upstream = await TestUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = 417;
            return Task.CompletedTask;
        });
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Off));
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 417", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task UpstreamDown_BadGateway_SaysNothingAboutTheInside(InspectionMode mode)
    {
        await using var sidecar = await TestSidecar.StartAsync(
            new Uri("http://127.0.0.1:1"), TestSidecar.Policy(mode, Rules));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint, "GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 502", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AbsoluteTarget_OriginIsTakenAway()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint, "GET http://shop/a/../b?x=1 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal("/a/../b?x=1", Assert.Single(upstream.Seen).Target);
    }
}
