using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Telemetry;

namespace WafOperator.Proxy.Reporting;

/// <summary>
/// Writes one JSON line per decision. Requests only put events into a bounded queue; one loop writes. When the output
/// does not keep up, events are dropped and counted, and traffic goes on. JSON escapes line breaks and control
/// characters, so no value can forge a line.
/// </summary>
internal sealed class DecisionLog : IAsyncDisposable
{
    private const int QueuedMax = 8_192;
    private const int FlushBytes = 64 * 1024;

    private readonly Channel<SecurityEvent> _queue = Channel.CreateBounded<SecurityEvent>(
        new BoundedChannelOptions(QueuedMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
    private readonly SidecarMeters _meters;
    private readonly Stream _output;
    private readonly Task _writing;

    public DecisionLog(Stream output, SidecarMeters meters)
    {
        _output = output;
        _meters = meters;
        _writing = WriteAsync();
    }

    public void Add(SecurityEvent securityEvent)
    {
        if (!_queue.Writer.TryWrite(securityEvent)) _meters.Incident("decision_log_dropped");
    }

    /// <summary>Writes what is queued and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteAsync()
    {
        var buffer = new ArrayBufferWriter<byte>(FlushBytes);
        await using var json = new Utf8JsonWriter(buffer);
        while (await _queue.Reader.WaitToReadAsync())
        {
            while (buffer.WrittenCount < FlushBytes && _queue.Reader.TryRead(out var securityEvent))
            {
                json.Reset(buffer);
                JsonSerializer.Serialize(json, securityEvent, ProtocolJson.Default.SecurityEvent);
                json.Flush();
                buffer.Write("\n"u8);
            }

            try
            {
                await _output.WriteAsync(buffer.WrittenMemory);
                await _output.FlushAsync();
            }
            catch (IOException)
            {
                // A closed pipe must not end the data plane; the lines are lost and counted.
                _meters.Incident("decision_log_failed");
            }

            buffer.ResetWrittenCount();
        }
    }
}
