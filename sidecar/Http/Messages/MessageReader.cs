using System.Buffers;

namespace WafOperator.Http.Messages;

/// <summary>What a reader came upon.</summary>
public enum MessageStep
{
    /// <summary>All bytes were taken, no message ended.</summary>
    NeedsMore,

    /// <summary>
    /// The window is full and the message goes on: what is there can be judged, the rest will not be kept.
    /// </summary>
    WindowFull,

    /// <summary>A message ended; all of it is in the window.</summary>
    Message,

    /// <summary>A message ended whose window was judged before.</summary>
    LongMessage,

    /// <summary>The bytes break the protocol. What follows cannot be told apart any more.</summary>
    Malformed,
}

/// <summary>
/// Splits a stream of bytes into messages, and keeps the beginning of the message that is coming. How the bytes are cut
/// into pieces changes nothing. Memory is taken while a message is incomplete, never more than the window. Not
/// thread-safe.
/// </summary>
/// <param name="windowBytes">Most bytes kept of a message.</param>
public abstract class MessageReader(int windowBytes) : IDisposable
{
    private const int FirstBytes = 512;

    private byte[] _window = [];
    private int _kept;
    private bool _isJudged;

    /// <summary>Bytes of the current message that came so far.</summary>
    public long Length { get; private set; }

    /// <summary>
    /// The beginning of the current message, up to the window. Valid until the next <see cref="Read"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Content => _window.AsMemory(0, _kept);

    /// <summary>Bytes of memory taken for the window.</summary>
    public int HeldBytes => _window.Length;

    /// <summary>True when nothing of an unfinished message or frame has come.</summary>
    public abstract bool IsBetweenMessages { get; }

    /// <summary>
    /// Takes bytes up to the next step. After <see cref="MessageStep.Message"/> and <see
    /// cref="MessageStep.WindowFull"/> the
    /// content is to be looked at before reading on; after the latter also when no bytes are left, for the message may
    /// be
    /// over.
    /// </summary>
    public MessageStep Read(ReadOnlySpan<byte> bytes, out int consumed)
    {
        if (HasEnded) Begin();
        return ReadOn(bytes, out consumed);
    }

    /// <summary>Gives the window's memory back.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>The last step ended a message.</summary>
    protected bool HasEnded { get; set; }

    protected abstract MessageStep ReadOn(ReadOnlySpan<byte> bytes, out int consumed);

    /// <summary>Keeps what fits. True when the window became full by bytes that do not fit.</summary>
    protected bool Keep(ReadOnlySpan<byte> bytes, uint mask, long maskOffset)
    {
        Length += bytes.Length;
        var room = Math.Min(bytes.Length, windowBytes - _kept);
        if (room > 0)
        {
            Grow(_kept + room);
            var target = _window.AsSpan(_kept, room);
            bytes[..room].CopyTo(target);
            if (mask != 0) Unmask(target, mask, maskOffset);
            _kept += room;
        }

        if (room == bytes.Length || _isJudged) return false;
        return _isJudged = true;
    }

    /// <summary>Ends the message; its content stays until the next read.</summary>
    protected MessageStep End()
    {
        HasEnded = true;
        return _isJudged ? MessageStep.LongMessage : MessageStep.Message;
    }

    /// <summary>Forgets what was kept: the message will not be ended.</summary>
    protected void Abandon() => Begin();

    private void Begin()
    {
        HasEnded = _isJudged = false;
        Length = 0;
        Release();
    }

    private void Release()
    {
        _kept = 0;
        if (_window.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_window);
        _window = [];
    }

    private void Grow(int length)
    {
        if (length <= _window.Length) return;
        var wanted = Math.Min(windowBytes, Math.Max(length, _window.Length * 2));
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, wanted));
        _window.AsSpan(0, _kept).CopyTo(larger);
        if (_window.Length > 0) ArrayPool<byte>.Shared.Return(_window);
        _window = larger;
    }

    private static void Unmask(Span<byte> bytes, uint mask, long offset)
    {
        for (var i = 0; i < bytes.Length; i++) bytes[i] ^= (byte)(mask >> (int)(8 * (3 - ((offset + i) & 3))));
    }
}
