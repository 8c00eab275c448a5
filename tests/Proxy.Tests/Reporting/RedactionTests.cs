using System.Net;
using System.Text.Json;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Reporting;

public sealed class RedactionTests
{
    private readonly Redactor _redactor = new(["Customer-No"]);

    [Theory]
    [InlineData("password", true)]
    [InlineData("user[Password]", true)]
    [InlineData("json.login.passwd", true)]
    [InlineData("access_token", true)]
    [InlineData("X-API-Key", true)]
    [InlineData("apiKey", true)]
    [InlineData("json.user.pin", true)]
    [InlineData("user[pin]", true)]
    [InlineData("Authorization", true)]
    [InlineData("customer_no", true)]
    [InlineData("CUSTOMER-NO", true)]
    [InlineData("q", false)]
    [InlineData("spinning", false)]
    [InlineData("monkey", false)]
    [InlineData("author", false)]
    public void IsSecretName_ByNameHoweverWritten(string name, bool expected) => Assert.Equal(
        expected, _redactor.IsSecretName(name));

    [Theory]
    [InlineData("ARGS:q", false, true)]
    [InlineData("ARGS:q", true, true)]
    [InlineData("ARGS:password", false, false)]
    [InlineData("REQUEST_HEADERS:Authorization", false, false)]
    [InlineData("REQUEST_HEADERS:User-Agent", true, true)]
    [InlineData("REQUEST_COOKIES:theme", false, false)]
    [InlineData("REQUEST_COOKIES_NAMES:theme", false, true)]
    [InlineData("REQUEST_BODY", false, true)]
    [InlineData("REQUEST_BODY", true, false)]
    [InlineData("QUERY_STRING", true, false)]
    [InlineData("REQUEST_URI", true, false)]
    [InlineData("REQUEST_METHOD", true, true)]
    [InlineData(null, true, false)]
    public void MayShow_ByVariable(string? variable, bool holdsSecrets, bool expected) =>
        Assert.Equal(expected, _redactor.MayShow(variable, holdsSecrets));

    [Theory]
    [InlineData("https://shop/reset?lang=en&token=abc#x", "https://shop/reset?lang=en&token=[redacted]#x")]
    [InlineData("/a?access%5Ftoken=abc&q=1&API-Key=def", "/a?access%5Ftoken=[redacted]&q=1&API-Key=[redacted]")]
    [InlineData("a=1&b=2", "a=1&b=2")]
    [InlineData("token=", "token=")]
    [InlineData("token=a=b&q=token", "token=[redacted]&q=token")]
    [InlineData("password=one password=two", "password=[redacted] password=[redacted]")]
    [InlineData("== = &=", "== = &=")]
    public void Masked_PairsInsideATextHoldSecrets(string text, string expected) =>
        Assert.Equal(expected, _redactor.Masked(text, 512));

    [Theory]
    [InlineData("REQUEST_HEADERS:Referer", true, false)]
    [InlineData("REQUEST_HEADERS:referer", false, true)]
    [InlineData("REQUEST_HEADERS:X-Original-URL", true, false)]
    [InlineData("RESPONSE_HEADERS:Location", true, false)]
    public void MayShow_AnAddressThatMayBeCutBehindASecretsName(string variable, bool holdsSecrets, bool expected) =>
        Assert.Equal(expected, _redactor.MayShow(variable, holdsSecrets));

