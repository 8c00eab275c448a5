using System.Buffers;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;

namespace WafOperator.Proxy.Snapshots;

/// <summary>Settings for one path.</summary>
/// <param name="Mode">Mode of rules and models.</param>
/// <param name="Body">How its bodies are inspected.</param>
/// <param name="Prefix">Path prefix; empty for everything else. Thresholds are learned per route.</param>
internal sealed record Route(InspectionMode Mode, BodyInspection Body, string Prefix = "")
{
    /// <summary>Bounds on its bodies; null for those of the policy.</summary>
    public HttpLimits? Limits { get; init; }

    /// <summary>Protocols besides WebSocket to which clients may change, in lower case.</summary>
    public IReadOnlyList<string> Upgrades { get; init; } = [];
}

/// <summary>
/// Routes of a policy; the longest prefix that covers a path wins. A path that programs read in several ways gets the
/// strictest of the routes that it may belong to: a client must not choose a weaker one by how it spells a path.
/// Immutable.
/// </summary>
internal sealed class RouteTable
{
    private const int StackBytesMax = 512;

    private readonly (byte[] Prefix, Route Route)[] _routes;
    private readonly Route _rest;
    private readonly Route _strictest;

    public RouteTable(PolicyDocument document)
    {
        _rest = new Route(document.Mode, document.Body);
        _routes =
        [
            .. document.Routes
                .Select(route => (Prefix: PathPrefix.Bytes(route.PathPrefix), Route: Merge(route, document)))
                .OrderByDescending(route => route.Prefix.Length),
        ];
        _strictest = _routes.Select(route => route.Route).Aggregate(_rest, Strictest);
        AllUpgrades = [.. _routes.SelectMany(route => route.Route.Upgrades).Distinct()];
    }

    private RouteTable(RouteTable others, Func<BodyInspection, HttpLimits?> limits)
    {
        Route Bound(Route route) => route with { Limits = limits(route.Body) };
        _rest = Bound(others._rest);
        _strictest = others._strictest;
        AllUpgrades = others.AllUpgrades;
        _routes = [.. others._routes.Select(route => (route.Prefix, Bound(route.Route)))];
    }

    /// <summary>The same routes, each with its own bounds.</summary>
    public RouteTable With(Func<BodyInspection, HttpLimits?> limits) => new(this, limits);

    /// <summary>The route of a request whose head was read.</summary>
    public Route Find(CanonicalRequest request)
    {
        if (_routes.Length == 0) return _rest;
        return PathReadings.ShapeOf(request) switch
        {
            PathShape.Plain => FindInAnyCase(request[request.NormalPath]),
            PathShape.Several => FindStrictest(request),
            _ => _strictest,
        };
    }

    /// <summary>
    /// Settings under which everything is inspected that either would inspect. Of two limits the larger: what is held
    /// is inspected, and a client gains nothing by it.
    /// </summary>
    internal static Route Strictest(Route one, Route other)
    {
        if (one == other) return one;
        var kind = (BodyInspectionKind)Math.Max((int)one.Body.Mode, (int)other.Body.Mode);
        var isRejecting = Rejects(one.Body) || Rejects(other.Body);
        return new Route(
            (InspectionMode)Math.Max((int)one.Mode, (int)other.Mode),
            new BodyInspection
            {
                Mode = kind,
                LimitBytes = Math.Max(LimitOf(one.Body), LimitOf(other.Body)),
                OverLimit = isRejecting ? BodyOverLimitOutcome.Reject : BodyOverLimitOutcome.ProcessPartial,
            })
        {
            Upgrades = [.. one.Upgrades.Intersect(other.Upgrades)],
        };
    }

    private Route FindStrictest(CanonicalRequest request)
    {
        byte[]? rented = null;
        var needed = PathReadings.ScratchBytes(request);
        Span<byte> scratch = needed <= StackBytesMax
            ? stackalloc byte[StackBytesMax]
            : rented = ArrayPool<byte>.Shared.Rent(needed);
        try
        {
            var route = FindInAnyCase(PathReadings.Read(request, 0, scratch));
            for (var i = 1; i < PathReadings.CountOf(request); i++)
            {
                var next = FindInAnyCase(PathReadings.Read(request, i, scratch));
                if (!ReferenceEquals(route, next)) route = Strictest(route, next);
            }

            return route;
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>
    /// The route of a path to programs that tell upper from lower case and to those that do not: where they differ, the
    /// strictest of both.
    /// </summary>
    private Route FindInAnyCase(ReadOnlySpan<byte> path)
    {
        Route? found = null, folded = null;
        foreach (var (prefix, route) in _routes)
        {
            if (!PathPrefix.CoversInAnyCase(prefix, path)) continue;
            folded ??= route;
            if (!PathPrefix.Covers(prefix, path)) continue;
            found = route;
            break;
        }

        found ??= _rest;
        return folded is null || ReferenceEquals(found, folded) ? found : Strictest(found, folded);
    }

    private static bool Rejects(BodyInspection body) =>
        body is { Mode: BodyInspectionKind.Buffered, OverLimit: BodyOverLimitOutcome.Reject };

    private static long LimitOf(BodyInspection body) => body.Mode is BodyInspectionKind.HeadersOnly ? 0
        : body.LimitBytes;

    /// <summary>Protocols that any route allows: where nothing is inspected, there is no route to choose.</summary>
    public IReadOnlyList<string> AllUpgrades { get; }

    /// <summary>Longest body that is held on any route, bytes.</summary>
    public long BodyBytesMax =>
        _routes.Select(route => route.Route).Append(_rest).Select(route => LimitOf(route.Body)).Max();

    /// <summary>A route's mode is never more than the policy's, whoever wrote the document.</summary>
    private static Route Merge(RoutePolicy route, PolicyDocument document) => new(
        (InspectionMode)Math.Min((int)(route.Mode ?? document.Mode), (int)document.Mode), route.Body ?? document.Body,
        route.PathPrefix)
    {
        Upgrades = [.. (route.Upgrades ?? []).Select(token => token.ToLowerInvariant())],
    };
}
