using WafOperator.Protocols.Events;

namespace WafOperator.Proxy.Decisions;

/// <summary>Which part decided: an interface, seen in events and metrics.</summary>
internal enum DecisionReason
{
    None, Rules, Model, RateLimit, AccessList, Limit, Protocol, Unavailable,

    /// <summary>The request was not inspected whole, and a client can bring that about.</summary>
    Uninspected,

    /// <summary>The route's mode is Off.</summary>
    Off,

    /// <summary>What the client did before.</summary>
    Behaviour,

    /// <summary>The request does not fit its API's description.</summary>
    Schema,
}

/// <summary>What happens to a request, and what would have happened in mode Enforce.</summary>
/// <param name="Verdict">What is done.</param>
/// <param name="WouldHave">What Enforce does; the same as the verdict in mode Enforce.</param>
/// <param name="Reason">Which part decided.</param>
/// <param name="StatusCode">Status of the answer when the request is not forwarded.</param>
internal readonly record struct Decision(VerdictKind Verdict, VerdictKind WouldHave, DecisionReason Reason, int StatusCode)
{
    public static readonly Decision Allowed = new(VerdictKind.Allow, VerdictKind.Allow, DecisionReason.None, 0);

    /// <summary>How a block is carried out.</summary>
    public BlockForm Form { get; init; }

    /// <summary>Where to, for <see cref="BlockForm.Redirect"/>.</summary>
    public string? RedirectUrl { get; init; }

    /// <summary>When a limited client may come back.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>The exceeded rate limit, and how RateLimit-Policy names it.</summary>
    public (string Name, string Policy)? RateLimit { get; init; }

    /// <summary>Methods that there are, for a method that is none of them.</summary>
    public string? Allow { get; init; }

    /// <summary>One sentence for people.</summary>
    public string? Message { get; init; }

    /// <summary>True when the request goes on to the application.</summary>
    public bool Forwards => Verdict is VerdictKind.Allow;
}
