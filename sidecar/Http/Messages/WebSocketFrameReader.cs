using System.Buffers.Binary;

namespace WafOperator.Http.Messages;

/// <summary>
/// Messages that a WebSocket client sends (RFC 6455, section 5): frames are masked, a message may come in several,
/// control
/// frames between them. What a client says when it closes is a message, too. Extensions are taken for broken frames:
/// none was negotiated. Not thread-safe.
/// </summary>
public sealed class WebSocketFrameReader(int windowBytes) : MessageReader(windowBytes)
{
    private WebSocketFrameHead _head;
    private long _left;
    private long _offset;
    private bool _isInFrame;
    private bool _isInMessage;

    /// <summary>The sender says that the current message is text.</summary>
    public bool IsText { get; private set; }

    public override bool IsBetweenMessages => !_isInMessage && !_isInFrame && _head.IsEmpty;

    protected override MessageStep ReadOn(ReadOnlySpan<byte> bytes, out int consumed)
    {
        consumed = 0;
        while (true)
        {
            if (!_isInFrame)
            {
                if (!_head.TryRead(bytes[consumed..], out var taken))
                {
                    consumed += taken;
                    return MessageStep.NeedsMore;
                }

                consumed += taken;
                if (!TryOpen()) return MessageStep.Malformed;
            }

            var count = (int)Math.Min(_left, bytes.Length - consumed);
            var isFull = KeepOf(bytes.Slice(consumed, count));
            consumed += count;
            _left -= count;
            _offset += count;
            if (isFull) return MessageStep.WindowFull;
            if (_left > 0) return MessageStep.NeedsMore;
            if (Close()) return End();
        }
    }

    /// <summary>Contents of messages, and behind its status the reason of a closing frame.</summary>
    private bool KeepOf(ReadOnlySpan<byte> bytes)
    {
        if (!_head.IsControl) return Keep(bytes, _head.Mask, _offset);
        if (_head.Opcode != WebSocketFrameHead.Close) return false;
        var skipped = (int)Math.Clamp(WebSocketFrameHead.StatusBytes - _offset, 0, bytes.Length);
        return Keep(bytes[skipped..], _head.Mask, _offset + skipped);
    }

    /// <summary>A frame's head is complete. False when there may be no such frame here.</summary>
    private bool TryOpen()
    {
        if (_head.HasExtension || !_head.IsMasked || _head.Length < 0) return false;
        if (_head.IsControl)
        {
            if (!_head.IsLast || _head.Length > WebSocketFrameHead.ControlBytesMax
                || _head.Opcode > WebSocketFrameHead.Pong)
                return false;
            // Nothing follows a close: a message that was not ended never will be.
            if (_head.Opcode == WebSocketFrameHead.Close) Abandon();
        }
        else
        {
            var isContinued = _head.Opcode == WebSocketFrameHead.Continuation;
            if (isContinued != _isInMessage || _head.Opcode > WebSocketFrameHead.Binary) return false;
            if (!isContinued) IsText = _head.Opcode == WebSocketFrameHead.Text;
            _isInMessage = true;
        }

        (_left, _offset, _isInFrame) = (_head.Length, 0, true);
        return true;
    }

    /// <summary>A frame is over; true when its message is.</summary>
    private bool Close()
    {
        var endsMessage = !_head.IsControl && _head.IsLast
            || _head.Opcode == WebSocketFrameHead.Close && _offset > WebSocketFrameHead.StatusBytes;
        if (endsMessage) _isInMessage = false;
        _isInFrame = false;
        _head.Clear();
        return endsMessage;
    }
}

/// <summary>
/// Follows the frames that a server sends, to know where one ends: between two, and nowhere else, a frame of the
/// proxy's own
/// may go out.
/// </summary>
public struct WebSocketFrameBounds
{
    private WebSocketFrameHead _head;
    private long _left;
    private bool _isInFrame;

    /// <summary>The last byte that was shown ended a frame.</summary>
    public readonly bool IsBetweenFrames => !_isInFrame && _head.IsEmpty;

    /// <summary>
    /// Shows bytes; returns how many of them come before the first end of a frame, all if there is none.
    /// </summary>
    public int Show(ReadOnlySpan<byte> bytes)
    {
        var shown = 0;
        if (!_isInFrame)
        {
            if (!_head.TryRead(bytes, out shown)) return shown;
            (_left, _isInFrame) = (Math.Max(0, _head.Length), true);
        }

        var count = (int)Math.Min(_left, bytes.Length - shown);
        _left -= count;
        shown += count;
        if (_left > 0) return shown;
        _isInFrame = false;
        _head.Clear();
        return shown;
    }
}

/// <summary>The head of a frame, read byte by byte: two to fourteen bytes.</summary>
internal struct WebSocketFrameHead
{
    public const int ControlBytesMax = 125;

    /// <summary>Bytes of a closing frame's status, before its reason.</summary>
    public const int StatusBytes = 2;

    public const int Continuation = 0;
    public const int Text = 1;
    public const int Binary = 2;
    public const int Close = 8;
    public const int Pong = 10;

    private const int BytesMax = 14;

    private UInt128 _bytes;
    private int _length;

    public readonly bool IsEmpty => _length == 0;

    public readonly bool IsLast => (At(0) & 0x80) != 0;

    public readonly bool HasExtension => (At(0) & 0x70) != 0;

    public readonly int Opcode => At(0) & 0x0F;

    public readonly bool IsControl => Opcode >= 8;

    public readonly bool IsMasked => (At(1) & 0x80) != 0;

    /// <summary>Bytes that follow the head; negative when there may not be so many.</summary>
    public readonly long Length => (At(1) & 0x7F) switch
    {
        126 => (At(2) << 8) | At(3),
        127 => (long)Number(2, 8),
        var length => length,
    };

    public readonly uint Mask => IsMasked ? (uint)Number(Needed - 4, 4) : 0;

    private readonly int Needed => _length < 2 ? 2
        : 2 + (At(1) & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 } + (IsMasked ? 4 : 0);

    /// <summary>Takes bytes until the head is complete; true when it is.</summary>
    public bool TryRead(ReadOnlySpan<byte> bytes, out int taken)
    {
        taken = 0;
        while (_length < Needed)
        {
            if (taken == bytes.Length) return false;
            _bytes |= (UInt128)bytes[taken++] << (8 * (BytesMax - 1 - _length++));
        }

        return true;
    }

    public void Clear() => (_bytes, _length) = (0, 0);

    private readonly int At(int index) => (int)(_bytes >> (8 * (BytesMax - 1 - index))) & 0xFF;

    private readonly ulong Number(int first, int count)
    {
        ulong number = 0;
        for (var i = 0; i < count; i++) number = (number << 8) | (uint)At(first + i);
        return number;
    }
}
