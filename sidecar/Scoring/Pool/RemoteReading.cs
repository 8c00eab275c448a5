using System.Buffers;
using WafOperator.Features;
using WafOperator.Protocols.Inference;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Pool;

/// <summary>
/// A request as a pool is asked about it: its values in one compact body of at most
/// <see cref="CompactWholeRequest.BodyBytesMax"/> bytes. Reused; not thread-safe.
/// </summary>
internal sealed class RemoteReading : RequestText
{
    private readonly ArrayBufferWriter<byte> _body = new(512);
    private int _count;
    private bool _isFull;

    protected override bool IsFull => _isFull;

    /// <summary>Begins a request to the package of this digest.</summary>
    public void Begin(string digest, ReadOnlySpan<byte> method)
    {
        _body.ResetWrittenCount();
        (_count, _isFull) = (0, false);
        CompactWholeRequest.Begin(_body, digest, method);
        Clear();
    }

    /// <summary>The body, once all parts were added.</summary>
    public byte[] ToBody()
    {
        var body = _body.WrittenSpan.ToArray();
        CompactWholeRequest.SetCount(body, _count);
        return body;
    }

    protected override void Take(
        RequestSection section, int marker, ValueFlags flags, ReadOnlySpan<byte> normalized)
    {
        var size = _body.WrittenCount + CompactWholeRequest.ValueHeaderBytes + normalized.Length;
        if (_isFull || _count == CompactWholeRequest.ValuesMax || size > CompactWholeRequest.BodyBytesMax)
        {
            // What follows would be read without what stands before it.
            _isFull = true;
            Cut();
            return;
        }

        CompactWholeRequest.Add(_body, new((byte)section, (byte)marker, (ushort)flags), normalized);
        _count++;
    }
}
