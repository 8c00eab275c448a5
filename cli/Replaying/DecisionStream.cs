using System.Text.Json;
using System.Threading.Channels;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Cli.Replaying;

/// <summary>The sidecar's decision log as a queue: each line is a decision to be taken out, in order.</summary>
internal sealed class DecisionStream : Stream
{
    private readonly Channel<SecurityEvent> _decisions = Channel.CreateUnbounded<SecurityEvent>();
    private readonly MemoryStream _line = new();

    /// <summary>Decisions as they come.</summary>
    public ChannelReader<SecurityEvent> Decisions => _decisions.Reader;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        int end;
        while ((end = buffer.IndexOf((byte)'\n')) >= 0)
        {
            _line.Write(buffer[..end]);
            if (JsonSerializer.Deserialize(
                _line.GetBuffer().AsSpan(0, (int)_line.Length), ProtocolJson.Default.SecurityEvent) is { } decision)
                _decisions.Writer.TryWrite(decision);
            _line.SetLength(0);
            buffer = buffer[(end + 1)..];
        }

        _line.Write(buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
