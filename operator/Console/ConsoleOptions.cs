using WafOperator.Console.Access;
using WafOperator.Console.Alerts;
using WafOperator.Console.Analysis;
using WafOperator.Console.Intake;
using WafOperator.Outside;

namespace WafOperator.Console;

/// <summary>Process settings of the console, from its command line.</summary>
public sealed record ConsoleOptions
{
    /// <summary>Address to listen on.</summary>
    public string Listen { get; init; } = "http://0.0.0.0:8090";

    /// <summary>A PEM certificate and its key for https, read again when they change; null for http.</summary>
    public (string Certificate, string Key)? Tls { get; init; }

    /// <summary><c>sqlite:FILE</c>, or a connection string of PostgreSQL.</summary>
    public required string Store { get; init; }

    /// <summary>How long events are kept.</summary>
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Bytes of events that are kept, the oldest go beyond; 0: no bound; null: by the kind of store.</summary>
    public long? KeepBytes { get; init; }

    /// <summary>Where events are fetched; null: they are imported only.</summary>
    public FetchOptions? Fetch { get; init; }

    /// <summary>An identity provider, or null.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>The one token of an installation without a cluster; null: tokens are the cluster's.</summary>
    public string? Token { get; init; }

    public string? Kubeconfig { get; init; }

    /// <summary>Sinks, alert receivers and rules.</summary>
    public OutletOptions Outlets { get; init; } = new();

    /// <summary>The operator's namespace: with it, WafSinks of the cluster are served; null: they are not.</summary>
    public string? Namespace { get; init; }

    /// <summary>What servers of objects may be called.</summary>
    public OutsideRules Outside { get; init; } = OutsideRules.Default;

    /// <summary>Requests are judged when asked; null: they are not.</summary>
    public AnalyzeOptions? Analyze { get; init; }

    /// <summary>Where people find the console, for links in alerts; with https, cookies are for https only.</summary>
    public string? PublicUrl { get; init; }
}
