using WafOperator.Behaviour.Features;
using WafOperator.Http;

namespace WafOperator.Behaviour.Bots;

/// <summary>
/// Reads signs of programs out of a request's head: what the claimed browser would have written, and what stands there.
/// Weights are set by hand and not fitted, so the reading is recorded and decides nothing. Proxies in front may change
/// the order of fields, and take some away: look at your own traffic first. Pure.
/// </summary>
public static class BotJudge
{
    private const int WeightMax = 100;
    private const int VersionDigitsMax = 4;

    /// <summary>First versions that send client hints and Fetch Metadata.</summary>
    private const int ChromeWithHints = 89;
    private const int ChromeWithFetch = 80;
    private const int FirefoxWithFetch = 90;

    private static readonly (BotSigns Sign, int Weight)[] Weights =
    [
        (BotSigns.NoAgent, 40), (BotSigns.ToolAgent, 60), (BotSigns.DeclaredBot, 40), (BotSigns.HeadlessAgent, 60),
        (BotSigns.NoAccept, 25), (BotSigns.NoLanguage, 20), (BotSigns.NoEncoding, 15), (BotSigns.HintsOfAnother, 50),
        (BotSigns.HintsVersion, 50), (BotSigns.HintsSystem, 40), (BotSigns.NoFetch, 30),
        (BotSigns.FetchContradicts, 40), (BotSigns.Order, 20),
    ];

    private enum Family { None, Chrome, Firefox, Safari }

    /// <summary>The reading of a request.</summary>
    /// <param name="request">Its head.</param>
    /// <param name="isEncrypted">The client's connection is: browsers then send more.</param>
    public static BotReading Read(CanonicalRequest request, bool isEncrypted)
    {
        var shape = new HeaderShape();
        shape.Read(request);
        var agent = ValueOf(request, "user-agent"u8);
        var signs = AgentSigns(shape, agent);
        // What says openly that it is a program need not look like a browser.
        if (shape.IsAgentBrowser && (signs & (BotSigns.ToolAgent | BotSigns.DeclaredBot)) == 0)
            signs |= BrowserSigns(request, shape, agent, isEncrypted);
        return new BotReading(WeightOf(signs), signs);
    }

    /// <summary>The sum of the weights, at most 100.</summary>
    public static int WeightOf(BotSigns signs)
    {
        var sum = 0;
        foreach (var (sign, weight) in Weights)
        {
            if ((signs & sign) != 0) sum += weight;
        }

        return Math.Min(sum, WeightMax);
    }

    private static BotSigns AgentSigns(HeaderShape shape, ReadOnlySpan<byte> agent) =>
        agent.IsEmpty ? BotSigns.NoAgent
        : agent.IndexOf("Headless"u8) >= 0 ? BotSigns.HeadlessAgent
        : (shape.IsAgentLibrary ? BotSigns.ToolAgent : 0) | (shape.IsAgentBot ? BotSigns.DeclaredBot : 0);

    private static BotSigns BrowserSigns(
        CanonicalRequest request, HeaderShape shape, ReadOnlySpan<byte> agent, bool isEncrypted)
    {
        var signs = (shape.HasAccept ? 0 : BotSigns.NoAccept) | (shape.HasAcceptLanguage ? 0 : BotSigns.NoLanguage)
            | (shape.HasAcceptEncoding ? 0 : BotSigns.NoEncoding);
        var (family, version) = FamilyOf(agent);
        signs |= HintSigns(request, agent, (family, version));
        signs |= FetchSigns(request, shape, isEncrypted && SendsFetch(family, version));
        return signs | OrderSigns(request, family);
    }

    private static BotSigns HintSigns(
        CanonicalRequest request, ReadOnlySpan<byte> agent, (Family Family, int Version) browser)
    {
        var brands = ValueOf(request, "sec-ch-ua"u8);
        if (brands.IsEmpty) return 0;
        if (browser.Family is Family.Firefox or Family.Safari) return BotSigns.HintsOfAnother;
        if (browser.Family is not Family.Chrome || browser.Version < ChromeWithHints) return 0;
        var at = brands.IndexOf("\"Chromium\";v=\""u8);
        var signs = at >= 0 && NumberAt(brands[(at + "\"Chromium\";v=\"".Length)..]) != browser.Version
            ? BotSigns.HintsVersion : BotSigns.None;
        var system = ValueOf(request, "sec-ch-ua-platform"u8).Trim((byte)'"');
        return system.IsEmpty || IsSystemOf(system, agent) ? signs : signs | BotSigns.HintsSystem;
    }

