using WafOperator.Behaviour.Features;

namespace WafOperator.Behaviour.History;

/// <summary>Requests and clients of the last minute, fading. Thread-safe.</summary>
public sealed class SiteRate
{
    private const double Seconds = 60;

    private readonly Lock _lock = new();
    private double _requests;
    private double _clients;
    private long _at;

    /// <summary>Adds a request.</summary>
    /// <param name="now">Milliseconds.</param>
    /// <param name="silence">Milliseconds since the client's request before; most there are for a new one.</param>
    public SiteLoad Add(long now, long silence)
    {
        lock (_lock)
        {
            var fade = Math.Exp(-Math.Max(0, now - _at) / 1000.0 / Seconds);
            _at = Math.Max(_at, now);
            _requests = _requests * fade + 1;
            // A client counts as one when it comes, and fades as its requests do: what it has left is not added again.
            _clients = _clients * fade + 1 - Math.Exp(-Math.Min(silence, 3_600_000) / 1000.0 / Seconds);
            return new SiteLoad(_requests, _clients);
        }
    }
}
