using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// The request target as the client sent it. It is forwarded byte for byte: decoding and encoding it anew, as proxies
/// like to do, would show the application another path than the one that was inspected.
/// </summary>
internal static class RequestTarget
{
    private static readonly UriCreationOptions AsSent = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>The target is the server, not a resource.</summary>
    public static bool IsServer(HttpContext context) =>
        HttpMethods.IsOptions(context.Request.Method)
        && context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget is "*";

    /// <summary>
    /// Path and query as sent; the origin of an absolute target removed. Null for targets that name no path,
    /// and
    /// for bytes outside ASCII, which no target may have and which programs read in different ways.
    /// </summary>
    public static string? Of(HttpContext context)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!Ascii.IsValid(raw)) return null;
        if (raw.Length > 0 && raw[0] == '/') return raw;
        var scheme = raw.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0 || raw.AsSpan(0, scheme).ContainsAny("/?#")) return null;
        var path = raw.AsSpan(scheme + 3).IndexOfAny('/', '?');
        if (path < 0) return "/";
        var rest = raw[(scheme + 3 + path)..];
        return rest[0] == '/' ? rest : "/" + rest;
    }

    /// <summary>
    /// Takes a fragment off the target, which no client may send (RFC 9112 section 3.2). Some servers cut there and
    /// some do not: the application gets what was inspected, in which there is nothing to cut.
    /// </summary>
    public static void DropFragment(HttpContext context)
    {
        var feature = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        var fragment = feature.RawTarget.IndexOf('#');
        if (fragment >= 0) feature.RawTarget = feature.RawTarget[..fragment];
    }

    public static Uri At(string origin, string target) => new(string.Concat(origin, target), AsSent);
}
