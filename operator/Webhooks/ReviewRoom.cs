using System.Net;

namespace WafOperator.Webhooks;

/// <summary>
/// Memory for reviews, from the first byte that is read to the answer: what is read is parsed into a tree several times
/// as large. All reviews share a bound, and one address gets at most three quarters of it, so that a stranger who sends
/// as much as he can leaves room for the API server. Whoever finds no room waits a moment. Thread-safe.
/// </summary>
/// <param name="bytesMax">Bytes of all reviews.</param>
/// <param name="time">Clock.</param>
public sealed class ReviewRoom(long bytesMax, TimeProvider time)
{
    /// <summary>Four of the longest reviews, or some hundred ordinary ones.</summary>
    public const long BytesMaxDefault = 4L * AdmissionEndpoints.BodyBytesMax;

    /// <summary>Most reviews that wait for room; further ones are sent away at once.</summary>
    public const int WaitingMax = 64;

    private const int Rows = 256;

    /// <summary>Longest wait: the API server gives up after ten seconds.</summary>
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly long[] _byPeer = new long[Rows];
    private long _taken;
    private int _waiting;

    /// <summary>Bytes taken now.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>A part of the room that a review takes as it grows; disposing it gives everything back.</summary>
    public Share For(IPAddress? peer) => new(this, (int)((uint)HashCode.Combine(peer?.ToString()) % Rows));

    private bool TryTake(int row, long bytes)
    {
        lock (_lock)
        {
            if (_taken + bytes > bytesMax || _byPeer[row] + bytes > bytesMax / 4 * 3) return false;
            _taken += bytes;
            _byPeer[row] += bytes;
            return true;
        }
    }

    private void Return(int row, long bytes)
    {
        lock (_lock)
        {
            _taken -= bytes;
            _byPeer[row] -= bytes;
        }
    }

    private async ValueTask<bool> TakeAsync(int row, long bytes, CancellationToken cancellationToken)
    {
        if (TryTake(row, bytes)) return true;
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }

        try
        {
            var began = time.GetTimestamp();
            while (time.GetElapsedTime(began) < WaitMax)
            {
                await Task.Delay(LookEvery, time, cancellationToken);
                if (TryTake(row, bytes)) return true;
            }

            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>What one review takes. Not thread-safe.</summary>
    public sealed class Share(ReviewRoom room, int row) : IDisposable
    {
        private long _taken;

        /// <summary>Takes more; false when there is no room within a moment.</summary>
        public async ValueTask<bool> TakeAsync(long bytes, CancellationToken cancellationToken)
        {
            if (!await room.TakeAsync(row, bytes, cancellationToken)) return false;
            _taken += bytes;
            return true;
        }

        public void Dispose()
        {
            room.Return(row, _taken);
            _taken = 0;
        }
    }
}
