using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Bodies;

/// <summary>Reads what was held back first, then what is still coming, if anything is.</summary>
internal sealed class ReplayStream(HeldBody held, Stream? rest) : ReadOnlyStream
{
    /// <summary>Bytes that passed behind those that were held.</summary>
    public long RestBytes { get; private set; }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A read of no bytes asks whether there are some: held ones must not wait for those that are still coming.
        if (!held.IsEmpty) return ValueTask.FromResult(held.Take(buffer.Span));
        return rest is null ? ValueTask.FromResult(0) : PassAsync(rest, buffer, cancellationToken);
    }

    private async ValueTask<int> PassAsync(Stream from, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var count = await from.ReadAsync(buffer, cancellationToken);
        RestBytes += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) rest?.Dispose();
        base.Dispose(disposing);
    }
}
