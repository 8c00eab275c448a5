using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Messages;

namespace WafOperator.Proxy.Inspection;

/// <content>The memory that a body grows to, and what the messages of a stream add to the exchange.</content>
internal sealed partial class Exchange : IMemoryRoom
{
    private long _unpackedBytes;
    private bool _hasRefusedMessage;

    /// <summary>Unpacked bodies share the memory of held ones.</summary>
    public bool TryTake(int bytes)
    {
        if (!_services.Budget.TryTake(Client, bytes)) return false;
        _unpackedBytes += bytes;
        return true;
    }

    private void NoteNoRoom()
    {
        _hasNoRoom = true;
        Miss(UninspectedReason.NoRoom);
        _services.Meters.Incident("body_budget_used_up");
    }

    /// <summary>What the messages of a stream showed counts for its client as what a body shows.</summary>
    private void TakeOver(MessageInspector messages)
    {
        _hasRefusedMessage = messages.HasRefused;
        _ruleScore = Math.Max(_ruleScore, messages.RuleScore);
    }
}
