using System.Net;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// A body of unknown length on its way to the application: small pieces are sent when they come. The client library
/// keeps
/// them until its buffer is full, which for a log that is followed may take hours.
/// </summary>
internal sealed class PromptContent : HttpContent
{
    private readonly HttpContent _body;

    private PromptContent(HttpContent body)
    {
        _body = body;
        foreach (var (name, values) in body.Headers.NonValidated) Headers.TryAddWithoutValidation(name, values);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _body.CopyToAsync(new PromptStream(stream), context, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _body.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>
    /// Makes bodies of unknown length prompt, over HTTP/1.1; over HTTP/2 the forwarder does so where it matters.
    /// </summary>
    internal sealed class Handler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content is { } body && request.Version.Major == 1
                && !body.Headers.NonValidated.Contains("Content-Length")) request.Content = new PromptContent(body);
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class PromptStream(Stream inner) : Stream
    {
        /// <summary>Larger pieces leave at once by themselves.</summary>
        private const int SmallBytesMax = 16 * 1024;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer,
            CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken);
            if (buffer.Length < SmallBytesMax) await inner.FlushAsync(cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) =>
            throw new NotSupportedException("write asynchronously");
    }
}
