using WafOperator.Behaviour.Bots;
using WafOperator.Http;

namespace WafOperator.Behaviour.Tests.Bots;

/// <summary>Heads as browsers and tools write them, and browsers that are none.</summary>
public sealed class BotJudgeTests
{
    private const string ChromeAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        + "Chrome/142.0.0.0 Safari/537.36";

    private const string FirefoxAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    private static readonly string[] Chrome =
    [
        "Host: shop", "sec-ch-ua: \"Chromium\";v=\"142\", \"Not=A?Brand\";v=\"24\"", "sec-ch-ua-mobile: ?0",
        "sec-ch-ua-platform: \"Linux\"", "Upgrade-Insecure-Requests: 1", "User-Agent: " + ChromeAgent,
        "Accept: text/html,application/xhtml+xml", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-User: ?1", "Sec-Fetch-Dest: document", "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept-Language: en-US,en;q=0.9",
    ];

    private static readonly string[] Firefox =
    [
        "Host: shop", "User-Agent: " + FirefoxAgent, "Accept: text/html,application/xhtml+xml",
        "Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br, zstd", "Sec-Fetch-Dest: document",
        "Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none",
    ];

    public static TheoryData<string, string[], bool, BotSigns> Cases => new()
    {
        { "Chrome", Chrome, true, BotSigns.None },
        { "Firefox", Firefox, true, BotSigns.None },
        {
            "Chrome without encryption",
            [.. Chrome.Where(line => !line.StartsWith("S", StringComparison.OrdinalIgnoreCase))], false, BotSigns.None
        },
        { "curl", ["Host: shop", "User-Agent: curl/8.5.0", "Accept: */*"], true, BotSigns.ToolAgent },
        { "no agent", ["Host: shop", "Accept: */*"], true, BotSigns.NoAgent },
        {
            "a crawler", ["Host: shop", "User-Agent: Mozilla/5.0 (compatible; Examplebot/2.1)"], true,
            BotSigns.DeclaredBot
        },
        { "headless", With(Chrome, "Chrome/142", "HeadlessChrome/142"), true, BotSigns.HeadlessAgent },
        { "a script with a browser's name", ["Host: shop", "User-Agent: " + ChromeAgent], true,
            BotSigns.NoAccept | BotSigns.NoLanguage | BotSigns.NoEncoding },
        { "a script with a page's Accept", ["Host: shop", "User-Agent: " + ChromeAgent, "Accept: text/html",
            "Accept-Encoding: gzip", "Accept-Language: en"], true, BotSigns.NoFetch },
        { "another version", With(Chrome, "v=\"142\"", "v=\"120\""), true, BotSigns.HintsVersion },
        { "another system", With(Chrome, "\"Linux\"", "\"Windows\""), true, BotSigns.HintsSystem },
        {
            "hints of Chrome in Firefox", [.. Firefox, "sec-ch-ua: \"Chromium\";v=\"142\""], true,
            BotSigns.HintsOfAnother
        },
        {
            "a page view that loads an image", With(Chrome, "Dest: document", "Dest: image"), true,
            BotSigns.FetchContradicts
        },
        { "typed in, and from a page", [.. Chrome, "Referer: https://shop/"], true, BotSigns.FetchContradicts },
        { "the order of another", [Chrome[0], .. Chrome.Skip(1).Reverse()], true, BotSigns.Order },
        {
            "Firefox in Chrome's order", [.. Firefox[..3], Firefox[4], Firefox[3], .. Firefox[5..]], true,
            BotSigns.Order
        },
    };

    [Theory, MemberData(nameof(Cases))]
    public void AHead_HasTheseSigns(string what, string[] head, bool isEncrypted, BotSigns signs)
    {
        var reading = BotJudge.Read(Request(head), isEncrypted);

        Assert.True(signs == reading.Signs, $"{what}: {reading.Signs}");
        Assert.Equal(BotJudge.WeightOf(signs), reading.Weight);
        Assert.Equal(signs == BotSigns.None, reading.Weight == 0);
    }

    [Fact]
    public void Weights_AddUp_ToAHundredAtMost_AndReasonsHaveNames()
    {
        var reading = BotJudge.Read(Request(["Host: shop", "User-Agent: " + ChromeAgent]), isEncrypted: true);

        Assert.Equal(60, reading.Weight);
        Assert.Equal(["NoAccept", "NoLanguage", "NoEncoding"], reading.Reasons());
        Assert.Equal(100, BotJudge.WeightOf((BotSigns)~0));
        Assert.All(Enum.GetValues<BotSigns>().Skip(1), sign => Assert.InRange(BotJudge.WeightOf(sign), 10, 60));
    }

    private static string[] With(string[] head, string text, string other) =>
        [.. head.Select(line => line.Replace(text, other, StringComparison.Ordinal))];

    private static CanonicalRequest Request(string[] head)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", "/", "HTTP/1.1");
        foreach (var line in head)
        {
            var parts = line.Split(": ", 2);
            request.AddHeader(parts[0], parts[1]);
        }

        request.EndHeaders();
        return request;
    }
}
