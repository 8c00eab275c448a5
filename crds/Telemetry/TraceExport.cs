using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace WafOperator.Telemetry;

/// <summary>
/// Sends spans of a program to an OpenTelemetry collector, in batches and in the background: what cannot be sent is
/// dropped, and nobody waits for it. One a process.
/// </summary>
public sealed class TraceExport : IDisposable
{
    private readonly TracerProvider _provider;
    private readonly SpanSource[] _sources;

    private TraceExport(TracerProvider provider, SpanSource[] sources) => (_provider, _sources) = (provider, sources);

    /// <summary>Begins to send; null where the settings say that traces are off.</summary>
    /// <param name="settings">Whether, and how much.</param>
    /// <param name="resource">What is said of the process with every span: service.name and others.</param>
    /// <param name="sources">Where spans begin.</param>
    public static TraceExport? Start(
        TraceSettings settings, IReadOnlyDictionary<string, string> resource, params SpanSource[] sources)
    {
        if (!settings.IsOn) return null;
        var attributes = resource.Select(pair => new KeyValuePair<string, object>(pair.Key, pair.Value));
        // Variables win over what the program says of itself: whoever runs it names it.
        var described = ResourceBuilder.CreateEmpty().AddAttributes(attributes).AddEnvironmentVariableDetector();
        var provider = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(described)
            // Chosen before, where it costs nothing to leave one out.
            .SetSampler(new AlwaysOnSampler())
            .AddSource([.. sources.Select(source => source.Name)])
            .AddOtlpExporter(options =>
            {
                if (settings.Endpoint is null) return;
                options.Endpoint = settings.Endpoint;
                options.Protocol = OtlpExportProtocol.HttpProtobuf;
            })
            .Build();
        var sampler = new TraceSampler(settings, TimeProvider.System, Random.Shared.NextDouble);
        foreach (var source in sources) source.Use(sampler);
        return new TraceExport(provider, sources);
    }

    /// <summary>Waits until what ended was sent, or the time is over, in milliseconds.</summary>
    public bool Flush(int patience) => _provider.ForceFlush(patience);

    /// <summary>Ends; what is waiting is sent, for five seconds at most.</summary>
    public void Dispose()
    {
        foreach (var source in _sources) source.Use(null);
        _provider.Shutdown(5_000);
        _provider.Dispose();
    }
}
