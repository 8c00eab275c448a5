namespace WafOperator.Proxy.Challenges;

/// <summary>What a client is asked to show, in rising order; who has shown more has shown less as well.</summary>
internal enum ChallengeRung
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It follows redirects and keeps cookies.</summary>
    Cookie,

    /// <summary>It reads a page and does as it says, after a moment.</summary>
    Refresh,

    /// <summary>It runs a script that works for a while.</summary>
    Work,
}

/// <summary>What is counted of challenges.</summary>
internal enum ChallengeEvent { Asked, Passed, Failed }
