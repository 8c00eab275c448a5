namespace WafOperator.Protocols.Policies;

/// <summary>Where users sign in, how to tell success from failure, and how many failures there may be.</summary>
public sealed record LoginPolicy
{
    public required string PathPrefix { get; init; }
    public string Method { get; init; } = "POST";

    /// <summary>Parameter of query, form or JSON body with the user's name; null: names are not told apart.</summary>
    public string? UserName { get; init; }

    /// <summary>What an answer to a success looks like; empty: any 2xx or 3xx that is no failure.</summary>
    public LoginSigns Success { get; init; } = new();

    /// <summary>What an answer to a failure looks like; it goes before success.</summary>
    public LoginSigns Failure { get; init; } = new();
    public FailureLimit? PerClient { get; init; }
    public FailureLimit? PerUser { get; init; }
    public FailureLimit? PerNetwork { get; init; }
    public bool DryRun { get; init; }
}

/// <summary>What an answer looks like: any of these is enough.</summary>
public sealed record LoginSigns
{
    /// <summary>Statuses, from and to; costs are not read.</summary>
    public IReadOnlyList<StatusCost> Statuses { get; init; } = [];

    /// <summary>A header that is there.</summary>
    public string? Header { get; init; }

    /// <summary>And whose value holds this.</summary>
    public string? HeaderContains { get; init; }

    /// <summary>Text within the first 64 KiB of the body.</summary>
    public string? BodyContains { get; init; }

    public bool Equals(LoginSigns? other) => other is not null && Header == other.Header
        && HeaderContains == other.HeaderContains && BodyContains == other.BodyContains
        && Statuses.SequenceEqual(other.Statuses);

    public override int GetHashCode() => HashCode.Combine(Header, HeaderContains, BodyContains, Statuses.Count);

    /// <summary>Nothing is said.</summary>
    public bool IsEmpty() => Statuses.Count == 0 && Header is null && BodyContains is null;
}

/// <summary>How many failures somebody may have.</summary>
public sealed record FailureLimit
{
    public int Failures { get; init; }

    /// <summary>Failures fade: after this time a failure counts 1/e.</summary>
    public TimeSpan Period { get; init; }

    /// <summary>Share of failures among attempts, 0 to 1, below which nobody is limited.</summary>
    public double Share { get; init; }
}
