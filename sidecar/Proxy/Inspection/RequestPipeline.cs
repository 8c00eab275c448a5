using Microsoft.AspNetCore.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Decisions;
using WafOperator.Proxy.Forwarding;
using WafOperator.Proxy.Gateways;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Reporting;
using WafOperator.Proxy.Snapshots;
using WafOperator.Proxy.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace WafOperator.Proxy.Inspection;

/// <summary>The way of a request: pins a policy, then passes it through or has it inspected. Thread-safe.</summary>
internal sealed class RequestPipeline(ActivePolicy active, FailureMode withoutPolicy, InspectionServices services)
{
    private static readonly BlockResponse Plain = new();

    /// <summary>Without a policy nobody is trusted.</summary>
    private static readonly ClientResolver Nobody = new(new ClientIdentity());

    public Task ProcessAsync(ProxyContext context)
    {
        context.Question = context.Connection.IsForGateways ? GatewayQuestion.Restore(context.Http) : null;
        return RequestSpan.Source.IsOn ? TraceAsync(context) : HandleAsync(context);
    }

    /// <summary>Begins the span within itself: what flows with it must not stay on the connection.</summary>
    private async Task TraceAsync(ProxyContext context)
    {
        var span = context.Span = RequestSpan.Begin(context.Http.Request);
        try
        {
            await HandleAsync(context);
        }
        finally
        {
            context.Span = null;
            span?.End(context.Http.Response);
        }
    }

    private Task HandleAsync(ProxyContext context)
    {
        var http = context.Http;
        var headers = http.Request.Headers;
        if (context.Connection.IsForGateways && context.Question is null) return RefuseUnclearAsync(context);
        RequestTarget.DropFragment(http);
        var isAmbiguous = CanonicalHead.IsDoublyFramed(headers) || CanonicalHead.IsHostEmpty(headers)
            || CanonicalHead.IsDoublyTyped(headers) || ForwardingHeaders.NamesSeveralTargets(headers)
            || DuplexStreams.IsForbidden(http);
        if (!isAmbiguous && RequestTarget.IsServer(http)) return AnswerForServerAsync(http);
        if (isAmbiguous || RequestTarget.Of(http) is null)
            return RefuseAmbiguousAsync(context);
        var snapshot = active.Current;
        if (snapshot is null) return WithoutPolicyAsync(context);
        if (snapshot.PassesThrough)
        {
            services.Meters.RequestPassed();
            return PassAsync(context, snapshot, UninspectedReason.PolicyOff);
        }

        return services.Room.TryEnter(context.Connection.Tracked)
            ? InspectAsync(context, snapshot)
            : WithoutRoomAsync(context);
    }

    private Task InspectAsync(ProxyContext context, PolicySnapshot snapshot)
    {
        Exchange exchange;
        try
        {
            exchange = new Exchange(context, snapshot, services);
        }
        catch (OutOfMemoryException)
        {
            services.Room.Leave(context.Connection.Tracked);
            services.Meters.Incident("out_of_memory");
            return RefuseUnseenAsync(context, Exchange.WithoutMemory);
        }

        return exchange.RunAsync();
    }

    /// <summary>
    /// Too many requests are under inspection. Refused in every mode: to let one pass unseen because there are many
    /// would be a way around inspection.
    /// </summary>
    private Task WithoutRoomAsync(ProxyContext context)
    {
        services.Meters.Incident("inspection_room_used_up");
        var decision = new Decision(VerdictKind.Unavailable, VerdictKind.Unavailable, DecisionReason.Unavailable, 503)
        {
            Message = "too many requests are being inspected", RetryAfter = TimeSpan.FromSeconds(1),
        };
        return RefuseUnseenAsync(context, decision);
    }

    private Task RefuseUnseenAsync(ProxyContext context, in Decision decision)
    {
        services.Meters.RequestDecided(decision);
        return Refusals.AnswerAsync(context, decision, Plain, EventIds.Text(EventIds.Next(services.Time)));
    }

    /// <summary>The server refused a head that it could not take: counted, and told like any other refusal.</summary>
    public void Refused(ServerRefusal refusal)
    {
        var incident = ServerRefusals.IncidentOf(refusal.Status, refusal.Reason);
        services.Meters.Incident(incident);
        if (incident is "request_broken") return;
        var decision = new Decision(VerdictKind.Block, VerdictKind.Block, DecisionReason.Protocol, refusal.Status)
        {
            Message = $"refused before it was read: {ServerRefusals.Words(incident, refusal.Reason)}",
        };
        services.Meters.RequestDecided(decision);
        Tell(decision, refusal.Connection, EventIds.Text(EventIds.Next(services.Time)), null);
    }

