using WafOperator.Http.Messages;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Messages;

/// <summary>
/// Lets the bytes of a stream pass as they come. Only bytes that complete a message, or fill its window, wait for the
/// verdict
/// about it: an application that acts on whole messages never gets the end of one that was not judged. Not thread-safe.
/// </summary>
internal sealed class MessageGate(MessageReader reader, MessageInspector inspector, FairBudget budget, int client)
    : IDisposable
{
    private int _taken;
    private bool _isOpen;

    /// <summary>Why the stream was ended, once it was.</summary>
    public Decision? Ended { get; private set; }

    /// <summary>Judges the messages.</summary>
    public MessageInspector Inspector => inspector;

    /// <summary>Id of the event that says so.</summary>
    public string EventId => inspector.EventId;

    /// <summary>All that passed so far is whole messages.</summary>
    public bool IsBetweenMessages { get; private set; } = true;

    /// <summary>
    /// How many of the bytes may pass: all, or those before the message for which the stream has <see cref="Ended"/>.
    /// </summary>
    public async ValueTask<int> PassAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_isOpen) return bytes.Length;
        var clean = 0;
        var isBetween = IsBetweenMessages;
        var step = MessageStep.NeedsMore;
        for (var position = 0; position < bytes.Length || step is MessageStep.WindowFull;)
        {
            step = reader.Read(bytes.Span[position..], out var consumed);
            position += consumed;
            if (await JudgeAsync(step) is { } decision && !decision.Forwards)
            {
                Ended = decision;
                IsBetweenMessages = clean > 0 || isBetween;
                return clean;
            }

            if (_isOpen) return bytes.Length;
            if (reader.IsBetweenMessages) clean = position;
        }

        IsBetweenMessages = reader.IsBetweenMessages;
        return bytes.Length;
    }

    public void Dispose()
    {
        inspector.Close();
        reader.Dispose();
        budget.Return(client, _taken);
        _taken = 0;
    }

    private async ValueTask<Decision?> JudgeAsync(MessageStep step)
    {
        switch (step)
        {
            case MessageStep.Message or MessageStep.WindowFull when TryHold():
                return await inspector.JudgeAsync(reader, isCut: step is MessageStep.WindowFull);
            case MessageStep.Malformed:
                _isOpen = true;
                return inspector.JudgeBroken();
            case MessageStep.LongMessage:
                return null;
            default:
                return TryHold() ? null : Open(inspector.JudgeUnheld());
        }
    }

    private Decision Open(in Decision decision)
    {
        _isOpen = true;
        return decision;
    }

    /// <summary>Counts the reader's window against what all requests together may hold.</summary>
    private bool TryHold()
    {
        var more = reader.HeldBytes - _taken;
        if (more > 0 && !budget.TryTake(client, more)) return false;
        if (more < 0) budget.Return(client, -more);
        _taken = reader.HeldBytes;
        return true;
    }
}
