using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Blocking;
using WafOperator.Proxy.Challenges;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Reporting;

namespace WafOperator.Proxy.Inspection;

/// <content>Clients that are asked to show that they are browsers.</content>
internal sealed partial class Exchange
{
    /// <summary>Asks, where the policy acts and not only records; gateways bring nobody's answers.</summary>
    private ChallengeProgram? Challenge => _context.Question is null
        && _snapshot.Behaviour is { Mode: InspectionMode.Enforce } behaviour ? behaviour.Challenges : null;

    /// <summary>
    /// A check is answered whatever the route's mode: who is asked on one page could never answer otherwise where a
    /// route leaves out <c>/.well-known</c>.
    /// </summary>
    private bool MayCheck =>
        !IsDecided || _route.Mode is InspectionMode.Off && _inputs.Access is AccessOutcome.Pass;

    private Task AskAsync(ChallengeProgram challenge)
    {
        _services.Meters.ChallengeMet(ChallengeEvent.Asked);
        var id = EventIds.Text(_eventId);
        _http.Response.Headers[BlockResponder.EventIdHeader] = id;
        return ChallengeResponder.AskAsync(_http, challenge, _inputs.Behaviour.Rung, _client, id);
    }

    /// <summary>Answers an answer: it is the sidecar's own address, which the application never sees.</summary>
    private async Task CheckAsync(ChallengeProgram challenge)
    {
        _inputs = _inputs with { Coverage = CoverageOf() };
        _decision = Decision.Allowed with { Reason = DecisionReason.Behaviour, Message = "answer to a challenge" };
        var outcome = await ChallengeResponder.CheckAsync(_http, challenge, _client, EventIds.Text(_eventId));
        _services.Meters.ChallengeMet(
            outcome is CheckOutcome.Passed ? ChallengeEvent.Passed : ChallengeEvent.Failed);
        _services.Meters.RequestDecided(_decision);
    }
}
