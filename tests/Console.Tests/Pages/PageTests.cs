using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Pages;

/// <summary>The pages in a real browser (Debian's chromium): each flow, each role; pictures of each page are
/// kept.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private const string Browser = "/usr/bin/chromium";
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;
    private static readonly string Pictures = Directory.CreateDirectory(
        Environment.GetEnvironmentVariable("WAF_PICTURES")
            ?? Path.Combine(AppContext.BaseDirectory, "TestResults", "pictures")).FullName;

    private readonly SecurityEvent _attack = TestEvents.Attack(Now.AddMinutes(-5)) with
    {
        Message = "anomaly score 15 <script>alert(1)</script>",
    };

    private readonly List<string> _problems = [];
    private ConsoleServer _console = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async Task InitializeAsync()
    {
        _console = await ConsoleServer.StartAsync();
        await _console.AddAsync(
        [
            _attack, TestEvents.Passed(Now.AddMinutes(-3)),
                TestEvents.Attack(Now.AddHours(-3), ns: "bank", client: "203.0.113.5"),
            .. Enumerable.Range(0, 120)
                .Select(i => TestEvents.Attack(Now.AddMinutes(-10 * i), path: $"/orders/{i}",
                variable: $"ARGS:{(char)('a' + i % 5)}",
                client: $"198.51.100.{i}") with { Verdict = i % 3 == 0 ? VerdictKind.Allow : VerdictKind.Block }),
            .. Enumerable.Range(0, 200).Select(i => TestEvents.Passed(Now.AddMinutes(-7 * i))),
        ]);
        if (!File.Exists(Browser)) throw new InvalidOperationException(
            "these tests need chromium: apt-get install chromium");
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Browser,
            Args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
        await _console.DisposeAsync();
    }

    [Fact]
    public async Task APersonFromABlockPage_IsHelped_FromTheIdToTheExclusion()
    {
        var page = await SignInAsync("sue", $"/events/{_attack.Id}");
        await page.Locator("mark").First.WaitForAsync();
        Assert.Contains("1' or '1'='1", await page.Locator("mark").First.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("<script>alert(1)</script>", await page.Locator(".summary").InnerTextAsync(),
            StringComparison.Ordinal);
        await PictureAsync(page, "decision");

        await page.FillAsync("#reason", "a book title");
        await page.ClickAsync("text=False positive");
        await page.WaitForSelectorAsync("li >> text=a book title");
        await page.ClickAsync("text=Propose a WafExclusion");
        await page.FillAsync("#reason", "a book title");
        await page.ClickAsync("button:has-text('Propose')");
        var yaml = await page.Locator("pre").InnerTextAsync();
        Assert.Contains("kind: WafExclusion", yaml, StringComparison.Ordinal);
        await PictureAsync(page, "exclusion");
        var found = await _console.Store.FindAsync(_attack.Namespace, _attack.Id, default);
        Assert.Equal(Console.Store.EventLabel.Benign, found!.Row.Label);
    }

    [Fact]
    public async Task EveryPage_Shows_InLightAndDark_WideAndOnAPhone_WithoutAComplaintOfTheBrowser()
    {
        var page = await SignInAsync("ann", "/");
        await page.ClickAsync("nav >> text=Attacks");
        var attack = await page.Locator("tbody a").First.GetAttributeAsync("href");
        string[] paths = ["/", "/?hours=720", "/attacks", attack!, "/events", "/events?q=sqli+today", "/policies",
            "/rollouts", "/exclusions", "/audit"];
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 1280),
            (ColorScheme.Light, 390) })
        {
            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
            await page.SetViewportSizeAsync(width, 900);
            foreach (var path in paths)
            {
                var answer = (await page.GotoAsync(new Uri(_console.Address, path).ToString()))!;
                Assert.Equal(200, answer.Status);
                Assert.True(await page.EvaluateAsync<bool>(
                    "document.documentElement.scrollWidth <= window.innerWidth"), $"{path} is wider than {width} px");
                await PictureAsync(page, $"{scheme}-{width}{Regex.Replace(path, "[^a-z0-9]+", "-")}");
            }
        }

        Assert.Empty(_problems);
    }

    [Fact]
    public async Task ASearch_FindsAndPages_AndItsAddressCanBeShared()
    {
        var page = await SignInAsync("ann", "/events");
        await page.FillAsync("#q", "p:front kind:sqli orders");
        await page.PressAsync("#q", "Enter");
        await page.WaitForURLAsync("**/events?q=*");
        Assert.Equal(50, await page.Locator("tbody tr").CountAsync());
        await page.ClickAsync("text=Older");
        await page.WaitForURLAsync("**cursor=**");
        Assert.Equal(50, await page.Locator("tbody tr").CountAsync());
        Assert.Contains("q=p%3Afront", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheKeyboardAlone_IsEnough()
    {
        var page = await SignInAsync("ann", "/");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await page.EvaluateAsync<string>("document.activeElement.innerText"));
        for (var i = 0; i < 3; i++) await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Attacks", await page.EvaluateAsync<string>("document.activeElement.innerText"));
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/attacks");
    }

    [Fact]
    public async Task AUser_SeesTheirNamespacesOnly_AndWhatTheyMayNotDoIsSaid()
    {
        var page = await SignInAsync("bob", "/events");
        Assert.Equal(1, await page.Locator("tbody tr").CountAsync());
        var hidden = (await page.GotoAsync(new Uri(_console.Address, $"/events/{_attack.Id}").ToString()))!;
        Assert.Equal(404, hidden.Status);
        Assert.Equal(403, (await page.GotoAsync(new Uri(_console.Address, "/audit").ToString()))!.Status);
        await page.ClickAsync("text=Sign out");
        await page.WaitForURLAsync("**/sign-in");
    }

    [Fact]
    public async Task ATokenThatIsNotValid_IsRefused_AndNoCookieIsSet()
    {
        var page = await _browser.NewPageAsync();
        await page.GotoAsync(new Uri(_console.Address, "/sign-in").ToString());
        await page.FillAsync("#token", "nobody");
        await page.ClickAsync("button");
        Assert.Contains("not valid", await page.Locator("[role=alert]").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(await page.Context.CookiesAsync());
        await PictureAsync(page, "sign-in");
    }

    [Theory]
    [InlineData("https://evil.example", "cross-site")]
    [InlineData("https://evil.example", null)]
    [InlineData(null, "same-site")]
    public async Task AFormOfAnotherSite_IsNotTaken(string? origin, string? site)
    {
        using var client = _console.ClientOf(null);
        using var form = new FormUrlEncodedContent([new("token", "ann")]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Content = form };
        if (origin is not null) request.Headers.Add("Origin", origin);
        if (site is not null) request.Headers.Add("Sec-Fetch-Site", site);
        using var answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Theory]
    [InlineData("//evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("/events?q=a", "/events?q=a")]
    public async Task AfterSigningIn_OnlyPagesOfOursFollow(string next, string target)
    {
        using var client = _console.ClientOf(null);
        using var form = new FormUrlEncodedContent([new("token", "ann"), new("next", next)]);
        using var answer = await client.PostAsync("/sign-in", form);
        Assert.Equal(target, answer.Headers.Location!.OriginalString);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<IPage> SignInAsync(string user, string path)
    {
        var page = await _browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize =
            new() { Width = 1280, Height = 900 } });
        page.Console += (_, message) => { if (message.Type is "error" or "warning") _problems.Add(message.Text); };
        page.PageError += (_, error) => _problems.Add(error);
        await page.GotoAsync(new Uri(_console.Address, path).ToString());
        await page.FillAsync("#token", user);
        await page.ClickAsync("button:has-text('Sign in')");
        await page.WaitForURLAsync("**" + path);
        return page;
    }

    private static Task<byte[]> PictureAsync(IPage page, string name) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Pictures, name.Trim('-') + ".png"),
            FullPage = true });
}
