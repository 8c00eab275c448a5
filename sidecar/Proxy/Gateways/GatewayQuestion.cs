using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Proxy.Gateways;

/// <summary>A gateway that asks, and so how it says what about and which answers it knows.</summary>
internal enum GatewayKind
{
    /// <summary>nginx with <c>auth_request</c>: <c>X-Original-Method</c>, <c>-URI</c>, <c>-Host</c>.</summary>
    Nginx,

    /// <summary>ingress-nginx with <c>auth-url</c>: <c>X-Original-Method</c> and <c>X-Original-URL</c>.</summary>
    IngressNginx,

    /// <summary>Traefik with ForwardAuth: <c>X-Forwarded-Method</c>, <c>-Uri</c>, <c>-Host</c>.</summary>
    Traefik,

    /// <summary>Envoy's <c>ext_authz</c> over HTTP: the request itself, below a prefix.</summary>
    Envoy,
}

/// <summary>How much of the body a gateway shows.</summary>
internal enum GatewayBody
{
    /// <summary>Nothing that could be relied on: there may be one that nobody shows.</summary>
    Hidden,

    /// <summary>The beginning of a longer one.</summary>
    Beginning,

    /// <summary>All of it.</summary>
    Whole,
}

/// <summary>
/// What a gateway asks about a request that it holds back (forward-auth). Which gateway it is says the path that it
/// asks at, which clients cannot choose; of each only its own header fields count, and it overwrites those. All of them
/// have to be there, once: a gateway that was told to write only some lets nothing pass, rather than what its client
/// wrote. The same fields of another gateway are a client's, and inspected like any other. Pure.
/// </summary>
/// <param name="Kind">Who asks.</param>
/// <param name="Method">Method of the request.</param>
/// <param name="Target">Path and query as the client sent them.</param>
/// <param name="Host">Host that the client named.</param>
internal sealed record GatewayQuestion(GatewayKind Kind, string Method, string Target, string Host)
{
    private const string EnvoyPrefix = "/envoy";
    private const string PartialBody = "X-Envoy-Auth-Partial-Body";
    private const int MethodLengthMax = 32;
    private const int HostLengthMax = 1024;

    private static readonly SearchValues<char> MethodCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    /// <summary>Of RFC 3986, without what ends a host.</summary>
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=%:[]");

    private static readonly string[][] OwnFields =
    [
        ["X-Original-Method", "X-Original-URI", "X-Original-Host"],
        ["X-Original-Method", "X-Original-URL"],
        ["X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host"],
        [PartialBody],
    ];

    /// <summary>How much of the body is shown.</summary>
    public GatewayBody Body { get; init; }

    /// <summary>Method of the gateway's own request: its answer has the form that this method asks for.</summary>
    public string AskedBy { get; init; } = "";

    /// <summary>What is asked; null where that cannot be told for sure.</summary>
    /// <param name="target">Target of the gateway's own request.</param>
    /// <param name="method">Its method.</param>
    /// <param name="headers">Its header fields.</param>
    public static GatewayQuestion? Read(string target, string method, IHeaderDictionary headers)
    {
        var question = target switch
        {
            "/nginx" => Of(GatewayKind.Nginx, headers),
            "/ingress-nginx" => OfUrl(headers),
            "/traefik" => Of(GatewayKind.Traefik, headers),
            _ when target.StartsWith(EnvoyPrefix + "/", StringComparison.Ordinal) && One(headers, "Host") is { } host =>
                new GatewayQuestion(GatewayKind.Envoy, method, target[EnvoyPrefix.Length..], host),
            _ => null,
        };
        if (question is null || !IsMethod(question.Method) || !IsTarget(question.Target) || !IsHost(question.Host))
            return null;
        return question with { AskedBy = method, Body = BodyOf(question.Kind, headers) };
    }

