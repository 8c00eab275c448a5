using System.Buffers;
using System.Text;
using WafOperator.Http;

namespace WafOperator.Behaviour.Features;

/// <summary>What the headers of a request look like. Reused; not thread-safe.</summary>
public sealed class HeaderShape
{
    /// <summary>Bytes of a User-Agent that are searched for words.</summary>
    private const int AgentBytesMax = 512;

    private static readonly SearchValues<byte> AddressBytes = SearchValues.Create("0123456789.:[]"u8);

    public int Count { get; private set; }
    public int Bytes { get; private set; }
    public int Longest { get; private set; }

    /// <summary>Names that begin with a capital letter.</summary>
    public int Capitals { get; private set; }
    public int HostBytes { get; private set; }
    public bool IsHostAddress { get; private set; }
    public ByteStatistics Agent { get; private set; }
    public int AgentBytes { get; private set; }
    public bool IsAgentBrowser { get; private set; }
    public bool IsAgentBot { get; private set; }
    public bool IsAgentLibrary { get; private set; }
    public int RefererBytes { get; private set; }
    public bool HasReferer => RefererBytes > 0;
    public bool IsOwnReferer { get; private set; }
    public bool HasAccept { get; private set; }
    public bool AcceptsHtml { get; private set; }
    public bool AcceptsAnything { get; private set; }
    public bool HasAcceptLanguage { get; private set; }
    public bool HasAcceptEncoding { get; private set; }
    public int Cookies { get; private set; }
    public int CookieBytes { get; private set; }
    public bool HasAuthorization { get; private set; }
    public int FetchFields { get; private set; }
    public int ClientHints { get; private set; }
    public int Extensions { get; private set; }
    public bool HasOrigin { get; private set; }
    public bool HasContentType { get; private set; }
    public bool ClosesConnection { get; private set; }
    public bool IsConditional { get; private set; }
    public bool HasRange { get; private set; }
    public bool WantsUpgradeInsecure { get; private set; }
    public bool AvoidsCache { get; private set; }
    public int Forwarding { get; private set; }

    public void Read(CanonicalRequest request)
    {
        Clear();
        var host = request[request.Host];
        HostBytes = host.Length;
        IsHostAddress = host.Length > 0 && !host.ContainsAnyExcept(AddressBytes);
        foreach (ref readonly var header in request.Headers)
        {
            var value = request[header.Value];
            var name = request[header.Name];
            Count++;
            Bytes += name.Length + value.Length;
            Longest = Math.Max(Longest, value.Length);
            if (name is [>= (byte)'A' and <= (byte)'Z', ..]) Capitals++;
            Read(request[header.LowerName], value, host);
        }
    }

    private void Clear()
    {
        (Count, Bytes, Longest, Capitals) = (0, 0, 0, 0);
        (Agent, AgentBytes) = (default, 0);
        (IsAgentBrowser, IsAgentBot, IsAgentLibrary) = (false, false, false);
        (RefererBytes, IsOwnReferer) = (0, false);
        (HasAccept, AcceptsHtml, AcceptsAnything) = (false, false, false);
        (HasAcceptLanguage, HasAcceptEncoding) = (false, false);
        (Cookies, CookieBytes, FetchFields, ClientHints, Extensions, Forwarding) = (0, 0, 0, 0, 0, 0);
        (HasAuthorization, HasOrigin, HasContentType, ClosesConnection) = (false, false, false, false);
        (IsConditional, HasRange, WantsUpgradeInsecure, AvoidsCache) = (false, false, false, false);
    }

    private void Read(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ReadOnlySpan<byte> host)
    {
        if (name.StartsWith("sec-fetch-"u8)) FetchFields++;
        else if (name.StartsWith("sec-ch-"u8)) ClientHints++;
        else if (name.StartsWith("x-"u8)) Extensions++;
        if (name.SequenceEqual("user-agent"u8)) ReadAgent(value);
        else if (name.SequenceEqual("referer"u8)) ReadReferer(value, host);
        else if (name.SequenceEqual("accept"u8)) ReadAccept(value);
        else if (name.SequenceEqual("cookie"u8)) ReadCookies(value);
        else ReadFlags(name, value);
    }

    private void ReadFlags(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        HasAcceptLanguage |= name.SequenceEqual("accept-language"u8);
        HasAcceptEncoding |= name.SequenceEqual("accept-encoding"u8);
        HasAuthorization |= name.SequenceEqual("authorization"u8);
        HasOrigin |= name.SequenceEqual("origin"u8);
        HasContentType |= name.SequenceEqual("content-type"u8);
        HasRange |= name.SequenceEqual("range"u8);
        IsConditional |= name.SequenceEqual("if-none-match"u8) || name.SequenceEqual("if-modified-since"u8);
        WantsUpgradeInsecure |= name.SequenceEqual("upgrade-insecure-requests"u8);
        ClosesConnection |= name.SequenceEqual("connection"u8) && Ascii.EqualsIgnoreCase(value, "close"u8);
        AvoidsCache |= (name.SequenceEqual("cache-control"u8) || name.SequenceEqual("pragma"u8))
            && value.IndexOf("no-cache"u8) >= 0;
        if (name.SequenceEqual("x-forwarded-for"u8) || name.SequenceEqual("via"u8)
            || name.SequenceEqual("forwarded"u8)) Forwarding++;
    }

    private void ReadAgent(ReadOnlySpan<byte> value)
    {
        AgentBytes = value.Length;
        Agent = ByteStatistics.Of(value);
        IsAgentBrowser = value.StartsWith("Mozilla/"u8);
        Span<byte> lower = stackalloc byte[AgentBytesMax];
        var length = Math.Min(value.Length, AgentBytesMax);
        for (var i = 0; i < length; i++) lower[i] = NameHash.ToLower(value[i]);
        IsAgentBot = WordLists.IsAnyIn(WordLists.Bots, lower[..length]);
        IsAgentLibrary = WordLists.IsAnyIn(WordLists.Libraries, lower[..length]);
    }

    private void ReadReferer(ReadOnlySpan<byte> value, ReadOnlySpan<byte> host)
    {
        RefererBytes = value.Length;
        var at = value.IndexOf("//"u8);
        var authority = at < 0 ? default : value[(at + 2)..];
        var slash = authority.IndexOf((byte)'/');
        if (slash >= 0) authority = authority[..slash];
        IsOwnReferer = !host.IsEmpty && Ascii.EqualsIgnoreCase(authority, host);
    }

    private void ReadAccept(ReadOnlySpan<byte> value)
    {
        HasAccept = true;
        AcceptsHtml = value.IndexOf("text/html"u8) >= 0;
        AcceptsAnything = value.SequenceEqual("*/*"u8);
    }

    private void ReadCookies(ReadOnlySpan<byte> value)
    {
        CookieBytes += value.Length;
        foreach (var range in value.Split((byte)';'))
        {
            if (!value[range].Trim((byte)' ').IsEmpty) Cookies++;
        }
    }
}
