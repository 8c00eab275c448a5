using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Tests.Forwarding;

/// <summary>
/// What ordinary networks and applications do to requests: idle ends, slow bodies, questions to the server.
/// </summary>
public sealed class RobustnessTests
{
    [Theory]
    [InlineData("GET", "", 200)]
    [InlineData("HEAD", "", 200)]
    [InlineData("DELETE", "", 200)]
    [InlineData("POST", "body", 502)]
    public async Task AConnectionThatTheApplicationClosesWhenTheRequestCame_IsTriedAgainWhereThatIsSafe(
        string method, string body, int expected)
    {
        using var application = new ClosingApplication();
        await using var sidecar = await TestSidecar.StartAsync(application.Address,
            TestSidecar.Policy(InspectionMode.Off));
        using var client = sidecar.Client();
        Assert.Equal("fine", await client.GetStringAsync("/first"));

        using var request = new HttpRequestMessage(new HttpMethod(method), "/second");
        if (body.Length > 0) request.Content = new StringContent(body);
        using var response = await client.SendAsync(request);

        Assert.Equal(expected, (int)response.StatusCode);
        Assert.Equal(expected == 200 ? 2 : 1, application.Seen("/second"));
    }

    [Theory]
    [InlineData(InspectionMode.Off, BodyInspectionKind.Buffered, 200)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.HeadersOnly, 200)]
    [InlineData(InspectionMode.Detect, BodyInspectionKind.Window, 200)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.Buffered, 408)]
    public async Task ASlowUpload_IsRefusedOnlyWhileItIsHeld(InspectionMode mode, BodyInspectionKind kind, int expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(mode, "SecRuleEngine On") with
        {
            Body = new BodyInspection { Mode = kind },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy, new ProxyLimits
        {
            BodyBytesPerSecondMin = 1_000_000, SlowBodyGrace = TimeSpan.FromSeconds(2),
            WindowHoldMax = TimeSpan.FromMilliseconds(100),
        });
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);

        await connection.SendAsync(
            "POST / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        await Task.Delay(TimeSpan.FromSeconds(5));
        await connection.SendAsync("1\r\nb\r\n0\r\n\r\n");

        var answer = await connection.ReadToEndAsync();
        Assert.StartsWith($"HTTP/1.1 {expected}", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AQuestionToTheServerItself_IsAnswered()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, "SecRuleEngine On"));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint, "OPTIONS * HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Empty(upstream.Seen);
    }

    [Theory]
    [InlineData(InspectionMode.Off, BodyInspectionKind.Buffered)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.Window)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.HeadersOnly)]
    [InlineData(InspectionMode.Enforce, BodyInspectionKind.Buffered)]
    public async Task AnAnswerBeforeTheEndOfAnUpload_ReachesTheClient(InspectionMode mode, BodyInspectionKind kind)
    {
        using var application = new HastyApplication();
        await using var sidecar = await TestSidecar.StartAsync(
            application.Address, TestSidecar.Policy(mode, "SecRuleEngine On") with
            {
                Body = new BodyInspection { Mode = kind, LimitBytes = 16 << 20 },
            });
        using var client = sidecar.Client();
        for (var i = 0; i < 10; i++)
        {
            foreach (var isChunked in new[] { false, true })
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/upload")
                {
                    Content = new ByteArrayContent(new byte[(1 + i) << 20]),
                };
                request.Headers.TransferEncodingChunked = isChunked;

                using var response = await client.SendAsync(request);

                Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
                Assert.Equal("who?", await response.Content.ReadAsStringAsync());
            }
        }
    }

    [Theory]
    [InlineData("GET /caf\u00E9 HTTP/1.1\r\nHost: shop\r\n\r\n", 400, "request_target_invalid")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop\r\nbroken\r\n\r\n", 400, "request_head_invalid")]
    [InlineData("GET /LONG HTTP/1.1\r\nHost: shop\r\n\r\n", 414, "request_line_too_long")]
    [InlineData("GET / HTTP/1.1\r\nHost: shop\r\nx: LONG\r\n\r\n", 431, "request_headers_too_long")]
    public async Task AHeadThatTheServerCannotTake_IsCountedAndTold(string request, int status, string kind)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, "SecRuleEngine On"));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint, request.Replace("LONG", new string('x', 100_000), StringComparison.Ordinal));

        Assert.StartsWith($"HTTP/1.1 {status}", answer, StringComparison.Ordinal);
        using var admin = TestSidecar.Client(sidecar.Admin);
        Assert.Contains($"waf_incidents_total{{kind=\"{kind}\"}} 1", await admin.GetStringAsync("/metrics"),
            StringComparison.Ordinal);
        var told = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal(VerdictKind.Block, told.Verdict);
        Assert.Equal(status, told.StatusCode);
        Assert.Equal("127.0.0.1", told.Client);
        Assert.StartsWith("refused before it was read: ", told.Message, StringComparison.Ordinal);
    }

    public static TheoryData<ForwarderError, int, string> Failures => new()
    {
        { ForwarderError.Request, 0, "upstream_unreachable" },
        { ForwarderError.RequestTimedOut, 0, "upstream_timed_out" },
        { ForwarderError.RequestBodyClient, 408, "client_slow" },
        { ForwarderError.RequestBodyClient, 400, "client_gone" },
        { ForwarderError.ResponseBodyClient, 0, "client_gone" },
        { ForwarderError.RequestBodyDestination, 0, "forwarding_broke" },
        { ForwarderError.ResponseBodyDestination, 0, "forwarding_broke" },
    };

    [Theory, MemberData(nameof(Failures))]
    public void AFailedForwarding_IsCountedWhereItBelongs(ForwarderError error, int status, string expected)
    {
        var failure = status == 0 ? new IOException("broke") : (Exception)new AggregateException(
            new IOException("reading", new BadHttpRequestException("too slow", status)));

        Assert.Equal(expected, ForwardingIncidents.IncidentOf(error, failure));
    }

    [Fact]
    public void ACertificateThatIsNotTaken_IsNotCountedAsAnApplicationThatIsAway() => Assert.Equal(
        "upstream_untrusted", ForwardingIncidents.IncidentOf(
            ForwarderError.Request, new HttpRequestException("no TLS", new AuthenticationException("untrusted"))));

    /// <summary>Answers each request before it read the body, and closes.</summary>
    private sealed class HastyApplication : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public HastyApplication()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public Uri Address => new($"http://{_listener.LocalEndpoint}");

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private static async Task ServeAsync(TcpClient client)
        {
            using var _ = client;
            var stream = client.GetStream();
            await stream.ReadExactlyAsync(new byte[16]);
            await stream.WriteAsync(
                "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 4\r\n\r\nwho?"u8.ToArray());
        }
    }

    /// <summary>
    /// Answers the first request of its first connection and closes that connection when the second one comes.
    /// </summary>
    private sealed class ClosingApplication : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly List<string> _seen = [];
        private int _connections;

        public ClosingApplication()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public Uri Address => new($"http://{_listener.LocalEndpoint}");

        public int Seen(string path)
        {
            lock (_seen) return _seen.Count(head => head.Contains($" {path} ", StringComparison.Ordinal));
        }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using var _ = client;
            var isFirst = Interlocked.Increment(ref _connections) == 1;
            var stream = client.GetStream();
            for (var i = 0; ; i++)
            {
                var head = await ReadHeadAsync(stream);
                if (head.Length == 0) return;
                lock (_seen) _seen.Add(head);
                if (isFirst && i == 1) return;
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"u8.ToArray());
                if (!head.StartsWith("HEAD", StringComparison.Ordinal)) await stream.WriteAsync("fine"u8.ToArray());
            }
        }

        private static async Task<string> ReadHeadAsync(NetworkStream stream)
        {
            var head = new StringBuilder();
            var buffer = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await stream.ReadAsync(buffer) == 0) return "";
                head.Append((char)buffer[0]);
            }

            return head.ToString();
        }
    }
}
