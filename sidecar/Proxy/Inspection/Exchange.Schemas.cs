using Microsoft.AspNetCore.Http;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Gateways;
using WafOperator.Schemas;

namespace WafOperator.Proxy.Inspection;

/// <content>Requests of an API that has an ApiSchema.</content>
internal sealed partial class Exchange
{
    /// <summary>
    /// Compares the request, when all of it that is read was read; before the rules of its body, so that it is told of
    /// attacks, too.
    /// </summary>
    private void CompareWithSchemas(in BodyFacts facts)
    {
        if (_snapshot.Schemas.IsEmpty || IsDecided) return;
        _inputs = _inputs with { Schema = _snapshot.Schemas.Judge(_canonical, KnowledgeOf(facts)) };
    }

    /// <summary>
    /// A path that is not described: whether the application has it shows in its answer, and by nothing before.
    /// </summary>
    private void CountShadow() => _inputs.Schema.Shadows?.CountShadow(
        _canonical, _decision.Forwards && _http.Response.StatusCode < StatusCodes.Status400BadRequest);

    /// <summary>
    /// A body that the policy does not read is its choice; one that a client has cut, or sends as a stream in both
    /// directions, is the client's.
    /// </summary>
    private BodyKnowledge KnowledgeOf(in BodyFacts facts)
    {
        // A gateway that shows no bodies does not say whether there is one.
        if (_context.Question is { Body: GatewayBody.Hidden }) return BodyKnowledge.NotRead;
        if (!facts.IsExpected) return BodyKnowledge.Whole;
        if (facts.IsDuplex || _canonical.IsBodyCut) return BodyKnowledge.Cut;
        return _held is null ? BodyKnowledge.NotRead : BodyKnowledge.Whole;
    }
}
