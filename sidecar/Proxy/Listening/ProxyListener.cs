using System.Net;

namespace WafOperator.Proxy.Listening;

/// <summary>Where requests come in, and the application they go to.</summary>
/// <param name="Name">Name, for logs.</param>
/// <param name="Endpoint">Address and port to listen on, port 0 takes a free one; or an endpoint in memory.</param>
/// <param name="Upstream">Origin of the application: scheme, host, port.</param>
public sealed record ProxyListener(string Name, EndPoint Endpoint, Uri Upstream)
{
    /// <summary>Gateways ask here about requests that they hold back (docs/forward-auth.md); nothing is forwarded.</summary>
    public bool IsForGateways { get; private init; }

    /// <summary>Where gateways ask; there is no application behind it.</summary>
    public static ProxyListener ForGateways(EndPoint endpoint) =>
        new("forward-auth", endpoint, new Uri("http://nowhere.invalid")) { IsForGateways = true };
}
