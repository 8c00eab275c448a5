using System.Buffers.Binary;

namespace WafOperator.Http.Messages;

/// <summary>
/// Messages of a gRPC call: a byte of flags, four bytes of length, the message
/// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Not thread-safe.
/// </summary>
public sealed class GrpcFrameReader(int windowBytes) : MessageReader(windowBytes)
{
    private const int PrefixBytes = 5;
    private const byte CompressedFlag = 1;

    private readonly byte[] _prefix = new byte[PrefixBytes];
    private int _prefixLength;
    private long _left;

    /// <summary>Bytes of the current message, as its frame says.</summary>
    public long DeclaredLength { get; private set; }

    /// <summary>The current message is compressed as the call's <c>grpc-encoding</c> says.</summary>
    public bool IsCompressed { get; private set; }

    public override bool IsBetweenMessages => HasEnded || _prefixLength == 0;

    protected override MessageStep ReadOn(ReadOnlySpan<byte> bytes, out int consumed)
    {
        consumed = 0;
        while (_prefixLength < PrefixBytes)
        {
            if (consumed == bytes.Length) return MessageStep.NeedsMore;
            _prefix[_prefixLength++] = bytes[consumed++];
            if (_prefixLength < PrefixBytes) continue;
            if (_prefix[0] > CompressedFlag) return MessageStep.Malformed;
            IsCompressed = _prefix[0] == CompressedFlag;
            _left = DeclaredLength = BinaryPrimitives.ReadUInt32BigEndian(_prefix.AsSpan(1));
        }

        var count = (int)Math.Min(_left, bytes.Length - consumed);
        var isFull = Keep(bytes.Slice(consumed, count), mask: 0, maskOffset: 0);
        consumed += count;
        _left -= count;
        if (isFull) return MessageStep.WindowFull;
        if (_left > 0) return MessageStep.NeedsMore;
        _prefixLength = 0;
        return End();
    }
}
