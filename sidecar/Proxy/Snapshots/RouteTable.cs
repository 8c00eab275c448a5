using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;

namespace WafOperator.Proxy.Snapshots;

/// <summary>Settings for one path.</summary>
/// <param name="Mode">Mode of rules and models.</param>
/// <param name="Body">How its bodies are inspected.</param>
/// <param name="Prefix">Path prefix; empty for everything else. Thresholds are learned per route.</param>
internal sealed record Route(InspectionMode Mode, BodyInspection Body, string Prefix = "");

/// <summary>Routes of a policy; the longest prefix that covers a path wins. Immutable.</summary>
internal sealed class RouteTable
{
    private readonly (byte[] Prefix, Route Route)[] _routes;
    private readonly Route _rest;

    public RouteTable(PolicyDocument document)
    {
        _rest = new Route(document.Mode, document.Body);
        _routes =
        [
            .. document.Routes
                .Select(route => (Prefix: PathPrefix.Bytes(route.PathPrefix), Route: Merge(route, document)))
                .OrderByDescending(route => route.Prefix.Length),
        ];
    }

    public Route Find(ReadOnlySpan<byte> normalPath)
    {
        foreach (var (prefix, route) in _routes)
        {
            if (PathPrefix.Covers(prefix, normalPath)) return route;
        }

        return _rest;
    }

    /// <summary>Longest body that is held on any route, bytes.</summary>
    public long BodyBytesMax =>
        _routes.Select(route => route.Route).Append(_rest)
            .Where(route => route.Body.Mode is not BodyInspectionKind.HeadersOnly)
            .Select(route => route.Body.LimitBytes).DefaultIfEmpty(0).Max();

    /// <summary>A route's mode is never more than the policy's, whoever wrote the document.</summary>
    private static Route Merge(RoutePolicy route, PolicyDocument document) => new(
        (InspectionMode)Math.Min((int)(route.Mode ?? document.Mode), (int)document.Mode), route.Body ?? document.Body, route.PathPrefix);
}
