using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Challenges;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Challenges;

/// <summary>Over the wire: programs that keep cookies and those that do not, and a real browser.</summary>
public sealed class ChallengeWireTests
{
    private const string Browser = "/usr/bin/chromium";

    private const string Rules =
        """SecRule ARGS "@contains attack" "id:1,phase:2,deny,status:403,msg:'an attack'" """;

    [Fact]
    public async Task AProgramThatKeepsCookies_PassesTheFirstRung_ItsBodyWithIt()
    {
        await using var world = await World.StartAsync(medium: true);
        await world.RaiseAsync(4);
        var before = world.Sidecar.Metric("waf_challenges_total{event=\"Asked\"}");
        using var content = new FormUrlEncodedContent([new("q", "a word")]);
        using var request = Page(HttpMethod.Post, "/search?x=1");
        request.Content = content;

        using var answer = await world.Keeping.SendAsync(request);

        Assert.Equal("POST /search?x=1 q=a+word", await answer.Content.ReadAsStringAsync());
        using var next = await world.Keeping.SendAsync(Page(HttpMethod.Get, "/"));
        Assert.Equal("GET / ", await next.Content.ReadAsStringAsync());
        Assert.Equal(before + 1, world.Sidecar.Metric("waf_challenges_total{event=\"Asked\"}"));
        Assert.Equal(1, world.Sidecar.Metric("waf_challenges_total{event=\"Passed\"}"));
    }

    [Fact]
    public async Task AProgramWithoutCookies_IsAskedForThem_AndACallIsToldAsAProgram()
    {
        await using var world = await World.StartAsync(medium: true);
        await world.RaiseAsync(4);
        using var bare = TestSidecar.Client(world.Sidecar.Address);

        using var asked = await bare.SendAsync(Page(HttpMethod.Get, "/page"));
        Assert.Equal(HttpStatusCode.TemporaryRedirect, asked.StatusCode);
        using var check = await bare.GetAsync(asked.Headers.Location);
        using var call = await bare.GetAsync("/api/orders");

        Assert.Equal(HttpStatusCode.Forbidden, check.StatusCode);
        Assert.Contains("cookie", await check.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.TooManyRequests, call.StatusCode);
        Assert.Equal("application/problem+json", call.Content.Headers.ContentType!.MediaType);
        Assert.NotNull(call.Headers.RetryAfter);
        using var json = JsonDocument.Parse(await call.Content.ReadAsStringAsync());
        Assert.Equal(429, json.RootElement.GetProperty("status").GetInt32());
        Assert.All(world.Upstream.Seen, seen => Assert.StartsWith("/?q=", seen.Target, StringComparison.Ordinal));
        var last = (await world.Sidecar.EventsAsync())[^1];
        Assert.Equal((VerdictKind.Block, "Behaviour", "Challenge"),
            (last.Verdict, last.Reason, last.Behaviour!.Action));
    }

    [Fact]
    public async Task InDetect_NobodyIsAsked_AndTheCheckIsTheApplications()
    {
        await using var world = await World.StartAsync(medium: true, InspectionMode.Detect);
        await world.RaiseAsync(4);

        using var answer = await world.Keeping.SendAsync(Page(HttpMethod.Get, "/page"));
        using var check = await world.Keeping.GetAsync(ChallengeProgram.CheckPath);

        Assert.Equal("GET /page ", await answer.Content.ReadAsStringAsync());
        Assert.Equal($"GET {ChallengeProgram.CheckPath} ", await check.Content.ReadAsStringAsync());
        Assert.Contains(
            await world.Sidecar.EventsAsync(),
            told => told is { Verdict: VerdictKind.Allow, WouldHave: VerdictKind.Block, Reason: "Behaviour" });
    }

    [Fact]
    public async Task ABrowser_WorksAndGoesOn_AndAFormThatWasSentArrives()
    {
        Assert.True(File.Exists(Browser), "this test needs chromium: apt-get install chromium");
        await using var world = await World.StartAsync(medium: false);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Browser,
            Args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync();
        var problems = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" && !message.Text.Contains("Failed to load", StringComparison.Ordinal))
                problems.Add(message.Text);
        };
        await page.GotoAsync(new Uri(world.Sidecar.Address, "/form").ToString());
        await world.RaiseAsync(12);

