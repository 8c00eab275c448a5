namespace WafOperator.Sidecar.Host;

/// <summary>What the program was asked to do.</summary>
internal abstract record SidecarTask
{
    /// <summary>Serve a policy file.</summary>
    internal sealed record ServeFile(FileSettings Settings) : SidecarTask;

    /// <summary>Serve what the environment of an injected sidecar says.</summary>
    internal sealed record ServeEnvironment : SidecarTask;

    /// <summary>Wait until the sidecar in this pod is ready.</summary>
    internal sealed record Wait(Uri? Admin, TimeSpan Timeout) : SidecarTask;

    /// <summary>Run a model package on its own corpus.</summary>
    internal sealed record Evaluate(string? File, string? Digest, string? Baseline = null) : SidecarTask;

    /// <summary>Run a package and its baseline on the same labelled requests.</summary>
    internal sealed record Compare(string Digest, string Baseline, string Requests) : SidecarTask;

    /// <summary>Offer one file by its digest for a while.</summary>
    internal sealed record Offer(string File, string Digest, int Port = OfferCommand.Port) : SidecarTask;
}

/// <summary>Settings of the mode without a cluster.</summary>
/// <param name="Policy">File with the policy.</param>
/// <param name="Way">Where requests come in, and the application; null where gateways ask.</param>
/// <param name="Rules">Folder with rule sets.</param>
/// <param name="Models">Folder with model packages.</param>
/// <param name="Admin">Where status and metrics are served.</param>
internal sealed record FileSettings(
    string Policy, (Uri Listen, Uri? Upstream) Way, string? Rules, string? Models, Uri? Admin)
{
    /// <summary>Certificates (PEM) of the application's authorities, or null.</summary>
    public string? UpstreamCa { get; init; }
}
