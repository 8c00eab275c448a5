using System.Buffers.Text;
using WafOperator.Http;

namespace WafOperator.Engine.Values;

/// <summary>
/// The blocks of bytes a transaction's <see cref="Text"/>s point into, and the arena it writes to. Pooled with its
/// transaction.
/// </summary>
internal sealed class TransactionMemory(byte[] constants, EngineLimits limits)
{
    private readonly ByteArena _arena = new(limits.TransactionBytesMax, limits.RetainedBytesMax);
    private CanonicalRequest? _request;
    private CanonicalResponse? _response;

    /// <summary>Whether something did not fit.</summary>
    public bool IsExhausted { get; private set; }

    public ByteArena Arena => _arena;

    public void Begin(CanonicalRequest request) => _request = request;

    public void BeginResponse(CanonicalResponse response) => _response = response;

    public void Reset()
    {
        _arena.Reset();
        _request = null;
        _response = null;
        IsExhausted = false;
    }

    public ReadOnlySpan<byte> this[Text text] => text.Origin switch
    {
        Origin.Request => _request![text.Slice],
        Origin.Own => _arena[text.Slice],
        Origin.Constant => new ReadOnlySpan<byte>(constants, text.Slice.Offset, text.Slice.Length),
        _ => _response![text.Slice],
    };

    public static Text OfRequest(Slice slice) => new(Origin.Request, slice);

    public static Text OfResponse(Slice slice) => new(Origin.Response, slice);

    /// <summary>Copies bytes in; an empty text where they do not fit.</summary>
    public Text Append(ReadOnlySpan<byte> bytes)
    {
        if (_arena.TryAppend(bytes, out var slice))
        {
            return new Text(Origin.Own, slice);
        }

        IsExhausted = true;
        return Text.Empty;
    }

    /// <summary>The digits of a number.</summary>
    public Text Format(long number)
    {
        if (!Reserve(20))
        {
            return Text.Empty;
        }

        Utf8Formatter.TryFormat(number, _arena.Tail, out var written);
        return new Text(Origin.Own, _arena.Commit(written));
    }

    /// <summary>Makes room at the arena's tail; false, and noted, where there is none.</summary>
    public bool Reserve(int count)
    {
        if (_arena.TryReserve(count))
        {
            return true;
        }

        IsExhausted = true;
        return false;
    }

    /// <summary>Starts a text that is put together piece by piece with <see cref="Extend"/>.</summary>
    public int Mark() => _arena.Length;

    /// <summary>Appends a piece; the source may be anywhere, the arena included.</summary>
    public void Extend(Text piece)
    {
        if (piece.Length == 0 || !Reserve(piece.Length))
        {
            return;
        }

        this[piece].CopyTo(_arena.Tail);
        _arena.Commit(piece.Length);
    }

    /// <summary>The text since a mark.</summary>
    public Text Since(int mark) => new(Origin.Own, new Slice(mark, _arena.Length - mark));

    /// <summary>
    /// Reads a number as C's strtol does: leading spaces, a sign, digits; what follows is ignored, and nothing counts
    /// as 0.
    /// </summary>
    public static long ParseNumber(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && (bytes[at] == ' ' || bytes[at] is >= 9 and <= 13))
        {
            at++;
        }

        var negative = at < bytes.Length && bytes[at] == '-';
        if (at < bytes.Length && (bytes[at] == '-' || bytes[at] == '+'))
        {
            at++;
        }

        long number = 0;
        for (; at < bytes.Length && (uint)(bytes[at] - '0') <= 9; at++)
        {
            if (number > (long.MaxValue - 9) / 10)
            {
                return negative ? long.MinValue : long.MaxValue;
            }

            number = (number * 10) + (bytes[at] - '0');
        }

        return negative ? -number : number;
    }
}