        await page.FillAsync("#q", "ünï <b>&\"quoted\"");
        await page.ClickAsync("button");
        await page.WaitForSelectorAsync("#fine", new PageWaitForSelectorOptions { Timeout = 90_000 });

        Assert.Equal(
            "POST /form q=%C3%BCn%C3%AF+%3Cb%3E%26%22quoted%22&action=x&submit=go", await page.InnerTextAsync("#fine"));
        await page.GotoAsync(new Uri(world.Sidecar.Address, "/next").ToString());
        Assert.Equal("GET /next", await page.InnerTextAsync("#fine"));
        Assert.Equal(1, world.Sidecar.Metric("waf_challenges_total{event=\"Passed\"}"));
        Assert.Empty(problems);
    }

    [Fact]
    public async Task ABrowserWithoutScripts_WaitsAndGoesOn()
    {
        Assert.True(File.Exists(Browser), "this test needs chromium: apt-get install chromium");
        await using var world = await World.StartAsync(medium: false, high: true);
        await world.RaiseAsync(6);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Browser,
            Args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            JavaScriptEnabled = false,
        });
        var page = await context.NewPageAsync();

        await page.GotoAsync(new Uri(world.Sidecar.Address, "/next?a=1&b=2").ToString());
        await page.WaitForSelectorAsync("#fine", new PageWaitForSelectorOptions { Timeout = 60_000 });

        Assert.Equal("GET /next?a=1&b=2", await page.InnerTextAsync("#fine"));
    }

    private static HttpRequestMessage Page(HttpMethod method, string path) => new(method, path)
    {
        Headers = { { "Accept", "text/html,application/xhtml+xml" } },
    };

    private sealed class World : IAsyncDisposable
    {
        public required TestUpstream Upstream { get; init; }
        public required TestSidecar Sidecar { get; init; }
        public required HttpClient Keeping { get; init; }

        public static async Task<World> StartAsync(
            bool medium, InspectionMode mode = InspectionMode.Enforce, bool high = false)
        {
            var upstream = await TestUpstream.StartAsync(AnswerAsync);
            var (none, ask) = (BehaviourActionKind.Log, BehaviourActionKind.Challenge);
            var sidecar = await TestSidecar.StartAsync(
                upstream.Address, TestSidecar.Policy(mode, Rules) with
                {
                    Behaviour = new BehaviourPolicy
                    {
                        Mode = mode, Clients = 1000, MediumAction = medium ? ask : none,
                        HighAction = medium || high ? ask : none, CriticalAction = ask,
                        Challenge = new ChallengePolicy { WorkBits = 10 },
                    },
                    // Whoever is asked can answer all the same.
                    Routes = [new RoutePolicy { PathPrefix = "/.well-known", Mode = InspectionMode.Off }],
                });
            return new World
            {
                Upstream = upstream, Sidecar = sidecar,
                Keeping = new HttpClient(new SocketsHttpHandler { UseProxy = false })
                {
                    BaseAddress = sidecar.Address, Timeout = TimeSpan.FromSeconds(30),
                },
            };
        }

        /// <summary>Attacks, until the client's risk is medium (4), high (6) or critical (12).</summary>
        public async Task RaiseAsync(int attacks)
        {
            using var client = TestSidecar.Client(Sidecar.Address);
            for (var i = 0; i < attacks; i++)
            {
                using var answer = await client.GetAsync("/?q=attack");
            }
        }

        public async ValueTask DisposeAsync()
        {
            Keeping.Dispose();
            await Sidecar.DisposeAsync();
            await Upstream.DisposeAsync();
        }

        private static async Task AnswerAsync(HttpContext context)
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            var request = context.Request;
            var text = $"{request.Method} {request.Path}{request.QueryString} {body}";
            if (request.Headers["Sec-Fetch-Mode"] != "navigate")
            {
                await context.Response.WriteAsync(text);
                return;
            }

            context.Response.ContentType = "text/html; charset=utf-8";
            await context.Response.WriteAsync(
                $"<p id=fine>{WebUtility.HtmlEncode(text)}</p><form method=post><input id=q name=q>"
                + "<input type=hidden name=action value=x><button name=submit value=go>Send</button></form>");
        }
    }
}
