using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>How the sidecar reaches the application.</summary>
public sealed record UpstreamSpec
{
    [Description("Address at which the application is called. Loopback: 127.0.0.1. Pod: the pod's own address, for "
        + "applications that listen there only, or that trust whoever comes from the loopback. Pods that were injected "
        + "before it was Pod keep their last good policy until they are created anew."), Default("\"Loopback\"")]
    public UpstreamAddress Address { get; init; } = UpstreamAddress.Loopback;

    [Description("How long a connection to the application is kept unused. Choose less than the application's own "
        + "idle time. Default: 1500ms, less than common servers have."), Length(32), Pattern(Patterns.Duration)]
    public string? IdleTimeout { get; init; }

    [Description("The application speaks TLS on its ports. Clients speak plain HTTP to the sidecar.")]
    public UpstreamTlsSpec? Tls { get; init; }
}

/// <summary>Where the application is called.</summary>
public enum UpstreamAddress { Loopback, Pod }

/// <summary>TLS between sidecar and application.</summary>
[Cel("upstream-tls-name", "has(self.serverName) || (has(self.insecureSkipVerify) && self.insecureSkipVerify)",
    "serverName is the name that the application's certificate must have: give it, or say insecureSkipVerify: true")]
[Cel("upstream-tls-ca", "!has(self.ca) || !has(self.insecureSkipVerify) || !self.insecureSkipVerify",
    "ca has no use with insecureSkipVerify: true")]
public sealed record UpstreamTlsSpec
{
    [Description("Ports of the application that speak TLS, others are called in plain HTTP. Empty: all that are "
        + "captured."), Items(16), Bounds(1, 65535)]
    public IReadOnlyList<int> Ports { get; init; } = [];

    [Description("Name that is sent to the application (SNI) and that its certificate must have."),
        Length(253, Minimum = 1), Pattern(Patterns.DnsName)]
    public string? ServerName { get; init; }

    [Description("Who must have signed the application's certificate. Left out: the authorities of the sidecar's "
        + "image.")]
    public UpstreamCaSpec? Ca { get; init; }

    [Description("Take any certificate. The connection does not leave the pod, so who could answer in the "
        + "application's place is in the pod already."), Default("false")]
    public bool InsecureSkipVerify { get; init; }
}

/// <summary>Certificates of authorities (PEM) in an object of the policy's namespace.</summary>
public sealed record UpstreamCaSpec
{
    [Description("Kind of the object. It is mounted into new pods, and followed when it changes."),
        Default("\"ConfigMap\"")]
    public CaSourceKind Kind { get; init; } = CaSourceKind.ConfigMap;

    [Description("Name of the object. Pods wait until it is there."), RequiredField, Length(253, Minimum = 1),
        Pattern(Patterns.DnsName)]
    public string Name { get; init; } = "";

    [Description("Key of the object."), Length(253, Minimum = 1), Pattern("^[-._a-zA-Z0-9]+$", Meaning = "a key"),
        Default("\"ca.crt\"")]
    public string Key { get; init; } = "ca.crt";

    /// <summary>The object's key as text: <c>ConfigMap/shop-ca/ca.crt</c>.</summary>
    public string Reference() => $"{Kind}/{Name}/{Key}";
}

/// <summary>Kinds of objects that hold certificates.</summary>
public enum CaSourceKind { ConfigMap, Secret }
