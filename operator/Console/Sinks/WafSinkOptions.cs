using WafOperator.Console.Store;
using WafOperator.Kubernetes.Objects;
using WafOperator.Outside;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Sinks;

/// <summary>Why a WafSink is sent nothing; the names are reasons of its conditions.</summary>
internal enum SinkProblem
{
    /// <summary>The installation calls no such address, or not with credentials in the clear.</summary>
    AddressNotAllowed,

    /// <summary>Cluster scope is for sinks in the operator's own namespace.</summary>
    ScopeNotAllowed,

    /// <summary>A Secret that it names is not there, not for it, or holds nothing usable.</summary>
    SecretUnusable,

    /// <summary>Older ones have all the places.</summary>
    TooManySinks,

    /// <summary>The spec breaks a rule that the schema could not hold.</summary>
    InvalidSpec,

    /// <summary>The server gave no usable answer.</summary>
    Unanswered,

    /// <summary>The server answered that it does not take the events now.</summary>
    Refused,

    /// <summary>The console's store cannot be asked.</summary>
    StoreUnavailable,
}

/// <summary>A problem in words for whoever may read the object.</summary>
internal sealed record SinkFault(SinkProblem Problem, string Message)
{
    /// <summary>Nothing changes until the object or a Secret does.</summary>
    public bool IsStalled => Problem is SinkProblem.AddressNotAllowed or SinkProblem.ScopeNotAllowed
        or SinkProblem.InvalidSpec or SinkProblem.SecretUnusable or SinkProblem.TooManySinks;
}

/// <summary>What a WafSink says → how it is served. Pure.</summary>
internal static class WafSinkOptions
{
    /// <summary>Name of the documents and the lease of a sink; another object of the same name is another.</summary>
    public static string NameOf(Resource<WafSink> sink) => NamePrefix + sink.Metadata.Uid;

    /// <summary>What these names begin with.</summary>
    public const string NamePrefix = "wafsink/";

    /// <summary>The options, or why there are none.</summary>
    /// <param name="sink">The object.</param>
    /// <param name="ownNamespace">The operator's namespace, whose sinks may have all events.</param>
    /// <param name="rules">What may be called.</param>
    public static (SinkOptions? Options, SinkFault? Fault) Of(
        Resource<WafSink> sink, string ownNamespace, OutsideRules rules)
    {
        var spec = sink.Value.Spec;
        var ns = sink.Metadata.Namespace ?? "";
        if (spec.Scope is SinkScope.Cluster && ns != ownNamespace)
        {
            return (null, new SinkFault(
                SinkProblem.ScopeNotAllowed, $"spec.scope: Cluster is for sinks in the namespace {ownNamespace}"));
        }

        if (!Uri.TryCreate(spec.Url, UriKind.Absolute, out var url) || !Fits(spec.Protocol, url)
            || spec.BatchSize < 1 || spec.LagLimit < 1)
            return (null, new SinkFault(SinkProblem.InvalidSpec, "spec.url, spec.protocol: these do not fit"));
        if (rules.ProblemOf(AsHttp(url), spec.CredentialsSecret is not null) is { } refused)
            return (null, new SinkFault(SinkProblem.AddressNotAllowed, OutsideWords.Of(refused)));
        var filter = spec.Filter ?? new SinkEventFilter();
        return (new SinkOptions
        {
            Name = NameOf(sink), Kind = KindOf(spec.Protocol), Format = FormatOf(spec.Format), Url = url,
            Index = spec.Index, OnlyAttacks = filter.AllowedPercent == 0, LagMax = spec.LagLimit,
            BatchMax = Math.Min(spec.BatchSize, BatchMax),
            Namespace = spec.Scope is SinkScope.Cluster ? null : ns,
            From = sink.Metadata.CreationTimestamp,
            Filter = new SinkFilter
            {
                Policies = filter.Policies, AtLeast = ThreatOf(filter.MinimumThreat),
                Actions = [.. filter.Actions.Select(ActionOf)], AllowedPercent = filter.AllowedPercent,
            },
        }, null);
    }

    private const int BatchMax = 1_000;

    private static bool Fits(SinkProtocol protocol, Uri url) => protocol is SinkProtocol.Syslog
        ? url.Scheme is "tcp" or "tls" && url.Port > 0
        : url.Scheme is "http" or "https";

    /// <summary>As the rules for addresses know it.</summary>
    private static Uri AsHttp(Uri url) => url.Scheme is "tcp" or "tls"
        ? new UriBuilder(url) { Scheme = url.Scheme == "tls" ? "https" : "http" }.Uri : url;

    private static SinkKind KindOf(SinkProtocol protocol) => protocol switch
    {
        SinkProtocol.SplunkHec => SinkKind.SplunkHec,
        SinkProtocol.Elasticsearch => SinkKind.Elasticsearch,
        SinkProtocol.Syslog => SinkKind.Syslog,
        SinkProtocol.Otlp => SinkKind.Otlp,
        _ => SinkKind.Http,
    };

    private static EventFormat FormatOf(SinkFormat format) => format switch
    {
        SinkFormat.Ecs => EventFormat.Ecs,
        SinkFormat.Cef => EventFormat.Cef,
        SinkFormat.Rfc5424 => EventFormat.Rfc5424,
        _ => EventFormat.Ocsf,
    };

    private static EventAction ActionOf(SinkAction action) => action switch
    {
        SinkAction.Limited => EventAction.Limited,
        SinkAction.Unavailable => EventAction.Unavailable,
        SinkAction.Detected => EventAction.Detected,
        _ => EventAction.Blocked,
    };

    private static ThreatLevel ThreatOf(SinkThreat threat) => threat switch
    {
        SinkThreat.Low => ThreatLevel.Low,
        SinkThreat.Medium => ThreatLevel.Medium,
        SinkThreat.High => ThreatLevel.High,
        SinkThreat.Critical => ThreatLevel.Critical,
        _ => ThreatLevel.None,
    };
}
