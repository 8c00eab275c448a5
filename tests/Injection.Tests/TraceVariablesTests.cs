using System.Text.Json.Nodes;

namespace WafOperator.Injection.Tests;

/// <summary>Sidecars send traces where the installation names a collector, and not otherwise.</summary>
public sealed class TraceVariablesTests
{
    [Fact]
    public void Collector_IsHandedToTheSidecarInOpenTelemetrysNames()
    {
        var variables = VariablesWith(settings => settings with
        {
            TraceEndpoint = "http://collector.observability:4318", TraceRatio = 0.05,
        });
        Assert.Equal("http://collector.observability:4318", variables["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal("http/protobuf", variables["OTEL_EXPORTER_OTLP_PROTOCOL"]);
        Assert.Equal("traceidratio", variables["OTEL_TRACES_SAMPLER"]);
        Assert.Equal("0.05", variables["OTEL_TRACES_SAMPLER_ARG"]);
    }

    [Fact]
    public void WithoutCollector_NothingIsSaid() => Assert.DoesNotContain(
        VariablesWith(settings => settings).Keys, name => name.StartsWith("OTEL_", StringComparison.Ordinal));

    private static Dictionary<string, string> VariablesWith(Func<InjectionSettings, InjectionSettings> change)
    {
        var name = Directory.GetFiles(Path.GetDirectoryName(GoldenTests.FileOf("any"))!, "*.out.yaml")
            .First(file => File.ReadLines(file).First() == "decision: Inject");
        var input = GoldenInput.Read(name.Replace(".out.yaml", ".in.yaml", StringComparison.Ordinal));
        var decision = Assert.IsType<InjectionDecision.Inject>(
            Injector.Decide(input with { Settings = change(input.Settings) }));
        var spec = decision.Pod["spec"]!;
        var containers = (spec["containers"] as JsonArray ?? []).Concat(spec["initContainers"] as JsonArray ?? []);
        var sidecar = containers.First(container => (container!["env"] as JsonArray ?? [])
            .Any(variable => variable!["name"]!.GetValue<string>() == "WAF_OPERATOR_URL"))!;
        return ((JsonArray)sidecar["env"]!).Where(variable => variable!["value"] is not null).ToDictionary(
            variable => variable!["name"]!.GetValue<string>(), variable => variable!["value"]!.GetValue<string>(),
            StringComparer.Ordinal);
    }
}
