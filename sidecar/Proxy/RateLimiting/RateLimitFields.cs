using System.Globalization;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.RateLimiting;

/// <summary>
/// Response fields by which a client learns of a limit (draft-ietf-httpapi-ratelimit-headers-11): a list of structured
/// strings with parameters, of which only the limit that refused is told.
/// </summary>
internal static class RateLimitFields
{
    public const string PolicyHeader = "RateLimit-Policy";
    public const string LimitHeader = "RateLimit";

    /// <summary>Item of RateLimit-Policy: quota and window in seconds.</summary>
    public static string PolicyOf(RateLimit limit)
    {
        var window = Math.Max(1, (long)Math.Ceiling(limit.Period.TotalSeconds));
        var unit = limit.Distinct is null ? "" : ";qu=\"distinct-values\"";
        return string.Create(CultureInfo.InvariantCulture, $"\"{limit.Name}\";q={limit.Requests}{unit};w={window}");
    }

    /// <summary>Item of RateLimit for a limit with nothing left.</summary>
    public static string Exhausted(string limit, TimeSpan retryAfter) => string.Create(
        CultureInfo.InvariantCulture, $"\"{limit}\";r=0;t={SecondsOf(retryAfter)}");

    /// <summary>Whole seconds, never less than the wait.</summary>
    public static long SecondsOf(TimeSpan wait) => Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
}
