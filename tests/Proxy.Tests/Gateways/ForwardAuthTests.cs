using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Gateways;

/// <summary>Questions as gateways ask them, over the wire; nginx itself is in <see cref="NginxTests"/>.</summary>
public sealed class ForwardAuthTests
{
    private const string Rules = """
        SecRule ARGS "@streq evil" "id:1,phase:2,deny"
        SecRule ARGS "@streq away" "id:2,phase:2,redirect:https://away.example/"
        SecRule ARGS "@streq cut" "id:3,phase:2,drop"
        SecRule REQUEST_METHOD "@streq HEAD" "id:4,phase:1,deny"
        """;

    private static readonly string[] Gateways = ["nginx", "ingress-nginx", "traefik", "envoy"];

    private static readonly PolicyDocument Enforce = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
    {
        Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
        Body = new BodyInspection { LimitBytes = 4096 },
    };

    /// <summary>What each gateway is answered.</summary>
    [Theory]
    [InlineData("GET", "/?q=tea", 403, "200 200 200 200")]
    [InlineData("GET", "/?q=evil", 403, "403 403 403 403")]
    [InlineData("GET", "/?q=evil", 404, "403 403 404 404")]
    [InlineData("GET", "/?q=evil", 503, "403 403 503 403")]
    [InlineData("GET", "/?q=away", 403, "403 403 302 302")]
    [InlineData("GET", "/?q=cut", 403, "403 403 403 403")]
    [InlineData("HEAD", "/", 403, "403 403 403 403")]
    [InlineData("DELETE", "/?q=evil", 403, "403 403 403 403")]
    [InlineData("GET", "/nginx?q=tea", 403, "200 200 200 200")]
    public async Task EachGateway_IsAnsweredAsItUnderstands(string method, string target, int block, string expected)
    {
        await using var sidecar = await StartAsync(Enforce with { BlockResponse = new() { StatusCode = block } });
        using var client = sidecar.Client();
        var answers = new List<int>();
        foreach (var gateway in Gateways)
        {
            // Twice over one connection: what was answered was whole.
            for (var i = 0; i < 2; i++)
            {
                using var answer = await client.SendAsync(Ask(gateway, method, target));
                if (i > 0) answers.Add((int)answer.StatusCode);
                Assert.Equal(
                    answer.StatusCode is HttpStatusCode.Found ? "https://away.example/" : null,
                    answer.Headers.Location?.ToString());
            }
        }

        Assert.Equal(expected, string.Join(' ', answers));
        var events = await sidecar.EventsAsync();
        Assert.All(events, e => Assert.Equal((method, target.Split('?')[0]), (e.Method, e.Path)));
        // What is refused for its head is not looked at further.
        Assert.All(
            events.Where(e => e.Verdict is VerdictKind.Allow),
            e => Assert.Contains(UninspectedReason.HeadersOnly, e.Coverage!.Uninspected));
    }

    /// <summary>No answer tells an attacker what was found, or how near a request came to a block.</summary>
    [Theory]
    [InlineData("tea", "Cache-Control Content-Length Date")]
    [InlineData("evil", "Cache-Control Content-Length Content-Type Date waf-event-id")]
    public async Task Answers_TellTheEventAndNothingElse(string value, string fields)
    {
        await using var sidecar = await StartAsync(Enforce);
        using var client = sidecar.Client();
        foreach (var gateway in Gateways)
        {
            using var answer = await client.SendAsync(Ask(gateway, "GET", $"/?q={value}"));
            Assert.Equal(fields, string.Join(' ', answer.Headers.Concat(answer.Content.Headers)
                .Select(field => field.Key).Order(StringComparer.OrdinalIgnoreCase)));
            var text = await answer.Content.ReadAsStringAsync();
            if (value is "tea") Assert.Empty(text);
            else
            {
                var id = Assert.Single(answer.Headers.GetValues("waf-event-id"));
                Assert.Equal($$"""{"error":"Request blocked","eventId":"{{id}}"}""" + "\n", text);
            }
        }
    }

    [Fact]
    public async Task AQuestionThatSaysNothing_IsRefused_Counted_AndTold()
    {
        await using var sidecar = await StartAsync(Enforce);
        using var client = sidecar.Client();
        foreach (var target in new[] { "/", "/nginx", "/traefik", "/ingress-nginx", "/envoy", "/healthz" })
        {
            using var answer = await client.GetAsync(target);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }

        Assert.Equal(6, sidecar.Metric("waf_incidents_total{kind=\"gateway_question_unclear\"}"));
        Assert.All(await sidecar.EventsAsync(), e => Assert.Contains("the gateway does not say", e.Message));
    }

