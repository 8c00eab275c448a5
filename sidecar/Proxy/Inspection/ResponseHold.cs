using System.Buffers;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Forwarding;

namespace WafOperator.Proxy.Inspection;

/// <summary>What comes behind the inspected beginning of a response.</summary>
internal enum ResponseRest { None, Late, Long }

/// <summary>
/// Holds the beginning of a response back until it was inspected: up to a length and for a time, so that text that
/// comes
/// little by little is not held to its end. Not thread-safe.
/// </summary>
internal sealed class ResponseHold(ResponseInspection inspection, HeldBody held, TimeSpan holdMax)
{
    private const int BufferBytes = 16 * 1024;

    /// <summary>Whether something comes behind the held bytes that is not inspected.</summary>
    public ResponseRest Rest { get; private set; }

    /// <summary>Counter of a response that was not inspected to its end, or null.</summary>
    public static string? IncidentOf(ResponseRest rest) => rest switch
    {
        ResponseRest.Late => "response_held_for_its_time",
        ResponseRest.Long => "response_held_to_its_limit",
        _ => null,
    };

    /// <summary>Delivers the held bytes and then the rest. Null when there is no room.</summary>
    public async Task<HttpContent?> HoldAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var stream = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var isLent = false;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task? timeout = null;
        try
        {
            while (held.Length < inspection.BodyBytesMax)
            {
                var room = (int)Math.Min(buffer.Length, inspection.BodyBytesMax - held.Length);
                var pending = stream.ReadAsync(buffer.AsMemory(0, room), cancellationToken).AsTask();
                if (!pending.IsCompleted)
                {
                    timeout ??= Task.Delay(holdMax, patience.Token);
                    if (await Task.WhenAny(pending, timeout) != pending)
                    {
                        (isLent, Rest) = (true, ResponseRest.Late);
                        var rest = new PendingStream(pending, buffer.AsMemory(0, room), stream);
                        return new StreamContent(new ReplayStream(held, rest));
                    }
                }

                var count = await pending;
                if (count == 0) return new StreamContent(new ReplayStream(held, null));
                if (!held.TryAppend(buffer.AsSpan(0, count))) return null;
                inspection.AppendBody(buffer.AsSpan(0, count));
            }

            Rest = ResponseRest.Long;
            return new StreamContent(new ReplayStream(held, stream));
        }
        finally
        {
            await patience.CancelAsync();
            // A read that is still going on writes into the buffer: then it is the reader's.
            if (!isLent) ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
