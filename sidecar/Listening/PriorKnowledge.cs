using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace WafOperator.Listening;

/// <summary>
/// HTTP/1.1 and HTTP/2 on one port without TLS. Kestrel speaks one of them on such a port, since nothing was
/// negotiated; a sidecar must take what comes, because the application's port did. The first bytes tell: a connection
/// that opens with HTTP/2's preface (RFC 9113, section 3.4) is handed to a second, virtual endpoint, which speaks
/// HTTP/2 only.
/// </summary>
public sealed class PriorKnowledgeEndPoint(string name) : VirtualEndPoint
{
    /// <summary>Hands a connection over and waits until HTTP/2 is done with it.</summary>
    public async Task ServeAsync(ConnectionContext connection)
    {
        await using var handed = new HandedOverConnection(connection);
        if (TryHandOver(handed)) await handed.Done;
    }

    public override string ToString() => $"{name} (HTTP/2)";
}

/// <summary>
/// Binds virtual endpoints to themselves and all others to sockets, and remembers which port was taken.
/// </summary>
public sealed class SharedPortTransport(IConnectionListenerFactory sockets) : IConnectionListenerFactory
{
    private readonly ConcurrentQueue<IPEndPoint> _bound = new();

    /// <summary>Socket endpoints in the order in which they were bound.</summary>
    public IReadOnlyList<IPEndPoint> Bound => [.. _bound];

    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        if (endpoint is VirtualEndPoint virtualEndPoint) return new HandOverListener(virtualEndPoint);
        var listener = await sockets.BindAsync(endpoint, cancellationToken);
        if (listener.EndPoint is IPEndPoint bound) _bound.Enqueue(bound);
        return listener;
    }

    private sealed class HandOverListener(VirtualEndPoint endpoint) : IConnectionListener
    {
        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await endpoint.Accepted.WaitToReadAsync(cancellationToken))
            {
                if (endpoint.Accepted.TryRead(out var connection)) return connection;
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            endpoint.Close();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}

/// <summary>Looks at the first bytes of a connection and hands HTTP/2 over.</summary>
public sealed class PrefaceSniffer(PriorKnowledgeEndPoint http2, TimeSpan silenceMax, TimeProvider time)
{
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0"u8;

    public ConnectionDelegate Wrap(ConnectionDelegate http1) => async connection =>
    {
        switch (await SniffAsync(connection))
        {
            case true:
                await http2.ServeAsync(connection);
                break;
            case false:
                await http1(connection);
                break;
        }
    };

    /// <summary>True for HTTP/2, false for anything else, null when the connection is to end.</summary>
    private async ValueTask<bool?> SniffAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        if (input.TryRead(out var ready) && Judge(ready.Buffer, ready.IsCompleted, out var known))
        {
            input.AdvanceTo(ready.Buffer.Start);
            return known;
        }

        if (!ready.Buffer.IsEmpty) input.AdvanceTo(ready.Buffer.Start, ready.Buffer.End);
        using var timer = time.CreateTimer(_ => input.CancelPendingRead(), null, silenceMax, Timeout.InfiniteTimeSpan);
        var lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
        using var shutdown = lifetime?.ConnectionClosedRequested.Register(input.CancelPendingRead);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync();
                if (read.IsCanceled) return null;
                if (Judge(read.Buffer, read.IsCompleted, out var isHttp2))
                {
                    input.AdvanceTo(read.Buffer.Start);
                    return isHttp2;
                }

                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (ConnectionResetException)
        {
            return null;
        }
        catch (ConnectionAbortedException)
        {
            return null;
        }
    }

    private static bool Judge(in ReadOnlySequence<byte> buffer, bool isCompleted, out bool isHttp2)
    {
        Span<byte> start = stackalloc byte[Preface.Length];
        var length = (int)Math.Min(buffer.Length, start.Length);
        buffer.Slice(0, length).CopyTo(start);
        isHttp2 = start[..length].SequenceEqual(Preface);
        return isHttp2 || isCompleted || length > 0 && !Preface.StartsWith(start[..length]);
    }
}

/// <summary>A connection as the second endpoint sees it: disposing it gives it back instead of closing it.</summary>
internal sealed class HandedOverConnection(ConnectionContext inner) : ConnectionContext
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Done => _done.Task;

    public override string ConnectionId { get => inner.ConnectionId; set => inner.ConnectionId = value; }

    public override IFeatureCollection Features { get; } = new FeatureCollection(inner.Features);

    public override IDictionary<object, object?> Items { get => inner.Items; set => inner.Items = value; }

    public override System.IO.Pipelines.IDuplexPipe Transport
    {
        get => inner.Transport;
        set => inner.Transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => inner.ConnectionClosed;
        set => inner.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint { get => inner.LocalEndPoint; set => inner.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => inner.RemoteEndPoint; set => inner.RemoteEndPoint = value; }

    public override void Abort(ConnectionAbortedException abortReason) => inner.Abort(abortReason);

    public override ValueTask DisposeAsync()
    {
        _done.TrySetResult();
        return base.DisposeAsync();
    }
}
