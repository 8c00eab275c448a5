using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Messages;

/// <summary>What the client of a gRPC call sends, judged message by message on its way to the application.</summary>
internal sealed class InspectedCall(Stream client, MessageGate gate, CancellationTokenSource forwarding)
    : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await client.ReadAsync(buffer, cancellationToken);
        if (count == 0 || await gate.PassAsync(buffer[..count]) == count) return count;
        // The application sees a call that was cancelled; the client gets its status once the forwarder has let go.
        await forwarding.CancelAsync();
        throw new OperationCanceledException(forwarding.Token);
    }
}
