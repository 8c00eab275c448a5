using WafOperator.Behaviour.History;

namespace WafOperator.Behaviour.Features;

/// <summary>Features made of others.</summary>
internal static class DerivedFeatures
{
    public static readonly Feature[] All =
    [
        new("client_age", "s", "Time since the first request", static c => c.Age),
        new("client_requests", "count", "Requests since then", static c => c.Record.Count),
        new("client_log_age", "number", "Logarithm of the age, base 2", static c => Math.Log2(c.Age + 1)),
        new("client_log_requests", "number", "Logarithm of the requests, base 2",
            static c => Math.Log2(c.Record.Count + 1.0)),
        new("client_rate", "1/s", "Requests a second since the first", static c => c.Record.Count / (c.Age + 1)),
        new("burst_1m_5m", "number", "Rate of the last minute over that of five",
            static c => FeatureContext.Over(c.MinuteRequests * 5.0, c.FiveMinuteRequests)),
        new("burst_5m_1h", "number", "Rate of five minutes over that of an hour",
            static c => FeatureContext.Over(c.FiveMinuteRequests * 12.0, c.HourRequests)),
        new("log_requests_1m", "number", "Logarithm of the last minute's requests, base 2",
            static c => Math.Log2(c.MinuteRequests + 1.0)),
        new("log_requests_1h", "number", "Logarithm of the last hour's requests, base 2",
            static c => Math.Log2(c.HourRequests + 1.0)),
        new("log_kilobytes_1h", "number", "Logarithm of the last hour's KiB, base 2",
            static c => Math.Log2(c.Record.Hour[WindowCount.Kilobytes] + 1.0)),
        new("error_rise", "share", "Errors of the last minute less those of the hour",
            static c => c.MinuteShare(WindowCount.ClientErrors) - c.HourShare(WindowCount.ClientErrors)),
        new("probing_5m", "share", "404 share times share of new routes",
            static c => c.FiveMinuteShare(WindowCount.NotFound) * c.FiveMinuteShare(WindowCount.NewRoutes)),
        new("guessing_5m", "share", "Share of writes times share of refusals by the application",
            static c => c.FiveMinuteShare(WindowCount.Writes) * c.FiveMinuteShare(WindowCount.Denied)),
        new("bare_pages_5m", "share", "Requests that are neither page assets nor come from a page",
            static c => (1 - c.FiveMinuteShare(WindowCount.Assets)) * (1 - c.FiveMinuteShare(WindowCount.Referers))),
        new("collecting", "number", "Different routes without assets among the last 50",
            static c => c.Ring.Routes.DistinctShare * (1 - c.Ring.Counts.Share(c.Ring.Counts.Assets))),
        new("hammering_1m", "number", "Requests of the last minute times the share of one route",
            static c => c.MinuteRequests * c.Ring.Routes.TopShare),
        new("distinct_per_minute", "1/min", "Different routes of the last 50 requests a minute",
            static c => c.Ring.Routes.Distinct / ((c.Ring.Gaps.Sum + 1) / 60)),
        new("kilobytes_per_second", "KiB/s", "Bytes of the last minute for each second of work",
            static c => FeatureContext.Over(c.Minute(WindowCount.Kilobytes), c.Minute(WindowCount.Seconds))),
        new("busy_1m", "number", "Seconds of work in each second of the last minute",
            static c => c.Minute(WindowCount.Seconds) / 60.0),
        new("site_requests_1m", "count", "Requests of all clients, 1 minute", static c => c.Site.Requests),
        new("site_clients_1m", "count", "Clients, 1 minute", static c => c.Site.Clients),
        new("site_share_1m", "share", "The client's share of the site's requests",
            static c => c.SiteShare),
        new("site_even_share", "number", "That share times the number of clients: 1 is an even share",
            static c => c.SiteShare * c.Site.Clients),
    ];
}
