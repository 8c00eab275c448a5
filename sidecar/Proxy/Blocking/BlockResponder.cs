using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.RateLimiting;

namespace WafOperator.Proxy.Blocking;

/// <summary>Answers requests that are not forwarded. Says nothing about the reason but the event's id.</summary>
internal static class BlockResponder
{
    /// <summary>Response header with the event's id.</summary>
    public const string EventIdHeader = "waf-event-id";

    public static Task RespondAsync(HttpContext context, in Decision decision, BlockResponse policy, string eventId)
    {
        if (decision.Form is BlockForm.Drop)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        var response = context.Response;
        response.StatusCode = decision.StatusCode;
        response.Headers[EventIdHeader] = eventId;
        response.Headers.CacheControl = "no-store";
        if (decision.RetryAfter > TimeSpan.Zero)
        {
            var seconds = RateLimitFields.SecondsOf(decision.RetryAfter);
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (decision.Allow is { } allow) response.Headers.Allow = allow;
        if (decision.RateLimit is var (limit, limitPolicy))
        {
            response.Headers[RateLimitFields.PolicyHeader] = limitPolicy;
            response.Headers[RateLimitFields.LimitHeader] = RateLimitFields.Exhausted(limit, decision.RetryAfter);
        }

        if (decision.Form is BlockForm.Redirect && decision.RedirectUrl is { } url && IsHeaderValue(url))
        {
            if (response.StatusCode is < 300 or > 399) response.StatusCode = StatusCodes.Status302Found;
            response.Headers.Location = url;
            response.ContentLength = 0;
            return Task.CompletedTask;
        }

        return WriteAsync(context, decision.Form, policy, eventId);
    }

    private static Task WriteAsync(HttpContext context, BlockForm form, BlockResponse policy, string eventId)
    {
        var (type, text) = Choose(context.Request, (context.Response.StatusCode, form), policy, eventId);
        var body = Encoding.UTF8.GetBytes(text);
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static (string Type, string Text) Choose(
        HttpRequest request, (int Status, BlockForm Form) answer, BlockResponse policy, string eventId)
    {
        if (policy.Body is { } body)
            return (policy.ContentType ?? TypeOf(body), body.Replace("{eventId}", eventId, StringComparison.Ordinal));
        var asksForHtml = policy.ContentType is null
            ? request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            : policy.ContentType.Contains("html", StringComparison.OrdinalIgnoreCase);
        var title = Title(answer.Status);
        if (answer.Form is BlockForm.Problem && policy.ContentType is null && !asksForHtml)
        {
            return ("application/problem+json",
                $$"""{"type":"about:blank","title":"{{title}}","status":{{answer.Status}},"eventId":"{{eventId}}"}"""
                + "\n");
        }

        return asksForHtml
            ? (policy.ContentType ?? "text/html; charset=utf-8", Html(title, eventId))
            : (policy.ContentType ?? "application/json", $$"""{"error":"{{title}}","eventId":"{{eventId}}"}""" + "\n");
    }

    private static string TypeOf(string body) => body.AsSpan().TrimStart() switch
    {
        ['<', ..] => "text/html; charset=utf-8",
        ['{' or '[', ..] => "application/json",
        _ => "text/plain; charset=utf-8",
    };

    private static string Title(int status) => status switch
    {
        400 => "Bad request",
        404 => "Not found",
        405 => "Method not allowed",
        415 => "Unsupported media type",
        413 => "Request body too large",
        429 => "Too many requests",
        503 => "Temporarily unavailable",
        _ => "Request blocked",
    };

    private static string Html(string title, string eventId) =>
        $$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>{{title}}</title>
        <style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}</style></head>
        <body><h1>{{title}}</h1><p>If you think this is a mistake, tell the site's owner this id:</p>
        <p><code>{{eventId}}</code></p></body></html>

        """;

    private static bool IsHeaderValue(string value) => !value.AsSpan().ContainsAnyExceptInRange('\x21', '\x7e');
}
