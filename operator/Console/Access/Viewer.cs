namespace WafOperator.Console.Access;

/// <summary>Who asks, as the API server or the identity provider says.</summary>
/// <param name="Name">The user's name; what the audit trail holds.</param>
/// <param name="Groups">Groups that roles are bound to.</param>
public sealed record Viewer(string Name, IReadOnlyList<string> Groups);

/// <summary>What can be done here, each a verb on one of our kinds, so that Kubernetes roles grant it.</summary>
public enum ConsoleRight
{
    /// <summary><c>get wafpolicies/events</c>: see decisions.</summary>
    SeeEvents,

    /// <summary><c>update wafpolicies/events</c>: label them.</summary>
    LabelEvents,

    /// <summary><c>create wafpolicies/analyze</c>: have a request judged.</summary>
    Analyze,

    /// <summary><c>list wafpolicies</c>.</summary>
    SeePolicies,

    /// <summary><c>list wafexclusions</c>.</summary>
    SeeExclusions,

    /// <summary><c>list modelversions</c>.</summary>
    SeeModels,

    /// <summary><c>update wafpolicies/alerts</c>, in all namespaces: alert rules.</summary>
    EditAlerts,

    /// <summary><c>get wafpolicies/audit</c>, in all namespaces: the audit trail.</summary>
    SeeAudit,
}

/// <summary>Outcome of looking at a token: who it is, or the status to refuse it with.</summary>
public sealed record SignInResult(Viewer? Viewer, int StatusCode, string? Refusal)
{
    public static SignInResult Refused(int status, string words) => new(null, status, words);

    public static SignInResult Of(Viewer viewer) => new(viewer, 200, null);
}

/// <summary>Turns a token into a user.</summary>
public interface ITokenSource
{
    /// <summary>Who the token is of; null when it is none of this source's.</summary>
    Task<SignInResult?> ReadAsync(string token, CancellationToken cancellationToken);
}

/// <summary>Says what users may do.</summary>
public interface IAccessRules
{
    /// <summary>Whether a user may; <paramref name="ns"/> null means in all namespaces.</summary>
    Task<bool> MayAsync(Viewer viewer, ConsoleRight right, string? ns, CancellationToken cancellationToken);
}

/// <summary>The API server could not be asked; nothing is allowed meanwhile.</summary>
public sealed class AccessUnavailableException(string message, Exception? inner) : Exception(message, inner);
