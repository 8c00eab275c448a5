using System.Globalization;
using WafOperator.Resources;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;

namespace WafOperator.Injection.Annotations;

/// <summary>
/// What holds for a pod once its policy and its annotations are joined. The policy is the floor: an annotation adds to
/// it or asks for something stricter, and what would take away is left out with a note. Pure.
/// </summary>
internal sealed record PolicyFloor
{
    /// <summary>How ports are captured.</summary>
    public required CaptureMode Capture { get; init; }

    /// <summary>
    /// Named ports only, by the pod's own wish: where they leave a way around the sidecar that the policy closes, the
    /// pod is refused.
    /// </summary>
    public bool RefusesWaysAround { get; init; }

    /// <summary>The sidecar's resources: the larger of both.</summary>
    public required SidecarResourcesSpec Resources { get; init; }

    /// <summary>TLS that the sidecar speaks to the application; null: none.</summary>
    public UpstreamTlsSpec? Tls { get; init; }

    /// <summary>Whether the sidecar speaks TLS to a port of the application.</summary>
    public bool SpeaksTls(int port) => Tls is { } tls && (tls.Ports.Count == 0 || tls.Ports.Contains(port));

    /// <summary>What the annotations asked for and did not get.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Joins the two.</summary>
    /// <param name="policy">Name of the policy that holds.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="options">What the pod's annotations ask for.</param>
    public static PolicyFloor Of(string policy, WafPolicySpec spec, PodOptions options)
    {
        var notes = new List<string>();
        if (options.Policy is { } asked && asked != policy)
            notes.Add($"the annotation {WellKnown.PolicyAnnotation} names {asked}, but {policy} targets the pod");
        var wanted = spec.Interception?.Capture ?? CaptureMode.Auto;
        var capture = CaptureOf(wanted, options.Capture, notes);
        return new()
        {
            Capture = capture,
            RefusesWaysAround = capture == CaptureMode.NamedPort && wanted != CaptureMode.NamedPort,
            Resources = ResourcesOf(spec.Sidecar ?? new(), options, notes),
            Tls = spec.Upstream?.Tls,
            Notes = notes,
        };
    }

    /// <summary>
    /// A redirect captures in every case, so nothing weakens it. Named ports leave no more open than Auto where the
    /// rest is refused.
    /// </summary>
    private static CaptureMode CaptureOf(CaptureMode wanted, CaptureMode? asked, List<string> notes)
    {
        if (asked is not { } mode || mode == wanted) return wanted;
        if (wanted != CaptureMode.Redirect) return mode;
        notes.Add($"the annotation {WellKnown.CaptureAnnotation} is left out: the policy redirects");
        return wanted;
    }

    private static SidecarResourcesSpec ResourcesOf(
        SidecarResourcesSpec spec, PodOptions options, List<string> notes) => spec with
        {
            CpuRequest = Larger(spec.CpuRequest, options.CpuRequest, Cpu, WellKnown.CpuAnnotation, notes),
            MemoryRequest = Larger(
                spec.MemoryRequest, options.MemoryRequest, Bytes, WellKnown.MemoryAnnotation, notes),
            MemoryLimit = Larger(spec.MemoryLimit, options.MemoryLimit, Bytes, WellKnown.MemoryLimitAnnotation, notes),
        };

    private static string Larger(
        string floor, string? asked, Func<string, decimal> amount, string annotation, List<string> notes)
    {
        if (asked is null || amount(asked) == amount(floor)) return floor;
        if (amount(asked) > amount(floor)) return asked;
        notes.Add($"the annotation {annotation} asks for less than the policy's {floor}, which holds");
        return floor;
    }

    private static decimal Bytes(string text) => ByteQuantity.Parse(text);

    /// <summary>Cores: <c>0.5</c> or <c>500m</c>. Both sides were checked by their patterns.</summary>
    private static decimal Cpu(string text) => text.EndsWith('m')
        ? decimal.Parse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
            / 1000
        : decimal.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
}
