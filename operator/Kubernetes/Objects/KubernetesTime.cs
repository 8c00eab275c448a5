using System.Globalization;

namespace WafOperator.Kubernetes.Objects;

/// <summary>
/// Times as the API writes them: RFC 3339 in UTC, in whole seconds (Time) or microseconds (MicroTime).
/// </summary>
public static class KubernetesTime
{
    /// <summary>For fields of type Time.</summary>
    public static string Seconds(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>For fields of type MicroTime, whose parser insists on six digits.</summary>
    public static string Micros(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads either form; false for anything else.</summary>
    public static bool TryParse(string text, out DateTimeOffset time) => DateTimeOffset.TryParse(
        text,
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
        out time);
}
