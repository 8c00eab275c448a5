using System.Net;
using System.Net.Sockets;

namespace WafOperator.Sidecar.Host;

/// <summary>Addresses to listen on.</summary>
internal static class Endpoints
{
    /// <summary>Every address of the machine, of both families where there are two.</summary>
    public static IPEndPoint Any(int port) => new(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);

    /// <summary>The address a URL names; null when its host is a name other than localhost.</summary>
    public static IPEndPoint? Of(Uri url)
    {
        if (url.Host is "0.0.0.0" or "[::]") return Any(url.Port);
        if (url.Host == "localhost") return new IPEndPoint(IPAddress.Loopback, url.Port);
        return IPAddress.TryParse(url.DnsSafeHost, out var address) ? new IPEndPoint(address, url.Port) : null;
    }
}
