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

    /// <summary>No Service and no declared port.</summary>
    public sealed record Nothing : CapturePlan;

    /// <summary>What was asked for cannot be had.</summary>
    public sealed record Impossible(DenyReason Reason, string Message) : CapturePlan;
}