    /// <summary>Bodies: gateway, what it says of the body, the policy's choice; and what follows.</summary>
    [Theory]
    [InlineData("traefik", null, BodyOverLimitOutcome.Reject, "evil", "403")]
    [InlineData("traefik", null, BodyOverLimitOutcome.Reject, "tea", "200 ")]
    [InlineData("envoy", "false", BodyOverLimitOutcome.Reject, "evil", "403")]
    [InlineData("envoy", "false", BodyOverLimitOutcome.Reject, "tea", "200 ")]
    [InlineData("envoy", "true", BodyOverLimitOutcome.Reject, "tea", "413")]
    [InlineData("envoy", "true", BodyOverLimitOutcome.ProcessPartial, "evil", "403")]
    [InlineData("envoy", "true", BodyOverLimitOutcome.ProcessPartial, "tea", "200 OverLimit")]
    [InlineData("envoy", null, BodyOverLimitOutcome.Reject, "tea", "200 HeadersOnly")]
    [InlineData("envoy", null, BodyOverLimitOutcome.Reject, "evil", "403")]
    [InlineData("nginx", null, BodyOverLimitOutcome.Reject, "tea", "200 HeadersOnly")]
    public async Task ABody_IsInspectedWhereItIsShown(
        string gateway, string? partial, BodyOverLimitOutcome overLimit, string value, string expected)
    {
        await using var sidecar = await StartAsync(Enforce with
        {
            Body = Enforce.Body with { OverLimit = overLimit },
        });
        using var client = sidecar.Client();
        using var request = Ask(gateway, "POST", "/");
        request.Content = new StringContent($"q={value}", Encoding.ASCII, "application/x-www-form-urlencoded");
        if (partial is not null) request.Headers.Add("X-Envoy-Auth-Partial-Body", partial);
        using var answer = await client.SendAsync(request);

        var coverage = Assert.Single(await sidecar.EventsAsync()).Coverage!;
        var missed = answer.IsSuccessStatusCode ? $" {string.Join(' ', coverage.Uninspected)}" : "";
        Assert.Equal(expected, $"{(int)answer.StatusCode}{missed}");
    }

