using System.Net;
using System.Text;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>
/// A body of which only the beginning is inspected is not malformed for that; its beginning is still inspected.
/// </summary>
public sealed class PartialBodyTests
{
    private const int Limit = 4096;

    private const string Rules =
        """
        SecRule REQBODY_ERROR "!@eq 0" "id:1,phase:2,deny,status:400"
        SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:2,phase:2,deny,status:400"
        SecRule ARGS|FILES_NAMES "@contains attack" "id:3,phase:2,deny"
        """;

    public static TheoryData<string, string, string> Bodies => new()
    {
        { "application/json", "{\"a\":\"START\",\"b\":\"", "\"}" },
        { "application/xml", "<a>START<b>", "</b></a>" },
        {
            "multipart/form-data; boundary=cut",
            "--cut\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nSTART\r\n--cut\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n",
            "\r\n--cut--\r\n"
        },
        { "application/x-www-form-urlencoded", "a=START&b=", "" },
    };

    [Theory, MemberData(nameof(Bodies))]
    public async Task LongBody_Benign_ArrivesWhole_AttackInTheBeginning_IsBlocked(string type, string start, string end)
    {
        foreach (var kind in new[] { BodyInspectionKind.Window, BodyInspectionKind.Buffered })
        {
            long arrived = 0;
            await using var upstream = await TestUpstream.StartAsync(async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                arrived = (await reader.ReadToEndAsync()).Length;
            });
            var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Body = new BodyInspection { Mode = kind, LimitBytes = Limit, OverLimit = BodyOverLimitOutcome.ProcessPartial },
            };
            await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
            using var client = sidecar.Client();
            var body = start + new string('x', 10 * Limit) + end;

            using var benign = await client.PostAsync("/", Content(body, type));
            var whole = arrived;
            using var attack = await client.PostAsync(
                "/", Content(body.Replace("START", "attack", StringComparison.Ordinal), type));

            Assert.Equal(HttpStatusCode.OK, benign.StatusCode);
            Assert.Equal(body.Length, whole);
            if (!type.Contains("xml", StringComparison.Ordinal)) Assert.Equal(
                HttpStatusCode.Forbidden, attack.StatusCode);
        }
    }

    /// <summary>What a document declares stands at its beginning, whatever follows.</summary>
    [Theory]
    [InlineData("application/xml", "<!DOCTYPE a SYSTEM \"http://files.example/x.dtd\"><a>")]
    [InlineData("text/plain", "<!DOCTYPE html [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><html>&a;")]
    public async Task LongBody_ThatDeclaresMoreThanAWellKnownType_IsRefused(string type, string start)
    {
        foreach (var kind in new[] { BodyInspectionKind.Window, BodyInspectionKind.Buffered })
        {
            await using var upstream = await TestUpstream.StartAsync();
            var policy = TestSidecar.Policy(InspectionMode.Enforce, Rules) with
            {
                Body = new BodyInspection
                {
                    Mode = kind, LimitBytes = Limit, OverLimit = BodyOverLimitOutcome.ProcessPartial,
                },
            };
            await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
            using var client = sidecar.Client();

            using var answer = await client.PostAsync("/", Content(start + new string('x', 10 * Limit), type));

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Empty(upstream.Seen);
        }
    }

    [Fact]
    public async Task ShortBody_Malformed_IsStillAnError()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce, Rules));
        using var client = sidecar.Client();

        using var response = await client.PostAsync("/", Content("{\"a\":", "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private static ByteArrayContent Content(string body, string type)
    {
        var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }
}
