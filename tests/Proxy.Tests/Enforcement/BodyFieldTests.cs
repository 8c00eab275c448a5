using System.Net;
using System.Text;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>Bounds of <c>body.limits</c> and <c>body.xmlDoctypes</c>: what they allow passes, one more does
/// not.</summary>
public sealed class BodyFieldTests
{
    private const string Rules = "SecRule REQUEST_HEADERS:Content-Type \"@contains xml\" "
        + "\"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n"
        + "SecRule REQUEST_HEADERS:Content-Type \"@contains json\" "
        + "\"id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n"
        + "SecRule ARGS|XML:/* \"@contains attack\" \"id:3,phase:2,deny\"";

    private const string Form = "application/x-www-form-urlencoded";
    private const string Json = "application/json";
    private const string Xml = "text/xml";
    private const string Multipart = "multipart/form-data; boundary=b";

    private static readonly BodyLimits Roomy = new()
    {
        Arguments = 1000, JsonValues = 1000, Depth = 100, XmlNodes = 1000, Parts = 100, Files = 100,
    };

    public static TheoryData<string, BodyLimits, string, string, string> Bounds => new()
    {
        { "arguments", Roomy with { Arguments = 40 }, Form, Repeat("a=1&", 40)[..^1], Repeat("a=1&", 41)[..^1] },
        { "jsonValues", Roomy with { JsonValues = 40 }, Json, $"[{Repeat("1,", 40)[..^1]}]",
            $"[{Repeat("1,", 41)[..^1]}]" },
        { "depth", Roomy with { Depth = 20 }, Json, Repeat("[", 19) + "1" + Repeat("]", 19),
            Repeat("[", 22) + "1" + Repeat("]", 22) },
        { "xmlNodes", Roomy with { XmlNodes = 40 }, Xml, $"<a>{Repeat("<b/>", 39)}</a>",
            $"<a>{Repeat("<b/>", 41)}</a>" },
        { "parts", Roomy with { Parts = 20 }, Multipart, Part("name=\"a\"", 20), Part("name=\"a\"", 21) },
        { "files", Roomy with { Files = 20 }, Multipart, Part("name=\"a\"; filename=\"f\"", 20),
            Part("name=\"a\"; filename=\"f\"", 21) },
    };

    [Theory, MemberData(nameof(Bounds))]
    public async Task ABound_OfThePolicyOrARoute_LetsAsMuchPass_AndNoMore(
        string name, BodyLimits limits, string type, string within, string beyond)
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules);
        var routed = policy with
        {
            Body = new BodyInspection { Limits = limits },
            Routes = [new RoutePolicy { PathPrefix = "/import", Body = new BodyInspection { Limits = Twice(limits) } }],
        };

        var own = await SendAsync(policy with { Body = new BodyInspection { Limits = limits } }, type, within, beyond);
        var ofARoute = await SendToAsync(routed, "/import", type, beyond);
        var elsewhere = await SendToAsync(routed, "/", type, beyond);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Forbidden], own);
        Assert.True(ofARoute is [HttpStatusCode.OK], $"{name}: the route's own value applies there");
        Assert.True(elsewhere is [HttpStatusCode.Forbidden], $"{name}: and nowhere else");
    }

    [Theory]
    [InlineData(null, HttpStatusCode.BadRequest)]
    [InlineData(true, HttpStatusCode.OK)]
    public async Task XmlDoctypes_Allow_TakesDocumentsThatDeclareEntities(bool? allows, HttpStatusCode expected)
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules + "\nSecRule REQBODY_ERROR \"!@eq 0\" "
            + "\"id:4,phase:2,deny,status:400\"") with
        {
            Body = new BodyInspection { AllowsXmlDoctypes = allows },
        };

        Assert.Equal([expected, HttpStatusCode.Forbidden], await SendAsync(
            policy, Xml, "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", "<a>attack</a>"));
    }

    /// <summary>What a route says about bodies holds there; what it leaves to defaults is not the policy's.</summary>
    [Fact]
    public async Task ARoute_HasABodyOfItsOwn()
    {
        var long8K = "a=" + new string('x', 8_000) + "&b=attack";
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Body = new BodyInspection { LimitBytes = 4_096 },
            Routes =
            [
                new RoutePolicy { PathPrefix = "/limit", Body = new BodyInspection { LimitBytes = 16_384 } },
                new RoutePolicy
                {
                    PathPrefix = "/overLimit",
                    Body = new BodyInspection { LimitBytes = 4_096, OverLimit = BodyOverLimitOutcome.ProcessPartial },
                },
                new RoutePolicy { PathPrefix = "/mode",
                    Body = new BodyInspection { Mode = BodyInspectionKind.HeadersOnly } },
                new RoutePolicy { PathPrefix = "/xmlDoctypes", Body = new BodyInspection { AllowsXmlDoctypes = true } },
            ],
        };

        Assert.Equal([HttpStatusCode.RequestEntityTooLarge], await SendToAsync(policy, "/", Form, long8K));
        Assert.Equal([HttpStatusCode.Forbidden], await SendToAsync(policy, "/limit", Form, long8K));
        Assert.Equal([HttpStatusCode.OK], await SendToAsync(policy, "/overLimit", Form, long8K));
        Assert.Equal([HttpStatusCode.OK], await SendToAsync(policy, "/mode", Form, "b=attack"));
        Assert.Equal([HttpStatusCode.OK], await SendToAsync(
            policy, "/xmlDoctypes", Xml, "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"));
    }

    [Fact]
    public async Task ARoute_HasMessagesOfItsOwn()
    {
        await using var upstream = await TestUpstream.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.ReceiveAsync(new byte[16], context.RequestAborted);
        });
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address,
            TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Routes =
                [
                    new RoutePolicy { PathPrefix = "/chat",
                        Body = new BodyInspection { Messages = MessageInspection.Off } },
                ],
            });
        foreach (var path in new[] { "/chat", "/other" })
        {
            using var socket = new System.Net.WebSockets.ClientWebSocket();
            await socket.ConnectAsync(new Uri($"ws://{sidecar.Endpoint}{path}"), CancellationToken.None);
            await socket.SendAsync("hello"u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Text, true, default);
        }

        var counters = sidecar.Sidecar.Status().Inspection;
        Assert.Equal(2, counters.Requests);
        Assert.Equal(1, counters.Uninspected[nameof(UninspectedReason.Stream)]);
    }

    private static Task<List<HttpStatusCode>> SendAsync(PolicyDocument policy, string type, params string[] bodies) =>
        SendToAsync(policy, "/", type, bodies);

    private static async Task<List<HttpStatusCode>> SendToAsync(
        PolicyDocument policy, string path, string type, params string[] bodies)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();
        var answers = new List<HttpStatusCode>();
        foreach (var body in bodies)
        {
            using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            using var response = await client.PostAsync(path, content);
            answers.Add(response.StatusCode);
        }

        return answers;
    }

    private static BodyLimits Twice(BodyLimits limits) => limits with
    {
        Arguments = limits.Arguments * 2, JsonValues = limits.JsonValues * 2, Depth = limits.Depth * 2,
        XmlNodes = limits.XmlNodes * 2, Parts = limits.Parts * 2, Files = limits.Files * 2,
    };

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static string Part(string disposition, int count) =>
        Repeat($"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n1\r\n", count) + "--b--\r\n";
}
