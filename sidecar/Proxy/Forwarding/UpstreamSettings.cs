using System.Net;
using WafOperator.Protocols.Policies;

namespace WafOperator.Proxy.Forwarding;

/// <summary>How applications are reached, as a policy says it and this place allows it. Immutable.</summary>
internal sealed class UpstreamSettings
{
    /// <summary>What holds without a policy, and for policies that say nothing.</summary>
    public static readonly UpstreamSettings Default = new(new UpstreamPolicy(), null, null);

    private readonly UpstreamPolicy _policy;

    private UpstreamSettings(UpstreamPolicy policy, IPAddress? address, UpstreamTrust? trust)
    {
        _policy = policy;
        Address = address;
        Trust = trust;
    }

    /// <summary>Address of every application; null for that of its listener.</summary>
    public IPAddress? Address { get; }

    /// <summary>How long a connection is kept unused; null for the sidecar's own limit.</summary>
    public TimeSpan? IdleMax => _policy.IdleMax;

    /// <summary>Name that TLS asks for, or null.</summary>
    public string? ServerName => _policy.Tls?.ServerName;

    /// <summary>Whose certificates are taken; null where the policy says nothing of TLS.</summary>
    public UpstreamTrust? Trust { get; }

    /// <summary>Whether the policy says that a port of the application speaks TLS.</summary>
    public bool SpeaksTls(int port) => _policy.Tls is { } tls && tls.Covers(port);

    /// <summary>Settings, or why this sidecar cannot have them: then the last good policy stays.</summary>
    /// <param name="policy">What the policy says, or null.</param>
    /// <param name="access">What this pod was given.</param>
    /// <param name="previous">Those in force; they stay the same object where nothing changes.</param>
    /// <param name="time">Clock of the file of authorities.</param>
    public static (UpstreamSettings Settings, string? Refusal) Read(
        UpstreamPolicy? policy, UpstreamAccess access, UpstreamSettings? previous, TimeProvider time)
    {
        var wanted = policy ?? Default._policy;
        if (previous is not null && previous._policy == wanted) return (previous, null);
        if (wanted == Default._policy) return (Default, null);
        if (wanted.IsAtPodAddress && access.PodAddress is null)
            return (Default, "upstream.address Pod: this sidecar was not told its pod's address (WAF_POD_IP), because "
                + "the pod was injected before the policy asked for it: create the pod anew");
        UpstreamTrust? trust = null;
        if (wanted.Tls is { } tls && TrustOf(tls, access, time, out trust) is { } refusal) return (Default, refusal);
        return (new(wanted, wanted.IsAtPodAddress ? access.PodAddress : null, trust), null);
    }

    private static string? TrustOf(UpstreamTls tls, UpstreamAccess access, TimeProvider time, out UpstreamTrust? trust)
    {
        trust = null;
        if (tls is { TakesAnyCertificate: false, ServerName: null })
            return "upstream.tls has no server name to check certificates for";
        if (tls.TakesAnyCertificate || tls.Ca is null)
        {
            trust = new UpstreamTrust(tls.TakesAnyCertificate, null, time);
            return null;
        }

        if (access.CaFile is null || (access.Ca is not null && access.Ca != tls.Ca))
            return $"upstream.tls.ca {tls.Ca}: this sidecar was given {access.Ca ?? "no certificates"}, because the "
                + "pod was injected before the policy named it: create the pod anew (without a cluster: "
                + "--upstream-ca FILE)";
        trust = new UpstreamTrust(takesAny: false, access.CaFile, time);
        return trust.Problem is { } problem ? $"upstream.tls.ca {tls.Ca}: {problem}" : null;
    }
}
