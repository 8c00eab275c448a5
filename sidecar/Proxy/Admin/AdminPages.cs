using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace WafOperator.Proxy.Admin;

/// <summary>Whom a page of the admin port is for.</summary>
internal enum AdminAudience
{
    /// <summary>Whoever reaches the port: probes come from the node.</summary>
    Anyone,

    /// <summary>Who collects metrics, and the pod itself.</summary>
    Scraper,

    /// <summary>The pod itself: its containers, and people through <c>kubectl port-forward</c>.</summary>
    Pod,
}

/// <summary>What a page of the admin port answers.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Content type.</param>
/// <param name="Body">Body, UTF-8.</param>
internal readonly record struct AdminPage(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    public static AdminPage Text(int status, string text) =>
        new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text + "\n"));
}

/// <summary>A page and whom it is for.</summary>
internal readonly record struct AdminEntry(AdminAudience Audience, Func<AdminPage> Make);

/// <summary>The pages of the admin port and who gets which. Pure but for the pages themselves.</summary>
internal sealed class AdminPages(IReadOnlyDictionary<string, AdminEntry> pages, MetricsAccess metrics)
{
    /// <summary>The answer to a request.</summary>
    public AdminPage Answer(string method, string path, string? authorization, IPAddress? peer)
    {
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method)) return AdminPage.Text(405, "only GET");
        if (!pages.TryGetValue(path, out var entry))
            return AdminPage.Text(404, "there are: " + string.Join(' ', pages.Keys));
        var isPod = peer is not null && IPAddress.IsLoopback(peer);
        return entry.Audience switch
        {
            AdminAudience.Scraper when !isPod && !metrics.Allows(authorization) => AdminPage.Text(
                403, "metrics are for callers with the scrape token: set metrics.sidecars in the chart's values"),
            AdminAudience.Pod when !isPod => AdminPage.Text(
                403, "this page is for the pod itself: kubectl port-forward POD 16520, or kubectl describe wafpolicy"),
            _ => entry.Make(),
        };
    }
}

/// <summary>Who may read metrics besides the pod itself.</summary>
/// <param name="IsOpen">Everybody who reaches the port.</param>
/// <param name="TokenSha256">Who sends the bearer token with this SHA-256, lower-case hexadecimal; null for none.</param>
public sealed record MetricsAccess(bool IsOpen = false, string? TokenSha256 = null)
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Reads <c>open</c>, <c>sha256:</c> and 64 digits, or nothing; null when it is none of these.</summary>
    public static MetricsAccess? TryParse(string? text) => text switch
    {
        null or "" => new MetricsAccess(),
        "open" => new MetricsAccess(IsOpen: true),
        _ when text.Length == 71 && text.StartsWith("sha256:", StringComparison.Ordinal)
            && !text.AsSpan(7).ContainsAnyExcept(HexDigits) => new MetricsAccess(TokenSha256: text[7..]),
        _ => null,
    };

    internal bool Allows(string? authorization)
    {
        const string Scheme = "Bearer ";
        if (IsOpen) return true;
        if (TokenSha256 is null || authorization is null
            || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return false;
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()));
        return CryptographicOperations.FixedTimeEquals(digest, Convert.FromHexString(TokenSha256));
    }
}
