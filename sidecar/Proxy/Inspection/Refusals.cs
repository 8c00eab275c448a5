using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Blocking;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Gateways;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Inspection;

/// <summary>Answers to requests that do not go on: to their client, or to the gateway that asks about them.</summary>
internal static class Refusals
{
    /// <summary>Answers; a gateway in the form that it understands.</summary>
    public static Task AnswerAsync(ProxyContext context, in Decision decision, BlockResponse policy, string eventId)
    {
        if (!context.Connection.IsForGateways)
            return BlockResponder.RespondAsync(context.Http, decision, policy, eventId);
        // The answer to a GET about a HEAD has a body.
        if (context.Question is { } question)
            context.Http.Features.GetRequiredFeature<IHttpRequestFeature>().Method = question.AskedBy;
        return BlockResponder.RespondAsync(context.Http, Fit(context.Question?.Kind, decision), policy, eventId);
    }

    /// <summary>
    /// The decision in a form that the gateway understands. A connection to a gateway is many clients', so that none
    /// is cut; and an answer to a challenge would reach nobody.
    /// </summary>
    internal static Decision Fit(GatewayKind? kind, in Decision decision) => decision with
    {
        StatusCode = GatewayQuestion.StatusFor(kind, decision.StatusCode),
        Form = decision.Form is BlockForm.Redirect && GatewayQuestion.Redirects(kind) ? decision.Form : default,
    };
}
