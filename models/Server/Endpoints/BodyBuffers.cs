using System.Buffers;
using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>Reads bodies whole, within the bytes that one and all may have. Thread-safe.</summary>
internal sealed class BodyBuffers(RequestLimits limits)
{
    private long _held;

    /// <summary>Bytes of bodies that are held now.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>The whole body. Give it back when the request has ended.</summary>
    /// <exception cref="RefusedException">It is too long, or too much is held already.</exception>
    public async ValueTask<HeldBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limits.BodyBytesMax) throw TooLong();
        var body = new HeldBody(this);
        try
        {
            while (true)
            {
                var read = await request.BodyReader.ReadAsync(cancellationToken);
                var length = read.Buffer.Length;
                if (length > limits.BodyBytesMax) throw TooLong();
                body.Reserve(length);
                if (!read.IsCompleted)
                {
                    request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    continue;
                }

                // Not from a pool: a batch may still read it after its caller has gone.
                body.Bytes = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body;
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private RefusedException TooLong() =>
        RefusedException.TooLarge($"the body is longer than {limits.BodyBytesMax} bytes");

    /// <summary>A body in memory.</summary>
    internal sealed class HeldBody(BodyBuffers owner) : IDisposable
    {
        private long _reserved;

        public byte[] Bytes { get; set; } = [];

        public void Reserve(long bytes)
        {
            var more = bytes - _reserved;
            _reserved = bytes;
            if (Interlocked.Add(ref owner._held, more) <= owner.MostHeld) return;
            throw new RefusedException(InferenceErrorCode.QueueFull, "too many bytes of bodies are held");
        }

        public void Dispose()
        {
            Interlocked.Add(ref owner._held, -_reserved);
            _reserved = 0;
        }
    }

    private long MostHeld => limits.BodiesBytesMax;
}