    /// <summary>The event of a request that was refused before it was inspected.</summary>
    private void Tell(in Decision decision, ProxyConnection? connection, string id, HttpContext? http)
    {
        if (active.Current is not { } snapshot) return;
        var facts = new DecisionFacts
        {
            EventId = id, Time = services.Time.GetUtcNow(), Client = connection?.Peer ?? default, Decision = decision,
            Matches = [],
            Exclusions = [], Models = [], Pod = services.Pod,
        };
        var judged = connection?.Judged;
        if (judged is null && !EventComposer.IsWanted(snapshot.Document.Logging.Decisions, facts)) return;
        var canonical = snapshot.Requests.Rent();
        if (http is not null) CanonicalHead.Read(http, canonical);
        var securityEvent = EventComposer.Compose(snapshot, canonical, facts);
        snapshot.Requests.Return(canonical);
        if (judged is not null)
        {
            judged.Add(securityEvent);
            return;
        }

        services.Log.Add(securityEvent);
        services.Shipper?.Add(securityEvent);
    }

    private async Task PassAsync(ProxyContext context, PolicySnapshot? snapshot, UninspectedReason why)
    {
        // Judged only: there is no application.
        if (context.Connection.Judged is not null) return;
        if (context.Question is not null)
        {
            services.Meters.Covered(Coverage.None(why, 0));
            return;
        }

        var http = context.Http;
        (snapshot?.Identity ?? Nobody).DropForged(context.Connection.Peer, http.Request.Headers);
        HopByHop.Drop(http, snapshot?.Routes.AllUpgrades);
        context.Span?.PassOn(http.Request.Headers);
        services.Meters.Covered(Coverage.None(why, http.Request.ContentLength ?? 0));
        if (GatheringStream.Gather(http)) await SocketThreads.LeaveAsync();
        var error = await services.Forwarder.ForwardAsync(http, context.Connection, context.Connection.PassThrough);
        if (ClosedConnections.MayRepeat(http, error))
            error = await services.Forwarder.RepeatAsync(http, context.Connection, context.Connection.PassThrough);
        if (error is not ForwarderError.None) services.Meters.Incident(ForwardingIncidents.IncidentOf(http, error));
    }

    private Task WithoutPolicyAsync(ProxyContext context)
    {
        var decision = Decider.Decide(new DecisionInputs
        {
            HasPolicy = false, FailureModes = new FailureModes { Config = withoutPolicy },
        });
        services.Meters.RequestDecided(decision);
        if (decision.Forwards) return PassAsync(context, null, UninspectedReason.NoPolicy);
        return Refusals.AnswerAsync(
            context, decision with { RetryAfter = TimeSpan.FromSeconds(1) }, Plain,
                EventIds.Text(EventIds.Next(services.Time)));
    }

    /// <summary>
    /// <c>OPTIONS *</c> asks the server behind this port whether it is there (RFC 9110, section 9.3.7): that is this
    /// one.
    /// </summary>
    private Task AnswerForServerAsync(HttpContext http)
    {
        services.Meters.RequestDecided(Decision.Allowed with { Reason = DecisionReason.Protocol });
        http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    /// <summary>Whoever set the gateway up has to see why it lets nothing pass.</summary>
    private Task RefuseUnclearAsync(ProxyContext context)
    {
        services.Meters.Incident("gateway_question_unclear");
        return RefuseAmbiguousAsync(context, "the gateway does not say what it asks about, or says it more than once");
    }

    private Task RefuseAmbiguousAsync(ProxyContext context, string? why = null)
    {
        var http = context.Http;
        var id = EventIds.Text(EventIds.Next(services.Time));
        var decision = Decider.Decide(new DecisionInputs { HasPolicy = true, Limit = LimitOutcome.Ambiguous });
        if (why is not null) decision = decision with { Message = why };
        services.Meters.RequestDecided(decision);
        if (!Microsoft.AspNetCore.Http.HttpProtocol.IsHttp2(http.Request.Protocol))
            http.Response.Headers.Connection = "close";
        Tell(decision, context.Connection, id, http);
        return Refusals.AnswerAsync(context, decision, Plain, id);
    }
}
