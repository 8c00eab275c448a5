using System.Collections.Frozen;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Decisions;
using WafOperator.Telemetry;

namespace WafOperator.Proxy.Telemetry;

/// <summary>
/// One request as a span, with its stages as events. Holds nothing that a client wrote but a known method: no path, no
/// address, no header. Not thread-safe.
/// </summary>
internal sealed class RequestSpan
{
    /// <summary>Where spans of requests begin.</summary>
    public static readonly SpanSource Source = new("WafOperator.Sidecar");

    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    private static readonly FrozenSet<string> Methods = FrozenSet.Create(
        StringComparer.Ordinal, "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

    private readonly Activity _activity;
    private readonly bool _hasCaller;

    private RequestSpan(Activity activity, bool hasCaller) => (_activity, _hasCaller) = (activity, hasCaller);

    /// <summary>Begins a span; null: this request is not traced.</summary>
    public static RequestSpan? Begin(HttpRequest request)
    {
        if (!Source.IsOn) return null;
        var caller = CallerOf(request.Headers);
        if (Source.Begin("inspect request", ActivityKind.Server, caller) is not { } activity) return null;
        activity.SetTag("http.request.method", Methods.Contains(request.Method) ? request.Method : "_OTHER");
        return new RequestSpan(activity, caller != default);
    }

    /// <summary>A stage has ended. <paramref name="stage"/> is a constant.</summary>
    public void Mark(string stage) => _activity.AddEvent(new ActivityEvent(stage));

    /// <summary>What was decided; the last word counts.</summary>
    public void Decided(in Decision decision, string policy, string eventId)
    {
        Mark("decided");
        _activity.SetTag("waf.policy", policy).SetTag("waf.event_id", eventId)
            .SetTag("waf.verdict", decision.Verdict.ToString()).SetTag("waf.would_have", decision.WouldHave.ToString())
            .SetTag("waf.reason", decision.Reason.ToString());
    }

    /// <summary>
    /// Tells the application that this span called it. Rules have seen what the client sent by then. What is not traced
    /// keeps the client's headers.
    /// </summary>
    public void PassOn(IHeaderDictionary headers)
    {
        headers[TraceParent] = _activity.Id;
        // Without a caller that could be read, its state belongs to no trace (W3C Trace Context, 3.2).
        if (!_hasCaller) headers.Remove(TraceState);
    }

    /// <summary>The request was answered, or given up.</summary>
    public void End(HttpResponse response)
    {
        _activity.SetTag("http.response.status_code", response.StatusCode);
        if (response.StatusCode >= StatusCodes.Status500InternalServerError)
            _activity.SetStatus(ActivityStatusCode.Error);
        _activity.Dispose();
    }

    private static ActivityContext CallerOf(IHeaderDictionary headers) =>
        headers[TraceParent] is { Count: 1 } parent && ActivityContext.TryParse(parent[0], null, true, out var caller)
            ? caller : default;
}
