using System.Net;
using Microsoft.AspNetCore.Http;
using WafOperator.Http;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Inspection;

/// <summary>Rules of phases 3 and 4 over one response. Not thread-safe.</summary>
internal sealed class ResponseInspection(RuleStage rules, HttpLimits limits)
{
    private readonly CanonicalResponse _canonical = new(limits);

    /// <summary>Most bytes of the body that are inspected.</summary>
    public int BodyBytesMax => limits.ResponseBodyBytesMax;

    public RuleOutcome Head(HttpResponseMessage response, ReadOnlySpan<byte> protocol)
    {
        _canonical.Begin((int)response.StatusCode, protocol);
        foreach (var (name, values) in response.Headers.NonValidated) Add(name, values);
        foreach (var (name, values) in response.Content.Headers.NonValidated) Add(name, values);
        return rules.ResponseHead(_canonical);
    }

    /// <summary>True when the rules want this body: a text of a kind they name, not a stream without end.</summary>
    public bool WantsBody(HttpResponseMessage response, string method) =>
        IsOfWantedType(response, method) && response.Content.Headers.ContentEncoding.Count == 0;

    /// <summary>
    /// The rules want it and cannot read it: the application encoded it although nobody said it might.
    /// </summary>
    public bool IsUnreadable(HttpResponseMessage response, string method) =>
        IsOfWantedType(response, method) && response.Content.Headers.ContentEncoding.Count > 0;

    private bool IsOfWantedType(HttpResponseMessage response, string method)
    {
        if (!rules.WantsResponseBody || HttpMethods.IsHead(method)) return false;
        if ((int)response.StatusCode is < 200 or 204 or 304) return false;
        var type = response.Content.Headers.ContentType?.MediaType;
        return type is not null && type != "text/event-stream" && rules.WantsResponseType(type);
    }

    public void AppendBody(ReadOnlySpan<byte> bytes) => _canonical.AppendBody(bytes);

    public RuleOutcome Body() => rules.ResponseBody();

    private void Add(string name, System.Net.Http.Headers.HeaderStringValues values)
    {
        foreach (var value in values) _canonical.AddHeader(name, value);
    }
}

/// <summary>
/// Forwards a request and shows its response to the rules before the client sees it. One per request.
/// </summary>
internal sealed class InspectingTransformer(ProxyConnection connection, Exchange exchange, FairBudget budget)
    : PassThroughTransformer(connection)
{
    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
            CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        // Rules read text: a compressed response could not be inspected.
        proxyRequest.Headers.Remove("Accept-Encoding");
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null) return await base.TransformResponseAsync(httpContext, proxyResponse,
            cancellationToken);
        var inspection = exchange.BeginResponse();
        var outcome = inspection.Head(proxyResponse, "HTTP/1.1"u8);
        HttpContent? replay = null;
        HeldBody? held = null;
        var rest = ResponseRest.None;
        // What follows 101 is a stream of another protocol.
        if (outcome.Kind is RuleOutcomeKind.Passed && proxyResponse.StatusCode is not HttpStatusCode.SwitchingProtocols
            && inspection.WantsBody(proxyResponse, httpContext.Request.Method))
        {
            held = new HeldBody(budget, exchange.Client);
            httpContext.Response.RegisterForDispose(held);
            var hold = new ResponseHold(inspection, held, exchange.ResponseHoldMax);
            replay = await hold.HoldAsync(proxyResponse.Content, cancellationToken);
            rest = hold.Rest;
            if (ResponseHold.IncidentOf(rest) is { } incident) exchange.Note(incident);
            if (SocketThreads.IsLong(held.Length)) await SocketThreads.LeaveAsync();
            outcome = replay is null
                ? new RuleOutcome(RuleOutcomeKind.Failed, Message: "no memory left to hold the response")
                : inspection.Body();
        }

        var isWhole = held is null ? !inspection.IsUnreadable(proxyResponse, httpContext.Request.Method)
            // Of what a client asked for in pieces, rules see the pieces.
            : rest is ResponseRest.None && proxyResponse.StatusCode is not HttpStatusCode.PartialContent;
        if (!exchange.DecideResponse(outcome, isWhole))
        {
            await exchange.RefuseAsync();
            return false;
        }

        var goesOn = await CopyHeadAsync(httpContext, proxyResponse, cancellationToken);
        if (replay is not null) proxyResponse.Content = replay;
        if (goesOn) await SendHeadAsync(httpContext, proxyResponse, cancellationToken);
        return goesOn;
    }
}
