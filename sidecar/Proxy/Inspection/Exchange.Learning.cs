using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Decisions;

namespace WafOperator.Proxy.Inspection;

/// <content>What the policy's lists lack, and how parameters look, learned in mode Detect.</content>
internal sealed partial class Exchange
{
    /// <summary>
    /// A request that the application took, and that had no fault but a method, type or charset of no list: the policy
    /// may be too narrow. What models found an attack is none. Where rules found nothing at all, the forms of its
    /// parameters count as ordinary ones.
    /// </summary>
    private void LearnWords()
    {
        if (_rules is null || _route.Mode is not InspectionMode.Detect || _inputs.Access is not AccessOutcome.Pass
            || !_decision.Forwards || _decision.Reason is DecisionReason.Model
            || _http.Response.StatusCode >= StatusCodes.Status400BadRequest) return;
        var words = RequestWords.Unlisted(
            _rules.Matches, _ruleScore, _http.Request.Method, _http.Request.ContentType);
        foreach (var (kind, value) in words) _services.Meters.Vocabulary.Count(kind, value, _client);
        if (_ruleScore > 0) return;
        foreach (var style in ParameterStyles.Of(_canonical))
            _services.Meters.Vocabulary.Count(SeenKind.ParameterStyle, style.ToString(), _client);
    }
}
