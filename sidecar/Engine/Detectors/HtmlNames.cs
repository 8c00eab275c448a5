namespace WafOperator.Engine.Detectors;

/// <summary>Names of HTML that run or load code, by what they do. Source: HTML Living Standard, SVG 2.</summary>
internal static class HtmlNames
{
    private const int NameBytesMax = 24;
    private const int ActiveTagBytesMin = 3;

    private static readonly HashSet<string> ActiveTags =
    [
        "script", "applet", "embed", "object", "iframe", "frame", "frameset", "base", "meta", "link", "import",
            "isindex",
        "xml", "xss", "vmlframe", "listener", "handler", "foreignobject", "noscript", "animate", "set", "portal",
        "layer", "ilayer", "bgsound", "fencedframe",
    ];

    private static readonly HashSet<string> UrlAttributes =
    [
        "href", "src", "action", "formaction", "data", "xlink:href", "background", "poster", "code", "codebase",
            "lowsrc",
        "dynsrc", "from", "to", "values", "by", "folder", "manifest", "ping", "content", "longdesc", "profile",
            "usemap",
        "cite", "icon", "srcset", "url", "object", "value", "classid", "archive", "param", "movie", "clip-path",
            "filter",
        "mask", "fill",
    ];

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Tags =
        ActiveTags.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Urls =
        UrlAttributes.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>A tag that needs no attribute to do harm.</summary>
    public static bool IsActiveTag(ReadOnlySpan<byte> name)
    {
        if (name.Length < ActiveTagBytesMin) return false;
        Span<char> lower = stackalloc char[NameBytesMax];
        return TryLower(name, ref lower)
            && (Tags.Contains(lower) || lower.StartsWith("svg") || lower.StartsWith("xsl") || HasActivePart(lower));
    }

    /// <summary>An attribute that holds an address.</summary>
    public static bool IsUrlAttribute(ReadOnlySpan<byte> name)
    {
        Span<char> lower = stackalloc char[NameBytesMax];
        return TryLower(name, ref lower) && Urls.Contains(lower);
    }

    /// <summary>An event handler: on and at least three letters.</summary>
    public static bool IsHandler(ReadOnlySpan<byte> name)
    {
        if (name.Length is < 5 or > 40 || (name[0] | 0x20) != 'o' || (name[1] | 0x20) != 'n') return false;
        foreach (var value in name[2..])
        {
            if (!char.IsAsciiLetterOrDigit((char)value) && value is not ((byte)'-' or (byte)'_')) return false;
        }

        return true;
    }

    /// <summary>Namespaced names such as x:script.</summary>
    private static bool HasActivePart(ReadOnlySpan<char> lower)
    {
        var colon = lower.LastIndexOf(':');
        return colon >= 0 && Tags.Contains(lower[(colon + 1)..]);
    }

    private static bool TryLower(ReadOnlySpan<byte> name, ref Span<char> lower)
    {
        if (name.IsEmpty || name.Length > lower.Length) return false;
        for (var i = 0; i < name.Length; i++) lower[i] = char.ToLowerInvariant((char)name[i]);
        lower = lower[..name.Length];
        return true;
    }
}