    private static BotSigns FetchSigns(CanonicalRequest request, HeaderShape shape, bool isDue)
    {
        var mode = ValueOf(request, "sec-fetch-mode"u8);
        if (mode.IsEmpty) return isDue && shape.AcceptsHtml ? BotSigns.NoFetch : 0;
        var site = ValueOf(request, "sec-fetch-site"u8);
        var to = ValueOf(request, "sec-fetch-dest"u8);
        var isView = mode.SequenceEqual("navigate"u8);
        var isPage = to.SequenceEqual("document"u8) || to.SequenceEqual("iframe"u8) || to.SequenceEqual("frame"u8)
            || to.SequenceEqual("embed"u8) || to.SequenceEqual("object"u8);
        var contradicts = site.IsEmpty || (!to.IsEmpty && isView != isPage)
            || (site.SequenceEqual("none"u8) && shape.HasReferer)
            || (site.SequenceEqual("same-origin"u8) && shape.HasReferer && !shape.IsOwnReferer);
        return contradicts ? BotSigns.FetchContradicts : 0;
    }

    /// <summary>
    /// Chrome and Safari of today write languages after encodings, Firefox before; none writes Accept before its
    /// User-Agent but Safari.
    /// </summary>
    private static BotSigns OrderSigns(CanonicalRequest request, Family family)
    {
        var (agent, accept) = (PlaceOf(request, "user-agent"u8), PlaceOf(request, "accept"u8));
        var (encoding, language) = (PlaceOf(request, "accept-encoding"u8), PlaceOf(request, "accept-language"u8));
        var isOdd = family switch
        {
            Family.Chrome => Is(accept, agent) || Is(language, encoding),
            Family.Firefox => Is(accept, agent) || Is(encoding, language),
            _ => false,
        };
        return isOdd ? BotSigns.Order : 0;

        static bool Is(int first, int second) => first >= 0 && second >= 0 && first < second;
    }

    private static bool SendsFetch(Family family, int version) => family switch
    {
        Family.Chrome => version >= ChromeWithFetch,
        Family.Firefox => version >= FirefoxWithFetch,
        _ => false,
    };

    private static (Family Family, int Version) FamilyOf(ReadOnlySpan<byte> agent)
    {
        if (agent.IndexOf("Chrome/"u8) is >= 0 and var chrome) return (Family.Chrome, NumberAt(agent[(chrome + 7)..]));
        if (agent.IndexOf("Firefox/"u8) is >= 0 and var fox) return (Family.Firefox, NumberAt(agent[(fox + 8)..]));
        return agent.IndexOf("Version/"u8) is >= 0 and var safari && agent.IndexOf("Safari/"u8) >= 0
            ? (Family.Safari, NumberAt(agent[(safari + 8)..])) : (Family.None, 0);
    }

    private static bool IsSystemOf(ReadOnlySpan<byte> system, ReadOnlySpan<byte> agent) => system switch
    {
        _ when system.SequenceEqual("Windows"u8) => agent.IndexOf("Windows"u8) >= 0,
        _ when system.SequenceEqual("macOS"u8) => agent.IndexOf("Macintosh"u8) >= 0,
        _ when system.SequenceEqual("Android"u8) => agent.IndexOf("Android"u8) >= 0,
        _ when system.SequenceEqual("Linux"u8) => agent.IndexOf("Linux"u8) >= 0 || agent.IndexOf("X11"u8) >= 0,
        _ => true,
    };

    private static int NumberAt(ReadOnlySpan<byte> text)
    {
        var number = 0;
        for (var i = 0; i < text.Length && i < VersionDigitsMax && text[i] is >= (byte)'0' and <= (byte)'9'; i++)
            number = number * 10 + text[i] - '0';
        return number;
    }

    private static ReadOnlySpan<byte> ValueOf(CanonicalRequest request, ReadOnlySpan<byte> name)
    {
        foreach (ref readonly var header in request.Headers)
        {
            if (request[header.LowerName].SequenceEqual(name)) return request[header.Value];
        }

        return default;
    }

    private static int PlaceOf(CanonicalRequest request, ReadOnlySpan<byte> name)
    {
        var place = 0;
        foreach (ref readonly var header in request.Headers)
        {
            if (request[header.LowerName].SequenceEqual(name)) return place;
            place++;
        }

        return -1;
    }
}
