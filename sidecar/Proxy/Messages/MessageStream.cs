using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using WafOperator.Http.Messages;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Snapshots;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Messages;

/// <summary>Streams whose messages are looked at.</summary>
internal enum MessageProtocol { Grpc, WebSocket }

/// <summary>What became of a message.</summary>
internal enum MessageOutcome
{
    /// <summary>It has no content.</summary>
    Empty,

    /// <summary>All of it was looked at.</summary>
    Inspected,

    /// <summary>Its beginning, or those of its fields that are text.</summary>
    Partly,

    /// <summary>Nothing in it is text: it passed unseen.</summary>
    Unread,

    /// <summary>It was refused, and the stream with it.</summary>
    Blocked,
}

/// <summary>A request that opens a stream of messages, from its forwarding to the stream's end.</summary>
internal sealed class MessageStream : IDisposable
{
    private readonly MessageScope _scope;
    private readonly MessageProtocol _protocol;
    private readonly MessageGate _gate;
    private readonly CancellationTokenSource _forwarding;

    private MessageStream(MessageScope scope, MessageProtocol protocol)
    {
        _scope = scope;
        _protocol = protocol;
        _forwarding = CancellationTokenSource.CreateLinkedTokenSource(scope.Context.Http.RequestAborted);
        MessageReader reader = protocol is MessageProtocol.Grpc
            ? new GrpcFrameReader(scope.WindowBytes)
            : new WebSocketFrameReader(scope.WindowBytes);
        _gate = new MessageGate(
            reader, new MessageInspector(scope, protocol), scope.Services.Budget, ClientCounts.RowOf(scope.Client));
    }

    /// <summary>
    /// The stream that a request in both directions opens; null when its messages are not to be looked at.
    /// </summary>
    public static MessageStream? Open(MessageScope scope)
    {
        var http = scope.Context.Http;
        if (!Inspects(scope.Route, scope.Snapshot)) return null;
        return DuplexStreams.IsGrpc(http) ? OpenCall(scope) : OpenSocket(scope);
    }

    /// <summary>Messages of streams on a route are looked at.</summary>
    public static bool Inspects(Route route, PolicySnapshot snapshot) =>
        route.Mode is not InspectionMode.Off
        && route.Body is not ({ Messages: MessageInspection.Off } or { Mode: BodyInspectionKind.HeadersOnly })
        && (snapshot.Rules is not null || snapshot.Scoring is not null);

    /// <summary>What its messages showed of the client.</summary>
    public MessageInspector Inspector => _gate.Inspector;

    public async ValueTask<ForwarderError> ForwardAsync(HttpTransformer transformer)
    {
        var http = _scope.Context.Http;
        var error = await _scope.Services.Forwarder.ForwardAsync(
            http, _scope.Context.Connection, transformer, _forwarding.Token);
        if (_gate.Ended is not { } decision) return error;
        if (_protocol is MessageProtocol.Grpc) MessageEnd.EndCall(http.Response, decision, _gate.EventId);
        return ForwarderError.None;
    }

    public void Dispose()
    {
        _gate.Dispose();
        _forwarding.Dispose();
    }

    private static MessageStream OpenCall(MessageScope scope)
    {
        var http = scope.Context.Http;
        var stream = new MessageStream(scope, MessageProtocol.Grpc);
        http.Request.Body = new InspectedCall(http.Request.Body, stream._gate, stream._forwarding);
        if (http.Features.Get<IHttpResetFeature>() is { } reset)
            http.Features.Set<IHttpResetFeature>(new HeldReset(reset, stream._gate));
        return stream;
    }

    private static MessageStream OpenSocket(MessageScope scope)
    {
        var http = scope.Context.Http;
        var stream = new MessageStream(scope, MessageProtocol.WebSocket);
        // Without an extension frames are what RFC 6455 says: compressed ones could not be read.
        http.Request.Headers.Remove("Sec-WebSocket-Extensions");
        if (http.Features.Get<IHttpUpgradeFeature>() is { } upgrade)
            http.Features.Set<IHttpUpgradeFeature>(new InspectedUpgrade(upgrade, stream));
        if (http.Features.Get<IHttpExtendedConnectFeature>() is { } connect)
            http.Features.Set<IHttpExtendedConnectFeature>(new InspectedConnect(connect, stream));
        return stream;
    }

    private InspectedSocket Inspect(Stream client) => new(client, _gate, _forwarding);

    /// <summary>
    /// The forwarder resets a call that it could not finish; one that was ended gets a status instead.
    /// </summary>
    private sealed class HeldReset(IHttpResetFeature inner, MessageGate gate) : IHttpResetFeature
    {
        public void Reset(int errorCode)
        {
            if (gate.Ended is null) inner.Reset(errorCode);
        }
    }

    private sealed class InspectedUpgrade(IHttpUpgradeFeature inner, MessageStream stream) : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => inner.IsUpgradableRequest;

        public async Task<Stream> UpgradeAsync() => stream.Inspect(await inner.UpgradeAsync());
    }

    private sealed class InspectedConnect(IHttpExtendedConnectFeature inner, MessageStream stream)
        : IHttpExtendedConnectFeature
    {
        public bool IsExtendedConnect => inner.IsExtendedConnect;

        public string? Protocol => inner.Protocol;

        public async ValueTask<Stream> AcceptAsync() => stream.Inspect(await inner.AcceptAsync());
    }
}
