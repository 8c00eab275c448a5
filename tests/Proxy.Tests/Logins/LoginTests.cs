using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Logins;

/// <summary>Over the wire: user names in JSON, and answers that are told by their text.</summary>
public sealed class LoginTests
{
    [Fact]
    public async Task FailuresOfAClient_AreLimited_OverTheWire()
    {
        await using var upstream = await TestUpstream.StartAsync(AnswerAsync);
        var policy = TestSidecar.Policy(InspectionMode.Enforce) with
        {
            Logins = [new LoginPolicy
            {
                PathPrefix = "/login", UserName = "user.name",
                Failure = new LoginSigns { BodyContains = "Wrong password" },
                PerClient = new FailureLimit { Failures = 3, Period = TimeSpan.FromMinutes(10), Share = 0.5 },
            }],
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using var client = sidecar.Client();
        client.DefaultRequestHeaders.Add("Accept-Encoding", "gzip");

        Assert.Equal("Welcome", await SignInAsync("right"));
        for (var i = 0; i < 3; i++) Assert.Equal("Wrong password", await SignInAsync("wrong"));
        using var limited = await PostAsync("right");

        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 600);
        // An application that packs whatever may be packed would hide its words.
        Assert.All(upstream.Seen, seen => Assert.Equal("identity", seen["Accept-Encoding"]));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/login")).StatusCode);
        Assert.Equal(3, sidecar.Metric("waf_logins_total{outcome=\"Failure\"}"));
        Assert.Equal(1, sidecar.Metric("waf_logins_total{outcome=\"Success\"}"));
        var told = Assert.Single(await sidecar.EventsAsync(), told => told.Verdict is VerdictKind.Limited);
        Assert.Equal(("RateLimit", "rate limit login failures of this client"), (told.Reason, told.Message));

        async Task<string> SignInAsync(string password)
        {
            using var answer = await PostAsync(password);
            return await answer.Content.ReadAsStringAsync();
        }

        async Task<HttpResponseMessage> PostAsync(string password)
        {
            using var content = new StringContent(
                $$$"""{"user":{"name":"ann"},"password":"{{{password}}}"}""", Encoding.UTF8, "application/json");
            return await client.PostAsync("/login", content);
        }
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        await context.Response.WriteAsync(
            body.Contains("wrong", StringComparison.Ordinal) ? "Wrong password" : "Welcome");
    }
}
