using System.Net;
using System.Net.Sockets;
using WafOperator.Proxy.Listening;

namespace WafOperator.Proxy.Forwarding;

/// <summary>
/// Whether the application speaks HTTP/2 without TLS, where nothing is negotiated: asked once with the connection
/// preface,
/// on a connection of its own, so that no request is ever sent twice. Thread-safe.
/// </summary>
internal sealed class PriorKnowledgeProbe(EndPoint application, ProxyLimits limits, TimeProvider time)
{
    /// <summary>The preface and an empty SETTINGS frame (RFC 9113, section 3.4).</summary>
    private static readonly byte[] Opening = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];

    private const int HeaderBytes = 9;
    private const byte SettingsFrame = 4;

    private readonly Lock _asking = new();
    private Task<bool>? _asked;
    private long _answeredAt;

    /// <summary>
    /// The answer. That it does is remembered until <see cref="Forget"/>; that it does not, for a while: a restarted
    /// application may be another one.
    /// </summary>
    public Task<bool> SpeaksHttp2Async()
    {
        lock (_asking)
        {
            if (_asked is { } asked && (!asked.IsCompleted || IsFresh(asked))) return asked;
            return _asked = AskAsync();
        }
    }

    /// <summary>A request failed: the application may have been replaced.</summary>
    public void Forget()
    {
        lock (_asking)
        {
            if (_asked is { IsCompleted: true }) _asked = null;
        }
    }

    /// <summary>What the first bytes of an answer say; null when there are too few.</summary>
    public static bool? Judge(ReadOnlySpan<byte> start)
    {
        if (start.Length < HeaderBytes) return start.StartsWith("HTTP"u8) ? false : null;
        return start[3] == SettingsFrame && !start[5..HeaderBytes].ContainsAnyExcept((byte)0);
    }

    private bool IsFresh(Task<bool> asked) =>
        asked.Result || time.GetElapsedTime(Volatile.Read(ref _answeredAt)) < limits.ProtocolRememberedFor;

    private async Task<bool> AskAsync()
    {
        await Task.Yield();
        try
        {
            using var patience = new CancellationTokenSource(limits.ConnectWithin, time);
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(application, patience.Token);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(Opening, patience.Token);
            return await ReadAsync(stream, patience.Token);
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            Volatile.Write(ref _answeredAt, time.GetTimestamp());
        }
    }

    private static async Task<bool> ReadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var start = new byte[HeaderBytes];
        var length = 0;
        while (true)
        {
            var count = await stream.ReadAsync(start.AsMemory(length), cancellationToken);
            length += count;
            if (Judge(start.AsSpan(0, length)) is { } answer) return answer;
            if (count == 0) return false;
        }
    }
}
