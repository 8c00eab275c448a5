using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Listening;

/// <summary>
/// A connection whose client has sent all that it sends before the server sees it. So it shows when the server has done
/// with it: it ends the connection, or waits for more. Until then the client does not close, as that would interrupt
/// what is under way. Disposing of it closes it.
/// </summary>
public sealed class MemoryExchange : IDisposable
{
    /// <summary>Nobody waits for room: what is sent is in memory already, and answers are short.</summary>
    private static readonly PipeOptions Options = new(pauseWriterThreshold: 0, useSynchronizationContext: false);

    private static readonly IPEndPoint Local = new(IPAddress.Loopback, 0);

    private readonly Pipe _requests = new(Options);
    private readonly Pipe _answers = new(Options);
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal MemoryExchange(string id, IPEndPoint peer, ReadOnlySpan<byte> bytes)
    {
        _requests.Writer.Write(bytes);
        // There is no threshold to wait for.
        _ = _requests.Writer.FlushAsync().AsTask();
        Connection = new MemoryConnection(this, id)
        {
            RemoteEndPoint = peer, LocalEndPoint = Local,
        };
    }

    internal ConnectionContext Connection { get; }

    /// <summary>The server has read everything, and true: it ended the connection; false: it waits for more.</summary>
    public Task<bool> Done => _done.Task;

    /// <summary>The server has ended the connection.</summary>
    public Task Ended => _ended.Task;

    /// <summary>What the server answers.</summary>
    public PipeReader Answers => _answers.Reader;

    /// <summary>The client ends the connection: what is not whole by now is never going to be.</summary>
    public void Close() => _requests.Writer.Complete();

    public void Dispose()
    {
        _requests.Writer.Complete();
        _answers.Reader.Complete();
    }

    private void Waits() => _done.TrySetResult(false);

    private void End()
    {
        _done.TrySetResult(true);
        _ended.TrySetResult();
    }

    /// <summary>
    /// The server's side of it. The framework's own context disposes of its source while another thread may be about to
    /// cancel it, which ends the process; this one leaves it to the collector.
    /// </summary>
    private sealed class MemoryConnection : ConnectionContext, IConnectionIdFeature, IConnectionTransportFeature,
        IConnectionItemsFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IDuplexPipe
    {
        private readonly CancellationTokenSource _closed = new();
        private readonly MemoryExchange _exchange;

        public MemoryConnection(MemoryExchange exchange, string id)
        {
            (_exchange, ConnectionId) = (exchange, id);
            Input = new WatchedReader(exchange._requests.Reader, exchange.Waits);
            Transport = this;
            ConnectionClosed = _closed.Token;
            Features.Set<IConnectionIdFeature>(this);
            Features.Set<IConnectionTransportFeature>(this);
            Features.Set<IConnectionItemsFeature>(this);
            Features.Set<IConnectionLifetimeFeature>(this);
            Features.Set<IConnectionEndPointFeature>(this);
        }

        public PipeReader Input { get; }

        public PipeWriter Output => _exchange._answers.Writer;

        public override string ConnectionId { get; set; }

        public override IFeatureCollection Features { get; } = new FeatureCollection();

        public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

        public override IDuplexPipe Transport { get; set; }

        public override CancellationToken ConnectionClosed { get; set; }

        public override EndPoint? LocalEndPoint { get; set; }

        public override EndPoint? RemoteEndPoint { get; set; }

        public override void Abort() => Abort(new ConnectionAbortedException("the connection was aborted"));

        public override void Abort(ConnectionAbortedException abortReason)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
            Input.CancelPendingRead();
            _exchange.End();
        }

        public override async ValueTask DisposeAsync()
        {
            await Input.CompleteAsync();
            await Output.CompleteAsync();
            _exchange.End();
            await base.DisposeAsync();
        }
    }

    /// <summary>Tells when somebody waits for bytes: there are none to come.</summary>
    private sealed class WatchedReader(PipeReader inner, Action waits) : PipeReader
    {
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var reading = inner.ReadAsync(cancellationToken);
            if (!reading.IsCompleted) waits();
            return reading;
        }

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
            inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
