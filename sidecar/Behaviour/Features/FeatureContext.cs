using WafOperator.Behaviour.History;

namespace WafOperator.Behaviour.Features;

/// <summary>Load of the whole site, as one sidecar sees it.</summary>
/// <param name="Requests">Requests of the last minute, fading.</param>
/// <param name="Clients">Clients that came within the last minute, fading.</param>
public readonly record struct SiteLoad(double Requests, double Clients);

/// <summary>All that features are computed of. Reused; not thread-safe.</summary>
public sealed class FeatureContext
{
    private ClientRecord _record;

    public RequestShape Shape { get; } = new();
    public RingStatistics Ring { get; } = new();

    /// <summary>The client, the request among its last ones.</summary>
    public ref readonly ClientRecord Record => ref _record;
    public SiteLoad Site { get; private set; }

    /// <summary>Seconds since the client's first request.</summary>
    public double Age { get; private set; }

    /// <summary>Takes a client's record with the request in it.</summary>
    public void Take(in ClientRecord record, SiteLoad site)
    {
        _record = record;
        Site = site;
        Age = Math.Max(0, record.LastAt / 1000.0 - record.FirstSecond);
        Ring.Read(record);
    }

    internal double MinuteRequests => Minute(WindowCount.Requests);
    internal double FiveMinuteRequests => _record.FiveMinutes[WindowCount.Requests];
    internal double HourRequests => _record.Hour[WindowCount.Requests];

    /// <summary>The client's share of the site's requests within a minute.</summary>
    internal double SiteShare => Math.Min(1, Over(MinuteRequests, Site.Requests));

    internal double Minute(WindowCount count) => _record.Minute[count];

    internal double MinuteShare(WindowCount count) => Share(_record.Minute, count);

    internal double FiveMinuteShare(WindowCount count) => Share(_record.FiveMinutes, count);

    internal double HourShare(WindowCount count) => Share(_record.Hour, count);

    /// <summary>One number over another; 0 where that is none.</summary>
    internal static double Over(double number, double other) => other <= 0 ? 0 : number / other;

    /// <summary>Share of a count in the requests of a window; 0 without requests.</summary>
    internal static double Share(in WindowCounts window, WindowCount count)
    {
        var requests = window[WindowCount.Requests];
        return requests <= 0 ? 0 : window[count] / (double)requests;
    }
}
