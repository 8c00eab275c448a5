using WafOperator.Telemetry;

namespace WafOperator.Proxy.Messages;

/// <summary>Messages of streams by protocol and outcome. Thread-safe.</summary>
internal sealed class MessageTally
{
    private static readonly int Outcomes = Enum.GetValues<MessageOutcome>().Length;

    private readonly long[] _counts = new long[Enum.GetValues<MessageProtocol>().Length * Outcomes];

    public MessageTally(ObservedMetric metric) => metric.From(Observe);

    public void Add(MessageProtocol protocol, MessageOutcome outcome) =>
        Interlocked.Increment(ref _counts[(int)protocol * Outcomes + (int)outcome]);

    private IEnumerable<Sample> Observe()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            var count = Interlocked.Read(ref _counts[i]);
            if (count == 0) continue;
            yield return new Sample(
                count, ((MessageProtocol)(i / Outcomes)).ToString(), ((MessageOutcome)(i % Outcomes)).ToString());
        }
    }
}