    [Theory]
    [InlineData("/users/42/orders", "/users/42/orders")]
    [InlineData("/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl/x", "/reset/[redacted]/x")]
    [InlineData("/t/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "/t/[redacted]")]
    [InlineData("/items/550e8400-e29b-41d4-a716-446655440000", "/items/550e8400-e29b-41d4-a716-446655440000")]
    [InlineData("/blog/2024-a-very-long-title-of-a-post-about-nothing", "/blog/2024-a-very-long-title-of-a-post-about-nothing")]
    public void Path_LooksLikeAToken_IsMasked(string path, string expected) => Assert.Equal(
        expected, Redactor.Path(path, 512));

    [Fact]
    public async Task Log_SecretsOfEveryKind_AreNowhereInIt()
    {
        const string rules =
            """
            SecRule ARGS|REQUEST_HEADERS|REQUEST_COOKIES|QUERY_STRING|REQUEST_URI|REQUEST_BODY "@contains hunter2" \
                "id:1,phase:2,pass,log,multiMatch,msg:'Found %{MATCHED_VAR}',logdata:'%{MATCHED_VAR}',tag:'x'"
            SecRule ARGS:q "@contains visible" "id:2,phase:2,deny,msg:'seen'"
            """;
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address,
            TestSidecar.Policy(InspectionMode.Enforce, rules) with { Logging = new DecisionLogging { Decisions = DecisionLogLevel.All } });
        using var client = sidecar.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/login?token=hunter2abc&q=visible")
        {
            Content = new FormUrlEncodedContent([new("user", "me"), new("password", "hunter2")]),
            Headers = { { "Authorization", "Bearer hunter2" }, { "Cookie", "sid=hunter2; theme=hunter2" }, { "X-Api-Key", "hunter2" },
                { "Referer", "https://shop.example/reset?lang=en&token=hunter2#top" },
                { "X-Original-URL", "/reset?access%5Ftoken=hunter2" }, { "X-Note", "seen at /a?password=hunter2 today" },
            },
        };

        using var response = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        await sidecar.StopAsync();
        var log = string.Join('\n', sidecar.Lines());
        Assert.Contains("\"id\":1", log, StringComparison.Ordinal);
        Assert.Contains("visible", log, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", log, StringComparison.Ordinal);
    }

    /// <summary>Bodies that no reader takes apart, or takes for something else than they are.</summary>
    [Theory]
    [InlineData("text/plain", "{\"user\":\"me\",\"password\":\"hunter2\"}")]
    [InlineData("text/plain", "user=me&password=hunter2")]
    [InlineData("text/plain", "user: me\npassword: hunter2\n")]
    [InlineData("application/octet-stream", "{\"access_token\":\"hunter2\"}")]
    [InlineData("application/yaml", "login:\n  password: hunter2\n")]
    [InlineData("application/x-own", "api_key=hunter2")]
    [InlineData("application/xml", "<login><password>hunter2</password></login>")]
    [InlineData("", "{\"password\":\"hunter2\"}")]
    public async Task Log_SecretsInBodiesThatNoReaderTakes_AreNowhereInIt(string type, string body)
    {
        const string rules = "SecRule ARGS|REQUEST_BODY|XML:/* \"@contains hunter2\" "
            + "\"id:1,phase:2,deny,multiMatch,msg:'Found %{MATCHED_VAR}',logdata:'%{MATCHED_VAR}'\"";
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, rules) with
            {
                Logging = new DecisionLogging { Decisions = DecisionLogLevel.All, MatchedDataBytesMax = 1024 },
            });
        using var client = sidecar.Client();
        using var content = new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(body));
        if (type.Length > 0) content.Headers.TryAddWithoutValidation("Content-Type", type);

        (await client.PostAsync("/login", content)).Dispose();

        await sidecar.StopAsync();
        var log = string.Join('\n', sidecar.Lines());
        Assert.NotEmpty(log);
        Assert.DoesNotContain("hunter2", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_HostileBytes_AreOneLineOfJsonEach()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(
                InspectionMode.Detect, "SecRule ARGS \"@rx .\" \"id:1,phase:2,deny,msg:'%{MATCHED_VAR}'\""));

        for (var i = 0; i < 3; i++)
        {
            await RawConnection.ExchangeAsync(
                sidecar.Endpoint,
                "GET /a%0a%0d%22%7d%00%1b[31m%ff?q=x%0d%0a{%22verdict%22:%22Allow%22}%e2%80%a8%ff%00 HTTP/1.1\r\nHost: sh\u00ffop\r\nConnection: close\r\n\r\n");
        }

        await sidecar.StopAsync();
        Assert.All(sidecar.Lines(), line => JsonDocument.Parse(line).Dispose());
        Assert.All(sidecar.Lines(), line => Assert.DoesNotContain(line, character => character < ' ' || character == '\u2028'));
    }

    [Fact]
    public async Task Log_HugeValues_AreBounded()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(
                InspectionMode.Enforce, "SecRule ARGS \"@rx .\" \"id:1,phase:2,deny,msg:'%{MATCHED_VAR}'\""));
        using var client = sidecar.Client();

        using var response = await client.PostAsync(
            $"/{new string('p', 8000)}", new FormUrlEncodedContent([new("a", new string('v', 200_000))]));

        await sidecar.StopAsync();
        Assert.InRange(Assert.Single(sidecar.Lines()).Length, 100, 4096);
    }
}
