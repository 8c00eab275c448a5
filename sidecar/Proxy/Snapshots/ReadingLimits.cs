using WafOperator.Engine;
using WafOperator.Http;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Snapshots;

/// <summary>A policy, its routes and its rules → the bounds of the reader. Pure.</summary>
internal static class ReadingLimits
{
    private const int ResponseBodyBytesMax = 16 * 1024 * 1024;
    private const int UnpackedBytesMin = 1024 * 1024;

    /// <summary>
    /// A body is read as far as the policy holds it, and what is held is shown whole. Memory is taken before the route
    /// is known, so these are the highest of all routes; what the rules say of parts goes before it.
    /// </summary>
    public static HttpLimits Of(PolicyDocument document, RouteTable routes, EngineSettings? settings)
    {
        var bytes = (int)Math.Clamp(routes.BodyBytesMax, 1, Array.MaxLength / 8);
        var limits = HttpLimits.Default with
        {
            BodyBytesMax = bytes,
            ArgumentBytesMax = Math.Max(bytes, HttpLimits.Default.ArgumentBytesMax),
            FileBytesMax = Math.Max(bytes, HttpLimits.Default.FileBytesMax),
            DecompressedBytesMax = UnpackedMax(bytes),
        };
        if (document.Head is { } head) limits = With(limits, head);
        BodyLimits?[] all = [document.Body.Limits, .. document.Routes.Where(route =>
            route.Body is not null).Select(route => route.Body!.Limits)];
        if (all.Any(some => some is not null)) limits = With(limits, all);
        return Under(limits, settings);
    }

    /// <summary>
    /// Bounds of one route's bodies, or null for those of the policy: <c>body.limits</c> of a route is about that route.
    /// </summary>
    public static HttpLimits? OfRoute(HttpLimits policy, BodyInspection body, EngineSettings? settings)
    {
        var own = HttpLimits.Default with
        {
            HeaderBytesMax = policy.HeaderBytesMax,
            HeadersMax = policy.HeadersMax,
            BodyBytesMax = policy.BodyBytesMax,
            ArgumentBytesMax = policy.ArgumentBytesMax,
            FileBytesMax = policy.FileBytesMax,
            DecompressedBytesMax = policy.DecompressedBytesMax,
        };
        if (body.Limits is { } limits) own = With(own, [limits]);
        own = Under(own, settings);
        return own == policy ? null : own;
    }

    /// <summary>What the server lets through is read whole.</summary>
    private static HttpLimits With(HttpLimits limits, HeadLimits head) => limits with
    {
        HeaderBytesMax = Math.Max(limits.HeaderBytesMax, head.LineBytes + head.Bytes),
        HeadersMax = Math.Max(limits.HeadersMax, head.Lines),
    };

    /// <summary>
    /// Text packs to an eighth, more or less: who may send a mebibyte may send eight that are packed.
    /// </summary>
    private static int UnpackedMax(int bodyBytes) => (int)Math.Clamp(
        8L * bodyBytes, UnpackedBytesMin, Math.Max(bodyBytes, HttpLimits.Default.DecompressedBytesMax));

    private static HttpLimits Under(HttpLimits limits, EngineSettings? settings)
    {
        if (settings is null) return limits;
        return limits with
        {
            JsonDepthMax = settings.JsonDepthMax ?? limits.JsonDepthMax,
            ArgumentsMax = settings.ArgumentsMax ?? limits.ArgumentsMax,
            ResponseBodyBytesMax = (int)Math.Min(
                settings.ResponseBodyBytesMax ?? limits.ResponseBodyBytesMax, ResponseBodyBytesMax),
        };
    }

    private static HttpLimits With(HttpLimits limits, BodyLimits?[] all)
    {
        int Highest(Func<BodyLimits, int> one, int without) => all.Max(some => some is null ? without : one(some));
        var depth = Highest(some => some.Depth, limits.JsonDepthMax);
        return limits with
        {
            ArgumentsMax = Highest(some => some.Arguments, limits.ArgumentsMax),
            JsonLeavesMax = Highest(some => some.JsonValues, limits.JsonLeavesMax),
            JsonDepthMax = depth,
            XmlDepthMax = depth,
            GraphQlDepthMax = depth,
            XmlNodesMax = Highest(some => some.XmlNodes, limits.XmlNodesMax),
            MultipartPartsMax = Highest(some => some.Parts, limits.MultipartPartsMax),
            FilesMax = Highest(some => some.Files, limits.FilesMax),
        };
    }
}
