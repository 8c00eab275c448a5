using System.Diagnostics.Metrics;

namespace WafOperator.Proxy.Messages;

/// <summary>Messages of streams by protocol and outcome. Thread-safe.</summary>
internal sealed class MessageTally
{
    private static readonly int Outcomes = Enum.GetValues<MessageOutcome>().Length;

    private readonly long[] _counts = new long[Enum.GetValues<MessageProtocol>().Length * Outcomes];

    public MessageTally(Meter meter) => meter.CreateObservableCounter(
        "waf_messages_total", Observe, null, "Messages of gRPC and WebSocket streams by what became of them.");

    public void Add(MessageProtocol protocol, MessageOutcome outcome) =>
        Interlocked.Increment(ref _counts[(int)protocol * Outcomes + (int)outcome]);

    private IEnumerable<Measurement<long>> Observe()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            var count = Interlocked.Read(ref _counts[i]);
            if (count == 0) continue;
            yield return new Measurement<long>(
                count, new("protocol", ((MessageProtocol)(i / Outcomes)).ToString()),
                new("outcome", ((MessageOutcome)(i % Outcomes)).ToString()));
        }
    }
}
