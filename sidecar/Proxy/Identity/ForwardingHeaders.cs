using System.Buffers;
using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;

namespace WafOperator.Proxy.Identity;

/// <summary>
/// Headers by which proxies tell applications about the client, its request and its path; whoever may write them speaks
/// for the proxy.
/// </summary>
internal static class ForwardingHeaders
{
    public static readonly IReadOnlyList<string> Names =
    [
        "Forwarded", "X-Forwarded", "Forwarded-For", "X-Forwarded-For", "X-Forwarded-By", "X-Forwarded-Host",
        "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Path",
        "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Server", "X-Forwarded-Scheme", "X-Forwarded-Ssl",
        "X-Forwarded-Client-Cert", "X-Url-Scheme", "Front-End-Https", "X-Real-IP", "X-Client-IP", "Client-IP",
        "X-ProxyUser-IP", "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "CF-Connecting-IPv6",
        "Fastly-Client-IP", "Fly-Client-IP", "X-Azure-ClientIP", "X-Azure-SocketIP", "X-Appengine-User-IP",
        "WL-Proxy-Client-IP", "Proxy-Client-IP", "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr", "X-Host",
        "X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Original-Host", "X-Original-Method",
        "X-Original-Forwarded-For", "X-Original-Remote-Addr", "X-Envoy-External-Address", "X-Envoy-Internal",
        "X-Envoy-Original-Path", "X-Envoy-Original-Host", "X-HTTP-Host-Override",
    ];

    /// <summary>Frameworks take these for the target of the request (Symfony, Laminas, IIS).</summary>
    private static readonly string[] Targets = ["X-Original-URL", "X-Rewrite-URL"];

    private static readonly FrozenSet<string> Known = Names.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly SearchValues<char> Underscore = SearchValues.Create('_');

    /// <summary>
    /// Drops fields whose name has an underscore where one of ours, the policy's own, or another field of the request
    /// has a dash: CGI, WSGI and PHP hand both out under one name, and no proxy writes the underscored one.
    /// </summary>
    public static void DropLookAlikes(IHeaderDictionary headers, string ownHeader)
    {
        List<string>? dropped = null;
        foreach (var (name, _) in headers)
        {
            if (!name.AsSpan().ContainsAny(Underscore)) continue;
            var dashed = name.Replace('_', '-');
            if (Known.Contains(dashed) || dashed.Equals(ownHeader, StringComparison.OrdinalIgnoreCase)
                || headers.ContainsKey(dashed))
            {
                (dropped ??= []).Add(name);
            }
        }

        if (dropped is null) return;
        foreach (var name in dropped) headers.Remove(name);
    }

    /// <summary>Another target that the request names, or null.</summary>
    public static string? OtherTarget(IHeaderDictionary headers)
    {
        foreach (var name in Targets)
        {
            if (headers.TryGetValue(name, out var values) && values.Count > 0) return values[0];
        }

        return null;
    }

    /// <summary>Two of them that differ: each program would take another.</summary>
    public static bool NamesSeveralTargets(IHeaderDictionary headers)
    {
        if (OtherTarget(headers) is not { } first) return false;
        foreach (var name in Targets)
        {
            foreach (var value in headers[name])
            {
                if (!string.Equals(value, first, StringComparison.Ordinal)) return true;
            }
        }

        return false;
    }

    public static void Drop(IHeaderDictionary headers, string ownHeader)
    {
        foreach (var name in Names) headers.Remove(name);
        headers.Remove(ownHeader);
    }
}
