using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Challenges;

/// <summary>Asks clients, and answers their answers, over HTTP.</summary>
internal static class ChallengeResponder
{
    private const int RetrySeconds = 60;

    private static readonly TimeSpan TryFor = TimeSpan.FromMinutes(10);

    /// <summary>Bytes a second that a client has to take.</summary>
    private static readonly MinDataRate PageRate = new(240, TimeSpan.FromSeconds(10));

    /// <summary>Asks for a rung; what can be shown no page is told so.</summary>
    public static async Task AskAsync(
        HttpContext context, ChallengeProgram program, ChallengeRung rung, Address client, string eventId)
    {
        var (request, response) = (context.Request, context.Response);
        NeverKept(response);
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!Navigation.Is(request) || !ChallengeAnswer.IsLocal(target))
        {
            await ProblemAsync(context, eventId);
            return;
        }

        var ticket = program.TicketFor(rung, client, target);
        var check = $"{ChallengeProgram.CheckPath}?t={ticket}&to={Uri.EscapeDataString(target)}";
        Cookie(response, ChallengeProgram.TryCookie, ticket, TryFor);
        if (rung is ChallengeRung.Cookie)
        {
            Redirect(response, check);
            return;
        }

        IReadOnlyList<KeyValuePair<string, string>>? fields = null;
        if (HttpMethods.IsPost(request.Method))
        {
            fields = await FormFields.ReadAsync(request, context.RequestAborted);
            if (fields is null)
            {
                await PageAsync(
                    context, ChallengePage.Say(Languages(request), needsCookies: false, eventId), 403);
                return;
            }
        }

        var parts = new ChallengePageParts(
            check, ticket, rung is ChallengeRung.Work ? program.Bits : 0, fields, eventId);
        await PageAsync(context, ChallengePage.Write(parts, Languages(request)), 403);
    }

    /// <summary>Answers an answer: back to where the client wanted to go, with its body, or what is missing.</summary>
    public static async Task<CheckOutcome> CheckAsync(
        HttpContext context, ChallengeProgram program, Address client, string eventId)
    {
        var (request, response) = (context.Request, context.Response);
        NeverKept(response);
        var query = request.Query;
        var answer = new ChallengeAnswer(
            query["t"], request.Cookies[ChallengeProgram.TryCookie], query["n"].ToString(), query["to"].ToString());
        var outcome = program.Check(answer, client, out var rung);
        switch (outcome)
        {
            case CheckOutcome.Passed:
                Cookie(response, ChallengeProgram.PassCookie, program.PassOf(rung, client), program.PassFor);
                response.Cookies.Delete(ChallengeProgram.TryCookie);
                Redirect(response, answer.Target);
                break;
            case CheckOutcome.NotDone:
                // Whoever was too fast is sent back to be asked again.
                Redirect(response, answer.Target);
                break;
            default:
                await PageAsync(
                    context, ChallengePage.Say(
                        Languages(request), needsCookies: outcome is CheckOutcome.NoCookie, eventId), 403);
                break;
        }

        return outcome;
    }

    /// <summary>307 keeps method and body: browsers send a form again.</summary>
    private static void Redirect(HttpResponse response, string target)
    {
        response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        response.Headers.Location = target;
        response.ContentLength = 0;
    }

    /// <summary>What a program is told (RFC 9457).</summary>
    private static Task ProblemAsync(HttpContext context, string eventId)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status429TooManyRequests;
        response.Headers.RetryAfter = RetrySeconds.ToString(CultureInfo.InvariantCulture);
        return WriteAsync(context, "application/problem+json", JsonSerializer.SerializeToUtf8Bytes(new
        {
            type = "about:blank", title = "A browser is asked for", status = response.StatusCode,
            detail = "This client is asked to show that it is a browser. Open a page "
                + "of this site in the same browser, send its cookie " + ChallengeProgram.PassCookie
                + ", or come back later.",
            eventId,
        }));
    }

    private static Task PageAsync(HttpContext context, string page, int status)
    {
        // A page with the fields of a form is long for a client that does not read.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = PageRate;
        var headers = context.Response.Headers;
        context.Response.StatusCode = status;
        headers.ContentSecurityPolicy = ChallengePage.ContentSecurityPolicy;
        headers["X-Robots-Tag"] = "noindex";
        headers["Referrer-Policy"] = "same-origin";
        return WriteAsync(context, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(page));
    }

    private static Task WriteAsync(HttpContext context, string type, byte[] body)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static void NeverKept(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.Vary = "*";
    }

    private static void Cookie(HttpResponse response, string name, string value, TimeSpan life) =>
        response.Cookies.Append(name, value, new CookieOptions
        {
            Path = "/", HttpOnly = true, SameSite = SameSiteMode.Lax, MaxAge = life,
        });

    private static string Languages(HttpRequest request) => request.Headers.AcceptLanguage.ToString();
}
