using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Telemetry;

namespace WafOperator.Proxy.Sync;

/// <summary>
/// Sends events to the operator in batches. Bounded in every direction: when the operator is away, the newest events are
/// dropped and counted (they are on standard output all the same), and traffic never waits.
/// </summary>
internal sealed class EventShipper(OperatorClient client, SidecarMeters meters, TimeProvider time)
{
    private const int QueuedMax = 4_096;
    private const int BatchBytesMax = 900 * 1024;
    private const int LineBytesMax = 60 * 1024;

    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(500);

    private readonly Channel<SecurityEvent> _queue = Channel.CreateBounded<SecurityEvent>(
        new BoundedChannelOptions(QueuedMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    public void Add(SecurityEvent securityEvent)
    {
        if (!_queue.Writer.TryWrite(securityEvent)) meters.Incident("event_dropped");
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new ArrayBufferWriter<byte>(64 * 1024);
        var backOff = new BackOff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        while (await _queue.Reader.WaitToReadAsync(cancellationToken))
        {
            await Task.Delay(Gather, time, cancellationToken);
            Fill(batch);
            ShippingOutcome outcome;
            while ((outcome = await client.PostEventsAsync(batch.WrittenMemory, cancellationToken)) is ShippingOutcome.Failed)
            {
                meters.Incident("event_shipping_failed");
                await Task.Delay(backOff.Next(), time, cancellationToken);
            }

            if (outcome is ShippingOutcome.Refused) meters.Incident("event_batch_refused");
            backOff.Reset();
            batch.ResetWrittenCount();
        }
    }

    private void Fill(ArrayBufferWriter<byte> batch)
    {
        while (batch.WrittenCount < BatchBytesMax - LineBytesMax && _queue.Reader.TryRead(out var securityEvent))
        {
            var line = JsonSerializer.SerializeToUtf8Bytes(securityEvent, ProtocolJson.Default.SecurityEvent);
            if (line.Length > LineBytesMax)
            {
                meters.Incident("event_too_long");
                continue;
            }

            batch.Write(line);
            batch.Write("\n"u8);
        }
    }
}

/// <summary>Waiting times that double up to a bound, with jitter so that a hundred sidecars do not come back together.</summary>
internal sealed class BackOff(TimeSpan first, TimeSpan longest)
{
    private int _doublings;

    public TimeSpan Next()
    {
        var wait = first * Math.Pow(2, _doublings);
        if (wait < longest) _doublings++;
        return (wait < longest ? wait : longest) * (0.5 + Random.Shared.NextDouble() / 2);
    }

    public void Reset() => _doublings = 0;
}
