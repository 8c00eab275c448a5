namespace WafOperator.Behaviour.Features;

/// <summary>Words that features look for, in lower case. Part of the catalogue's version.</summary>
internal static class WordLists
{
    /// <summary>Extensions of what pages are made of.</summary>
    public static readonly byte[][] Assets = Of(
        "css js mjs map png jpg jpeg gif svg ico webp avif bmp woff woff2 ttf eot otf mp4 webm mp3 wav ogg");

    /// <summary>Extensions of programs that servers run.</summary>
    public static readonly byte[][] Programs = Of(
        "php php5 php7 phtml asp aspx ashx asmx jsp jspx do action cgi pl py sh exe dll");

    /// <summary>What automatic clients that say so call themselves.</summary>
    public static readonly byte[][] Bots = Of(
        "bot crawl spider slurp http:// https:// monitor preview feed archiv");

    /// <summary>Libraries and tools.</summary>
    public static readonly byte[][] Libraries = Of(
        "curl wget python go-http java/ okhttp libwww node axios httpclient scrapy ruby perl php guzzle aiohttp httpx "
        + "postman headless");

    public static bool Contains(byte[][] words, ReadOnlySpan<byte> word)
    {
        foreach (var candidate in words)
        {
            if (candidate.AsSpan().SequenceEqual(word)) return true;
        }

        return false;
    }

    public static bool IsAnyIn(byte[][] words, ReadOnlySpan<byte> text)
    {
        foreach (var word in words)
        {
            if (text.IndexOf(word) >= 0) return true;
        }

        return false;
    }

    private static byte[][] Of(string words) =>
        [.. words.Split(' ').Select(System.Text.Encoding.ASCII.GetBytes)];
}
