using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Reporting;

/// <summary>
/// Whoever is refused asks why: the event has the reader's reason, where it stopped, and the bound's name.
/// </summary>
public sealed class RefusalTextTests
{
    private const string Rules = """
        SecRule REQBODY_ERROR "!@eq 0" "id:1,phase:2,deny,status:400,logdata:'%{REQBODY_ERROR_MSG}'"
        SecRule ARGS|FILES "@contains attack" "id:2,phase:2,deny"
        """;

    private static readonly BodyLimits Few = new()
    {
        Arguments = 100, JsonValues = 2, Depth = 10, XmlNodes = 100, Parts = 10, Files = 10,
    };

    [Theory]
    [InlineData("application/json", "{\"a\":tea}", "JSON: a value is neither string, number, true, false nor null.", 5)]
    [InlineData("application/json", "{\"a\":1", "JSON: the document ends too early.", 6)]
    [InlineData("text/xml", "<a><b></a>", "XML", -1)]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n",
        "Multipart: the final boundary is missing.", -1)]
    [InlineData("multipart/form-data", "--b\r\n", "Multipart", -1)]
    public async Task BodyThatCannotBeRead_SaysWhyAndWhere(string type, string body, string reason, int offset)
    {
        var record = await SendAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules), Post("/", type, body));

        var match = Assert.Single(record.Rules);
        Assert.Contains(reason, match.Data, StringComparison.Ordinal);
        Assert.Matches(offset < 0 ? @"At byte \d+ of the body" : $"At byte {offset} of the body", match.Data!);
        if (type.StartsWith("multipart", StringComparison.Ordinal))
            Assert.Contains(nameof(MultipartFlags.Error), match.Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bound_IsNamed_WithWhereItWasMet()
    {
        var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
        {
            Body = new BodyInspection { Limits = Few },
        };
        var record = await SendAsync(policy, Post("/", "application/json", "[1,2,3]"));

        Assert.Equal("Limit", record.Reason);
        Assert.Contains("JsonLeaves", record.Message, StringComparison.Ordinal);
        Assert.Contains("At byte 6 of the body", record.Message, StringComparison.Ordinal);
        Assert.Equal([nameof(ExceededLimits.JsonLeaves)], record.Coverage!.Limits);
    }

    /// <summary>Nobody inspects what the server or the pipeline refuses first; it is told all the same.</summary>
    [Theory]
    [InlineData("GET /\u00e4 HTTP/1.1\r\nHost: shop\r\n\r\n", "refused before it was read", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: shop\r\nX: a\rb\r\n\r\n", "refused before it was read", 400)]
    [InlineData(
        "POST /two HTTP/1.1\r\nHost: shop\r\nContent-Type: text/plain\r\nContent-Type: application/json\r\n"
        + "Content-Length: 2\r\n\r\n{}", "", 400)]
    [InlineData(
        "POST /two HTTP/1.1\r\nHost: shop\r\nContent-Type: multipart/form-data; boundary=a\r\n"
        + "Content-Type: multipart/form-data; boundary=A\r\nContent-Length: 2\r\n\r\n{}", "", 400)]
    [InlineData(
        "POST /two HTTP/1.1\r\nHost: shop\r\nContent-Type: multipart/form-data; boundary=a\r\n"
        + "Content-Type: multipart/form-data; boundary=a\r\nContent-Length: 2\r\n\r\n{}", "", 400)]
    [InlineData(
        "POST /two HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "", 400)]
    public async Task RefusedUnread_IsAnEventOfItsOwn(string request, string message, int status)
    {
        var record = await SendAsync(TestSidecar.Policy(InspectionMode.Enforce, Rules), request);

        Assert.Equal((VerdictKind.Block, "Protocol", status), (record.Verdict, record.Reason, record.StatusCode));
        Assert.Contains(message, record.Message, StringComparison.Ordinal);
        if (request.Contains("/two", StringComparison.Ordinal)) Assert.Equal("/two", record.Path);
    }

    [Fact]
    public async Task SameTypeTwice_IsNoContradiction()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));

        var answer = await RawConnection.ExchangeAsync(
            sidecar.Endpoint,
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Type: text/plain\r\nContent-Type: text/plain\r\n"
            + "Content-Length: 3\r\nConnection: close\r\n\r\ntea");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
    }

    /// <summary>Bodies whose type no reader takes hold no names that could be judged.</summary>
    [Theory]
    [InlineData("text/plain", "{\"user\":\"me\",\"password\":\"hunter2 attack\"")]
    [InlineData("text/plain", "user: me\npassword: hunter2\nnote: attack\n")]
    [InlineData("application/x-own", "token=hunter2 attack")]
    [InlineData("text/yaml", "api_key: 'hunter2'\nname: attack\n")]
    public async Task SecretsInBodiesThatNoReaderTakes_AreNotWritten(string type, string body)
    {
        const string rules = """
            SecRule REQUEST_BODY "@contains attack" "id:1,phase:2,deny,msg:'%{MATCHED_VAR}',logdata:'%{MATCHED_VAR}'"
            """;
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, rules));

        await RawConnection.ExchangeAsync(sidecar.Endpoint, Post("/", type, body));

        await sidecar.StopAsync();
        var line = Assert.Single(sidecar.Lines());
        Assert.Contains("\"id\":1", line, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", line, StringComparison.Ordinal);
    }

    private static async Task<SecurityEvent> SendAsync(PolicyDocument policy, string request)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        await RawConnection.ExchangeAsync(sidecar.Endpoint, request);
        var record = Assert.Single(await sidecar.EventsAsync());
        Assert.Empty(upstream.Seen);
        return record;
    }

    private static string Post(string path, string type, string body) =>
        $"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n"
        + $"Connection: close\r\n\r\n{body}";
}
