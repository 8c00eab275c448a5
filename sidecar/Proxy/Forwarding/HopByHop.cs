using Microsoft.AspNetCore.Http;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// Header fields that end at this hop (RFC 9110, section 7.6.1), besides those the forwarder drops itself.
/// </summary>
internal static class HopByHop
{
    /// <summary>
    /// Fields that a client cannot have removed by naming them in Connection: rules and applications rely on them.
    /// </summary>
    private static readonly HashSet<string> Kept = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Transfer-Encoding", "Cookie", "Authorization", "Origin", "Upgrade",
        "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-IP",
    };

    /// <summary>What these fields say of a body, inspection believed: type, coding, length, language.</summary>
    private const string Content = "Content-";

    /// <summary>
    /// Drops fields named in Connection, and then every Upgrade that is neither a whole WebSocket handshake nor
    /// allowed: an upgrade to cleartext HTTP/2 would be a way around inspection, and so would one that the application
    /// alone believes.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="upgrades">Protocols that its route allows, in lower case.</param>
    public static void Drop(HttpContext context, IReadOnlyList<string>? upgrades = null)
    {
        var headers = context.Request.Headers;
        DropNamed(headers);
        // Trailers of requests are not sent on: they are not announced either.
        if (headers.Trailer.Count > 0) headers.Remove("Trailer");
        if (headers.Upgrade.Count > 0 && !DuplexStreams.IsWebSocket(context)
            && !OtherUpgrades.IsAllowed(context, upgrades ?? [])) headers.Remove("Upgrade");
    }

    private static void DropNamed(IHeaderDictionary headers)
    {
        var connection = headers.Connection;
        for (var i = 0; i < connection.Count; i++)
        {
            var line = connection[i];
            if (line is null || IsPlain(line)) continue;
            foreach (var range in line.AsSpan().Split(','))
            {
                var name = line.AsSpan()[range].Trim();
                if (name.Length > 0 && !IsPlain(name)) DropNamed(headers, name.ToString());
            }
        }
    }

    private static void DropNamed(IHeaderDictionary headers, string name)
    {
        if (Kept.Contains(name) || name.StartsWith(Content, StringComparison.OrdinalIgnoreCase)) return;
        headers.Remove(name);
    }

    private static bool IsPlain(ReadOnlySpan<char> option) =>
        option.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)
        || option.Equals("close", StringComparison.OrdinalIgnoreCase)
        || option.Equals("upgrade", StringComparison.OrdinalIgnoreCase);
}
