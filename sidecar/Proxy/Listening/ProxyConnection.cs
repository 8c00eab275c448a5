using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Listening;

/// <summary>What is known of a client connection for all its requests. Immutable but for texts made when first needed.</summary>
internal sealed class ProxyConnection(ConnectionContext connection, Upstream upstream, bool isForGateways)
{
    private string? _peerText;

    /// <summary>Where requests of this connection go.</summary>
    public Upstream Upstream { get; } = upstream;

    /// <summary>The same connection in the table of all connections.</summary>
    public TrackedConnection Tracked { get; } = connection.Features.GetRequiredFeature<TrackedConnection>();

    /// <summary>Address of the other end.</summary>
    public Address Peer => Tracked.Peer;

    /// <summary>A gateway asks about requests that it holds back; nothing is forwarded.</summary>
    public bool IsForGateways => isForGateways;

    /// <summary>Takes decisions in the application's place, where requests are only judged; null elsewhere.</summary>
    public JudgementSlot? Judged { get; } = connection.Features.Get<JudgementSlot>();

    public IPEndPoint? Remote { get; } = connection.RemoteEndPoint as IPEndPoint;

    public IPEndPoint? Local { get; } = connection.LocalEndPoint as IPEndPoint;

    /// <summary>The peer as the application is told.</summary>
    public string PeerText => _peerText ??= Peer.ToString();

    /// <summary>Forwards requests of this connection unchanged.</summary>
    public PassThroughTransformer PassThrough => field ??= new PassThroughTransformer(this);
}
