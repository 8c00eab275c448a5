namespace WafOperator.Behaviour.Bots;

/// <summary>What speaks for a request being a program's, by its head alone: names stand in events.</summary>
[Flags]
public enum BotSigns
{
    None = 0,

    /// <summary>No User-Agent.</summary>
    NoAgent = 1 << 0,

    /// <summary>The User-Agent is that of a library or tool.</summary>
    ToolAgent = 1 << 1,

    /// <summary>The User-Agent says that it is a crawler.</summary>
    DeclaredBot = 1 << 2,

    /// <summary>The User-Agent says that a browser runs without a screen.</summary>
    HeadlessAgent = 1 << 3,

    /// <summary>A browser that does not say what it takes (Accept).</summary>
    NoAccept = 1 << 4,

    /// <summary>A browser that does not say which languages it wants.</summary>
    NoLanguage = 1 << 5,

    /// <summary>A browser that takes nothing compressed.</summary>
    NoEncoding = 1 << 6,

    /// <summary>Client hints of a browser that has none (Firefox, Safari).</summary>
    HintsOfAnother = 1 << 7,

    /// <summary>The version in the client hints is not that of the User-Agent.</summary>
    HintsVersion = 1 << 8,

    /// <summary>The system in the client hints is not that of the User-Agent.</summary>
    HintsSystem = 1 << 9,

    /// <summary>An encrypted page view of a browser that sends Fetch Metadata, without it.</summary>
    NoFetch = 1 << 10,

    /// <summary>Fetch Metadata that contradicts itself.</summary>
    FetchContradicts = 1 << 11,

    /// <summary>Fields stand in an order that this browser does not write.</summary>
    Order = 1 << 12,
}

/// <summary>How much a request looks like a program's.</summary>
/// <param name="Weight">0 to 100: weights of the signs, added.</param>
/// <param name="Signs">Which.</param>
public readonly record struct BotReading(int Weight, BotSigns Signs)
{
    private static readonly BotSigns[] All = Enum.GetValues<BotSigns>();

    /// <summary>The signs by name.</summary>
    public IReadOnlyList<string> Reasons()
    {
        var signs = Signs;
        return [.. All.Where(sign => sign != BotSigns.None && signs.HasFlag(sign)).Select(sign => sign.ToString())];
    }
}
