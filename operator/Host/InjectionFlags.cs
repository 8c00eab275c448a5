using System.CommandLine;
using System.Text.RegularExpressions;
using WafOperator.Injection;

namespace WafOperator.Operator.Host;

/// <summary>
/// Arguments that say how pods are injected: ports and traces of the sidecar, CPU of the init container.
/// </summary>
internal sealed partial class InjectionFlags
{
    // Ports below need a capability, which sidecars do not have.
    private const int PortMin = 1024;
    private const int PortMax = 65535;

    private readonly Option<int> _admin = new("--sidecar-admin-port")
    {
        Description = "Port of the sidecars' status, probes and metrics.",
        DefaultValueFactory = _ => InjectionSettings.AdminPortDefault,
    };

    private readonly Option<int> _first = new("--sidecar-first-port")
    {
        Description = "Sidecars listen from this port upwards, leaving out what pods and service meshes use.",
        DefaultValueFactory = _ => InjectionSettings.FirstListenPortDefault,
    };

    private readonly Option<string> _cpu = new("--init-cpu")
    {
        Description = "CPU that the init container of a redirect requests and is limited to.",
        DefaultValueFactory = _ => InjectionSettings.InitCpuDefault,
    };

    private readonly Option<string?> _traces = new("--sidecar-traces-endpoint")
    {
        Description = "OTLP collector that sidecars send traces of requests to, by HTTP; without it they send none.",
    };

    private readonly Option<double> _ratio = new("--sidecar-traces-ratio")
    {
        Description = "Share of requests that sidecars trace, from 0 to 1.",
        DefaultValueFactory = _ => InjectionSettings.TraceRatioDefault,
    };

    public void AddTo(Command command)
    {
        command.Add(_traces);
        command.Add(_ratio);
        command.Add(_admin);
        command.Add(_first);
        command.Add(_cpu);
    }

    /// <exception cref="FormatException">A value cannot be used.</exception>
    public OperatorOptions Apply(ParseResult parsed, OperatorOptions options)
    {
        var cpu = parsed.GetRequiredValue(_cpu);
        if (!Cpu().IsMatch(cpu))
            throw new FormatException($"--init-cpu: \"{cpu}\" is not a quantity of CPU such as 100m or 0.5");
        var (collector, ratio) = (parsed.GetValue(_traces), parsed.GetValue(_ratio));
        if (collector is not null
            && !(Uri.TryCreate(collector, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            throw new FormatException($"--sidecar-traces-endpoint: {collector} is not an http or https URL");
        if (ratio is not (>= 0 and <= 1))
            throw new FormatException("--sidecar-traces-ratio: a share is a number from 0 to 1");
        return options with
        {
            SidecarTraceEndpoint = collector,
            SidecarTraceRatio = ratio,
            SidecarAdminPort = PortOf(parsed, _admin),
            SidecarFirstPort = PortOf(parsed, _first),
            InitCpu = cpu,
        };
    }

    private static int PortOf(ParseResult parsed, Option<int> option) =>
        parsed.GetValue(option) is >= PortMin and <= PortMax and var port
            ? port
            : throw new FormatException($"{option.Name}: a port is a number from {PortMin} to {PortMax}");

    [GeneratedRegex(@"^[0-9]{1,6}(\.[0-9]{1,3}|m)?\z")]
    private static partial Regex Cpu();
}
