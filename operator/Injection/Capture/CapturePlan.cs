namespace WafOperator.Injection.Capture;

/// <summary>Outcome of planning: the ports, or why not.</summary>
internal abstract record CapturePlan
{
    private CapturePlan()
    {
    }

    /// <summary>
    /// Ports to capture. <paramref name="Moved"/> are the declared entries whose name goes to the sidecar.
    /// </summary>
    public sealed record Ports(
        IReadOnlyList<CapturedPort> Captured, IReadOnlyList<(DeclaredPort Port, int ListenPort)> Moved,
            IReadOnlyList<string> Notes) : CapturePlan;

    /// <summary>There is no port to protect.</summary>
    public sealed record Nothing(SkipReason Reason, string Message) : CapturePlan;

    /// <summary>What was asked for cannot be had.</summary>
    public sealed record Impossible(DenyReason Reason, string Message) : CapturePlan;
}
