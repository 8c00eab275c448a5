using System.Text.RegularExpressions;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;
using WafOperator.Resources.Schema;

namespace WafOperator.Injection.Annotations;

/// <summary>
/// One annotation: its name, and how its text changes the options. The parser says what is wrong, or null.
/// </summary>
internal sealed record AnnotationEntry(string Name,
    Func<PodOptions, string, (PodOptions Options, string? Problem)> Read);

/// <summary>
/// Every annotation that pods may carry, in one table. They choose whether, which policy, ports and resources; never
/// what is inspected.
/// </summary>
internal static partial class AnnotationTable
{
    private const int PortsMax = 32;

    public static IReadOnlyList<AnnotationEntry> Entries { get; } =
    [
        new(WellKnown.InjectAnnotation, (options, text) => text switch
        {
            "true" => (options with { Inject = true }, null),
            "false" => (options with { Inject = false }, null),
            _ => (options, "must be \"true\" or \"false\""),
        }),
        new(WellKnown.PolicyAnnotation, (options, text) => DnsName().IsMatch(text)
            ? (options with { Policy = text }, null)
            : (options, "must be the name of a WafPolicy of this namespace")),
        new(WellKnown.PortsAnnotation, ReadPorts),
        new(WellKnown.CaptureAnnotation, (options, text) => text switch
        {
            "auto" => (options with { Capture = CaptureMode.Auto }, null),
            "named-port" => (options with { Capture = CaptureMode.NamedPort }, null),
            "redirect" => (options with { Capture = CaptureMode.Redirect }, null),
            _ => (options, "must be auto, named-port or redirect"),
        }),
        new(WellKnown.CpuAnnotation, (options, text) => Cpu().IsMatch(text)
            ? (options with { CpuRequest = text }, null)
            : (options, "must be a quantity of CPU such as 100m or 0.5")),
        new(WellKnown.MemoryAnnotation, (options, text) => IsMemory(text)
            ? (options with { MemoryRequest = text }, null)
            : (options, "must be a quantity of bytes such as 160Mi")),
        new(WellKnown.MemoryLimitAnnotation, (options, text) => IsMemory(text)
            ? (options with { MemoryLimit = text }, null)
            : (options, "must be a quantity of bytes such as 384Mi")),
    ];

    /// <summary>Annotations with our prefix that others write or read.</summary>
    private static readonly HashSet<string> Foreign = new(StringComparer.Ordinal)
    {
        WellKnown.InjectedAnnotation, WellKnown.InjectedPolicyAnnotation, WellKnown.ReportAnnotation,
    };

    /// <summary>Reads all annotations; the problems name the annotation each.</summary>
    public static (PodOptions Options,
        IReadOnlyList<string> Problems) Read(IReadOnlyDictionary<string, string> annotations)
    {
        var options = new PodOptions();
        var problems = new List<string>();
        foreach (var (name, text) in annotations.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(ApiGroup.Name + "/", StringComparison.Ordinal) || Foreign.Contains(name)) continue;
            var entry = Entries.FirstOrDefault(candidate => candidate.Name == name);
            if (entry is null)
            {
                var near = NearestName.Of(name, Entries.Select(candidate => candidate.Name));
                problems.Add($"the annotation {name} is not known{(near is null ? "" : $"; did you mean {near}?")}");
                continue;
            }
            (options, var problem) = entry.Read(options, text.Trim());
            if (problem is not null) problems.Add($"the annotation {name} {problem}, not \"{Shorten(text)}\"");
        }
        return (options, problems);
    }

    private static (PodOptions, string?) ReadPorts(PodOptions options, string text)
    {
        var ports = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return ports.Length is > 0 and <= PortsMax && ports.All(IsPort)
            ? (options with { Ports = ports }, null)
            : (options, "must be names or numbers of container ports, separated by commas");
    }

    private static bool IsPort(string text) => text.All(char.IsAsciiDigit)
        ? text.Length <= 5 && int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) is >= 1 and <= 65535
        : PortName().IsMatch(text);

    private static bool IsMemory(string text) => ByteQuantity.TryParse(text, out var bytes) && bytes > 0;

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "…";

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\z")]
    private static partial Regex DnsName();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?\z")]
    private static partial Regex PortName();

    [GeneratedRegex(@"^[0-9]{1,6}(\.[0-9]{1,3})?m?\z")]
    private static partial Regex Cpu();
}