    /// <summary>
    /// Makes the gateway's request the one that it asks about; null where that cannot be told, and it is left as it is.
    /// </summary>
    public static GatewayQuestion? Restore(HttpContext http)
    {
        var feature = http.Features.GetRequiredFeature<IHttpRequestFeature>();
        var headers = http.Request.Headers;
        if (Read(feature.RawTarget, http.Request.Method, headers) is not { } question) return null;
        foreach (var name in OwnFields[(int)question.Kind]) headers.Remove(name);
        feature.Method = question.Method;
        feature.RawTarget = question.Target;
        headers.Host = question.Host;
        // The gateway's own framing is not the client's. A request that may have a body says so to rules as an empty
        // one: without any length they would take it for a fault of the client.
        if (headers.ContentLength is null && headers.TransferEncoding.Count == 0
            && question.Method is "POST" or "PUT" or "PATCH")
            headers.ContentLength = 0;
        return question;
    }

    /// <summary>
    /// Status of a refusal as the gateway understands it. <paramref name="kind"/> is null for what came to no question,
    /// which is refused as nginx knows it.
    /// </summary>
    public static int StatusFor(GatewayKind? kind, int status) => kind switch
    {
        // Its client would follow a redirection or show a fault of the server, as Traefik hands all on.
        GatewayKind.Traefik when status is >= 300 and < 600 => status,
        // Envoy takes 5xx for a fault of who is asked, which failure_mode_allow lets pass.
        GatewayKind.Envoy when status is >= 300 and < 500 => status,
        // auth_request knows 401 and 403; all else is a fault to it, which its clients would see as 500.
        _ => StatusCodes.Status403Forbidden,
    };

    /// <summary>Whether the gateway hands a redirection on to its client.</summary>
    public static bool Redirects(GatewayKind? kind) => kind is GatewayKind.Traefik or GatewayKind.Envoy;

    private static GatewayQuestion? Of(GatewayKind kind, IHeaderDictionary headers)
    {
        var fields = OwnFields[(int)kind];
        return One(headers, fields[0]) is { } method && One(headers, fields[1]) is { } target
            && One(headers, fields[2]) is { } host ? new GatewayQuestion(kind, method, target, host) : null;
    }

    private static GatewayQuestion? OfUrl(IHeaderDictionary headers)
    {
        var fields = OwnFields[(int)GatewayKind.IngressNginx];
        if (One(headers, fields[0]) is not { } method || One(headers, fields[1]) is not { } url) return null;
        var scheme = url.StartsWith("http://", StringComparison.Ordinal) ? "http://".Length
            : url.StartsWith("https://", StringComparison.Ordinal) ? "https://".Length : 0;
        // What the client sent as its host cannot end it: nginx takes no slash there.
        var path = scheme == 0 ? -1 : url.IndexOf('/', scheme);
        return path < 0 ? null : new GatewayQuestion(GatewayKind.IngressNginx, method, url[path..], url[scheme..path]);
    }

    private static GatewayBody BodyOf(GatewayKind kind, IHeaderDictionary headers) => kind switch
    {
        // With forwardBody Traefik reads all of it first, and refuses what is longer than maxBodySize by itself.
        GatewayKind.Traefik when headers.ContentLength > 0 || headers.TransferEncoding.Count > 0 => GatewayBody.Whole,
        // Envoy says itself where it shows bodies (with_request_body), and drops its client's field of this name.
        GatewayKind.Envoy when headers.ContentLength > 0 => One(headers, PartialBody) switch
        {
            "false" => GatewayBody.Whole,
            "true" => GatewayBody.Beginning,
            _ => GatewayBody.Hidden,
        },
        _ => GatewayBody.Hidden,
    };

    /// <summary>A field that is there once; several are nobody's word.</summary>
    private static string? One(IHeaderDictionary headers, string name) =>
        headers[name] is [{ Length: > 0 } value] ? value : null;

    /// <summary>A token (RFC 9110, section 5.6.2); a tunnel is nothing that a gateway asks about.</summary>
    private static bool IsMethod(string method) => method.Length is > 0 and <= MethodLengthMax
        && !HttpMethods.IsConnect(method) && !method.AsSpan().ContainsAnyExcept(MethodCharacters);

    /// <summary>A path without what ends a request line.</summary>
    private static bool IsTarget(string target) => target[0] == '/' && Ascii.IsValid(target)
        && !target.AsSpan().ContainsAnyInRange('\0', ' ') && !target.Contains('\x7f', StringComparison.Ordinal);

    private static bool IsHost(string host) =>
        host.Length is > 0 and <= HostLengthMax && !host.AsSpan().ContainsAnyExcept(HostCharacters);
}
