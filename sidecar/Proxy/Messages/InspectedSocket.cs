using System.Buffers.Binary;
using System.Text;
using WafOperator.Http.Messages;

namespace WafOperator.Proxy.Messages;

/// <summary>
/// A WebSocket as the forwarder sees it: what the client sends is judged message by message, what the server sends
/// passes.
/// When the stream is ended, both ends get a Close frame, between two frames of their own stream. Reads and writes may
/// overlap, as they do in a socket.
/// </summary>
internal sealed class InspectedSocket(Stream client, MessageGate gate, CancellationTokenSource forwarding) : Stream
{
    /// <summary>Time for the application to close its end.</summary>
    private static readonly TimeSpan FarewellMax = TimeSpan.FromSeconds(3);

    private const byte CloseFrame = 0x88;
    private const byte Masked = 0x80;

    private readonly SemaphoreSlim _writing = new(1);
    private WebSocketFrameBounds _server;
    private byte[]? _farewell;
    private bool _isClosed;
    private ReadOnlyMemory<byte> _toServer;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (gate.Ended is not null) return TakeToServer(buffer);
        var count = await client.ReadAsync(buffer, cancellationToken);
        if (count == 0) return 0;
        var passed = await gate.PassAsync(buffer[..count]);
        if (passed == count) return count;
        await EndAsync(cancellationToken);
        return passed > 0 ? passed : TakeToServer(buffer);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (_isClosed) return;
            var shown = 0;
            while (shown < buffer.Length && !(_farewell is not null && _server.IsBetweenFrames))
                shown += _server.Show(buffer.Span[shown..]);
            await client.WriteAsync(buffer[..shown], cancellationToken);
            await SayFarewellAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => client.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("read asynchronously");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("write asynchronously");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            client.Dispose();
            _writing.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        var code = MessageEnd.CloseCode(gate.Ended!.Value);
        await _writing.WaitAsync(cancellationToken);
        try
        {
            _farewell = Close(code, $"refused, event {gate.EventId}", isMasked: false);
            await SayFarewellAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }

        if (gate.IsBetweenMessages) _toServer = Close(code, "", isMasked: true);
        // An application in the middle of a message cannot be told: its connection breaks.
        forwarding.CancelAfter(gate.IsBetweenMessages ? FarewellMax : TimeSpan.Zero);
    }

    /// <summary>Between two frames of the server, and once.</summary>
    private async ValueTask SayFarewellAsync(CancellationToken cancellationToken)
    {
        if (_farewell is null || _isClosed || !_server.IsBetweenFrames) return;
        _isClosed = true;
        await client.WriteAsync(_farewell, cancellationToken);
        await client.FlushAsync(cancellationToken);
    }

    private int TakeToServer(Memory<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _toServer.Length);
        _toServer[..count].CopyTo(buffer);
        _toServer = _toServer[count..];
        return count;
    }

    /// <summary>
    /// A Close frame (RFC 6455, section 5.5.1). A mask of zeros masks as well as any other against nobody.
    /// </summary>
    private static byte[] Close(ushort code, string reason, bool isMasked)
    {
        var text = Encoding.ASCII.GetBytes(reason);
        var head = isMasked ? 6 : 2;
        var frame = new byte[head + 2 + text.Length];
        frame[0] = CloseFrame;
        frame[1] = (byte)((isMasked ? Masked : 0) | (2 + text.Length));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(head), code);
        text.CopyTo(frame.AsSpan(head + 2));
        return frame;
    }
}
