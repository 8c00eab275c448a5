using System.Globalization;

namespace WafOperator.Telemetry;

/// <summary>
/// Whether and how much is traced, from the environment variables that OpenTelemetry defines. Where, with which
/// headers and how often it is sent is read by the library from its own variables (<c>OTEL_EXPORTER_OTLP_*</c>,
/// <c>OTEL_BSP_*</c>).
/// </summary>
public sealed record TraceSettings
{
    /// <summary>Traces that one process begins in a second, whatever is asked for.</summary>
    public const int PerSecondMax = 100;

    /// <summary>Traces are sent.</summary>
    public bool IsOn { get; init; }

    /// <summary>Share of what has no sampled parent that is traced, from 0 to 1.</summary>
    public double Ratio { get; init; }

    /// <summary>What a caller says is sampled is sampled here too, within <see cref="PerSecondMax"/>.</summary>
    public bool FollowsCaller { get; init; }

    /// <summary>Where to, with path; null: as the library's variables say.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// Reads the environment. Without an endpoint nothing is traced; a client's word is followed only where the
    /// sampler's name asks for it (<c>parentbased_…</c>).
    /// </summary>
    /// <param name="variable">An environment variable, or null.</param>
    /// <param name="defaultRatio">Where no sampler is named.</param>
    /// <param name="problems">Takes what is wrong; the default holds then.</param>
    public static TraceSettings Read(
        Func<string, string?> variable, double defaultRatio, ICollection<string> problems)
    {
        var isOn = !Is("OTEL_SDK_DISABLED", "true") && !Is("OTEL_TRACES_EXPORTER", "none")
            && (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"));
        var sampler = variable("OTEL_TRACES_SAMPLER") ?? "";
        var followsCaller = sampler.StartsWith("parentbased_", StringComparison.Ordinal);
        double? ratio = (followsCaller ? sampler["parentbased_".Length..] : sampler) switch
        {
            "" => defaultRatio,
            "always_on" => 1,
            "always_off" => 0,
            "traceidratio" => RatioOf(variable("OTEL_TRACES_SAMPLER_ARG")),
            _ => null,
        };
        if (ratio is null)
        {
            problems.Add(
                $"OTEL_TRACES_SAMPLER={sampler} with OTEL_TRACES_SAMPLER_ARG={variable("OTEL_TRACES_SAMPLER_ARG")} "
                + $"is not understood: the share of requests that is traced is {defaultRatio}");
            followsCaller = false;
        }

        return new TraceSettings { IsOn = isOn, Ratio = ratio ?? defaultRatio, FollowsCaller = followsCaller };

        bool IsSet(string name) => variable(name) is { Length: > 0 };

        bool Is(string name, string value) => string.Equals(variable(name), value, StringComparison.OrdinalIgnoreCase);
    }

    private static double? RatioOf(string? text)
    {
        if (string.IsNullOrEmpty(text)) return 1;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio)
            && ratio is >= 0 and <= 1 ? ratio : null;
    }
}
