using WafOperator.Protocols.Events;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Gateways;

namespace WafOperator.Proxy.Inspection;

/// <content>A request that a gateway holds back, and asks about.</content>
internal sealed partial class Exchange
{
    /// <summary>
    /// What nobody will show: a body where there may be one, messages of a stream, the response.
    /// </summary>
    private void MissBehindGateway(in BodyFacts facts)
    {
        if (_context.Question is not { } question) return;
        if (question.Body is GatewayBody.Hidden) Miss(UninspectedReason.HeadersOnly);
        if (facts.IsDuplex) Miss(UninspectedReason.Stream);
        if (InspectsResponse) Miss(UninspectedReason.ResponseBody);
    }

    /// <summary>A gateway that shows the beginning of a body ends it there.</summary>
    private BodyReading BehindGateway(BodyReading reading) =>
        reading is BodyReading.Whole && _context.Question is { Body: GatewayBody.Beginning }
            ? BodyReading.Beginning : reading;

    /// <summary>200 lets it pass and says nothing; everything else is the gateway's answer to its client.</summary>
    private async Task AnswerGatewayAsync()
    {
        if (!_decision.Forwards)
        {
            await RefuseAsync();
            Charge();
            return;
        }

        if (!_isReported) Report();
        _http.Response.Headers.CacheControl = "no-store";
        _http.Response.ContentLength = 0;
        RememberUnanswered();
    }

    /// <summary>What the application will answer is not known: no status, no size, no time.</summary>
    private void RememberUnanswered()
    {
        if (_snapshot.Behaviour is { } behaviour && _inputs.Access is AccessOutcome.Pass)
            behaviour.Remember(
                _client, _canonical, Facts(_http.Response) with { Status = 0, Bytes = 0, Milliseconds = 0 });
    }
}
