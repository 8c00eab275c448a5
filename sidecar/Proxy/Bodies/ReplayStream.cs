using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Bodies;

/// <summary>Reads what was held back first, then what is still coming, if anything is.</summary>
internal sealed class ReplayStream(HeldBody held, Stream? rest) : ReadOnlyStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A read of no bytes asks whether there are some: held ones must not wait for those that are still coming.
        if (!held.IsEmpty) return ValueTask.FromResult(held.Take(buffer.Span));
        return rest?.ReadAsync(buffer, cancellationToken) ?? ValueTask.FromResult(0);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) rest?.Dispose();
        base.Dispose(disposing);
    }
}
