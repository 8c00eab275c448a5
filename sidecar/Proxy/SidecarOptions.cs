using System.Net;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Admin;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;

namespace WafOperator.Proxy;

/// <summary>Everything a sidecar is told from outside. Built by a host from its command line or environment.</summary>
public sealed record SidecarOptions
{
    /// <summary>Version that is reported.</summary>
    public string Version { get; init; } = "0.0.0";

    /// <summary>Where requests come in and go to.</summary>
    public required IReadOnlyList<ProxyListener> Listeners { get; init; }

    /// <summary>Address of the admin port, or null for none.</summary>
    public IPEndPoint? Admin { get; init; }

    /// <summary>Who may read the metrics of the admin port besides the pod itself.</summary>
    public MetricsAccess Metrics { get; init; } = new();

    /// <summary>Folder with rule sets, or null.</summary>
    public string? RulesDirectory { get; init; }

    /// <summary>Folder with model packages, or null.</summary>
    public string? ModelsDirectory { get; init; }

    /// <summary>A policy file, or null.</summary>
    public PolicyFileOptions? File { get; init; }

    /// <summary>A policy on the operator, or null.</summary>
    public OperatorOptions? Operator { get; init; }

    /// <summary>Where packages come from besides the folder, for a sidecar without an operator; or null.</summary>
    public PackageOrigin? Packages { get; init; }

    /// <summary>
    /// What happens to requests while no policy was ever received (failureModes.config): Closed refuses them and the
    /// sidecar is not ready; Open forwards them uninspected, and says so.
    /// </summary>
    public FailureMode WithoutPolicy { get; init; } = FailureMode.Closed;

    /// <summary>What the pod was given for calling the application.</summary>
    public UpstreamAccess Upstream { get; init; } = new();

    /// <summary>Bounds on connections, sizes and times.</summary>
    public ProxyLimits Limits { get; init; } = new();

    /// <summary>Where decisions are written, one JSON line each.</summary>
    public Stream DecisionOutput { get; init; } = Stream.Null;
}

/// <summary>What a policy's <c>upstream</c> may need of the place where the sidecar runs.</summary>
public sealed record UpstreamAccess
{
    /// <summary>The pod's own address, or null when it is not known.</summary>
    public IPAddress? PodAddress { get; init; }

    /// <summary>File with the certificates (PEM) of the application's authorities, or null.</summary>
    public string? CaFile { get; init; }

    /// <summary>
    /// The object that the file is of, as policies name it; null when the file is for whichever policy there is.
    /// </summary>
    public string? Ca { get; init; }
}

/// <summary>An operator that is asked for model packages only.</summary>
/// <param name="Address">The operator.</param>
/// <param name="Folder">Where packages are kept, or null.</param>
public sealed record PackageOrigin(OperatorAddress Address, string? Folder);

/// <summary>A policy from a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Compile">Its text, at a moment, to a document.</param>
public sealed record PolicyFileOptions(string Path, Func<string, DateTimeOffset, PolicyFileContent> Compile);

/// <summary>A policy from the operator.</summary>
/// <param name="Address">The operator.</param>
/// <param name="Namespace">Namespace of pod and policy.</param>
/// <param name="Policy">Name of the policy.</param>
/// <param name="Pod">Name of the pod, for events.</param>
/// <param name="StateDirectory">Where the last good copy is kept, or null.</param>
public sealed record OperatorOptions(OperatorAddress Address, string Namespace, string Policy, string? Pod, string? StateDirectory);