    /// <summary>What gateways never show of a WebSocket, and of an answer.</summary>
    [Fact]
    public async Task MessagesAndResponses_AreSaidToBeUnseen()
    {
        await using var sidecar = await StartAsync(Enforce with
        {
            Rules = Enforce.Rules! with
            {
                InspectResponses = true,
                Sources =
                [
                    new RuleSource { Name = "test", Text = "SecRule RESPONSE_BODY \"x\" \"id:1,phase:4,deny\"" },
                ],
            },
        });
        using var connection = await RawConnection.OpenAsync(sidecar.Endpoint);
        await connection.SendAsync(
            "GET /envoy/chat HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        // The gateway's next question comes over the same connection.
        await connection.SendAsync("GET /envoy/ HTTP/1.1\r\nHost: shop\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await connection.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        var coverage = (await sidecar.EventsAsync())[0].Coverage!;
        Assert.Equal(
            [UninspectedReason.HeadersOnly, UninspectedReason.Stream, UninspectedReason.ResponseBody],
            coverage.Uninspected);
    }

    /// <summary>Clients are told apart by what a trusted gateway says of them, and by nothing else.</summary>
    [Theory]
    [InlineData("127.0.0.0/8", "200 200 429 200")]
    [InlineData("192.0.2.0/24", "200 200 429 429")]
    public async Task RateLimits_CountTheGatewaysClients(string trusted, string expected)
    {
        await using var sidecar = await StartAsync(Enforce with
        {
            ClientIdentity = new ClientIdentity { TrustedProxies = [trusted] },
            RateLimits =
            [
                new RateLimit
                {
                    Name = "each", Key = RateLimitKeyKind.Client, Requests = 1, Period = TimeSpan.FromHours(1),
                    Burst = 2,
                },
            ],
        });
        using var client = sidecar.Client();
        var answers = new List<int>();
        foreach (var address in new[] { "203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2" })
        {
            using var request = Ask("traefik", "GET", "/");
            request.Headers.Add("X-Forwarded-For", $"198.51.100.7, {address}");
            using var answer = await client.SendAsync(request);
            answers.Add((int)answer.StatusCode);
            Assert.Equal(answer.StatusCode is HttpStatusCode.TooManyRequests, answer.Headers.RetryAfter is not null);
        }

        Assert.Equal(expected, string.Join(' ', answers));
    }

    [Theory]
    [InlineData(FailureMode.Closed, HttpStatusCode.Forbidden)]
    [InlineData(FailureMode.Open, HttpStatusCode.OK)]
    public async Task WithoutAPolicy_ItsFailureModeDecides(FailureMode mode, HttpStatusCode expected)
    {
        await using var sidecar = new Sidecar(
            new SidecarOptions { Listeners = [Listener()], WithoutPolicy = mode },
            TimeProvider.System, NullLoggerFactory.Instance);
        await sidecar.StartAsync(CancellationToken.None);
        using var client = TestSidecar.Client(new Uri($"http://{sidecar.Endpoints[0]}"));
        foreach (var gateway in Gateways)
        {
            using var answer = await client.SendAsync(Ask(gateway, "GET", "/"));
            // Traefik hands the fault of ours on.
            Assert.Equal(
                (gateway, mode) is ("traefik", FailureMode.Closed) ? HttpStatusCode.ServiceUnavailable : expected,
                answer.StatusCode);
        }

        await sidecar.StopAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task APolicyThatIsOff_LetsPass_AndSaysSo()
    {
        await using var sidecar = await StartAsync(Enforce with { Mode = InspectionMode.Off });
        using var client = sidecar.Client();
        using var answer = await client.SendAsync(Ask("nginx", "GET", "/?q=evil"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, sidecar.Metric("waf_uninspected_total{why=\"PolicyOff\",limit=\"\"}"));
    }

    /// <summary>Ordinary requests whose bodies nobody shows: the Core Rule Set takes none for a fault.</summary>
    [Theory]
    [InlineData("POST", "application/json")]
    [InlineData("PUT", "application/json; charset=utf-8")]
    [InlineData("POST", "application/x-www-form-urlencoded")]
    [InlineData("POST", "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW")]
    [InlineData("POST", "text/xml")]
    [InlineData("GET", null)]
    public async Task HiddenBodies_AreNoFaultOfTheirClients(string method, string? type)
    {
        var policy = Enforce with
        {
            Rules = new RulePolicy
            {
                Sources =
                [
                    new RuleSource
                    {
                        Name = "setup",
                        Text = "SecAction \"id:900990,phase:1,pass,nolog,setvar:tx.crs_setup_version=334,"
                            + "setvar:'tx.allowed_methods=GET POST PUT'\"",
                    },
                    new RuleSource { Name = "owasp-crs", RuleSet = "owasp-crs" },
                ],
            },
        };
        await using var sidecar = await TestSidecar.StartAsync(new Uri("http://nowhere.invalid"), policy, options =>
            options with { Listeners = [Listener()], RulesDirectory = "/usr/share/modsecurity-crs" });
        using var client = sidecar.Client();
        foreach (var gateway in new[] { "nginx", "ingress-nginx", "traefik" })
        {
            using var request = Ask(gateway, method, "/orders?page=2");
            request.Headers.Add("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
            request.Headers.Add("Accept", "*/*");
            if (type is not null)
            {
                // As nginx does, which hides the length with the body.
                request.Content = new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }

            using var answer = await client.SendAsync(request);
            Assert.Equal((gateway, HttpStatusCode.OK), (gateway, answer.StatusCode));
            using var attack = await client.SendAsync(Ask(gateway, method, "/?q=1%27%20or%201=1--%20-"));
            Assert.Equal((gateway, HttpStatusCode.Forbidden), (gateway, attack.StatusCode));
        }
    }

    internal static ProxyListener Listener() => ProxyListener.ForGateways(new IPEndPoint(IPAddress.Loopback, 0));

    private static Task<TestSidecar> StartAsync(PolicyDocument policy) => TestSidecar.StartAsync(
        new Uri("http://nowhere.invalid"), policy, options => options with { Listeners = [Listener()] });

    /// <summary>A question as the gateway asks it about a request to the host <c>shop</c>.</summary>
    private static HttpRequestMessage Ask(string gateway, string method, string target)
    {
        var request = gateway is "envoy"
            ? new HttpRequestMessage(new HttpMethod(method), "/envoy" + target)
            : new HttpRequestMessage(HttpMethod.Get, "/" + gateway);
        (string Name, string Value)[] fields = gateway switch
        {
            "nginx" => [("X-Original-Method", method), ("X-Original-URI", target), ("X-Original-Host", "shop")],
            "ingress-nginx" => [("X-Original-Method", method), ("X-Original-URL", "https://shop" + target)],
            "traefik" => [("X-Forwarded-Method", method), ("X-Forwarded-Uri", target), ("X-Forwarded-Host", "shop")],
            _ => [("Host", "shop")],
        };
        foreach (var (name, value) in fields) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }
}
