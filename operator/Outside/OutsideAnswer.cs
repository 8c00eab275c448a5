namespace WafOperator.Outside;

/// <summary>
/// Why a call outside gave nothing. Whoever may write a ModelVersion reads these words, so that they tell nothing about
/// what stands behind an address: neither its status, nor its certificate, nor a byte of its answer, nor whether
/// somebody listens. The operator's log has that.
/// </summary>
public enum OutsideProblem
{
    /// <summary>The installation's settings do not allow the host or what it resolves to.</summary>
    NotAllowed,

    /// <summary>Credentials would have gone over plain http.</summary>
    Insecure,

    /// <summary>The answer has more bytes than allowed.</summary>
    TooLarge,

    /// <summary>Nothing usable came in time.</summary>
    Unanswered,
}

/// <summary>The words of <see cref="OutsideProblem"/>.</summary>
public static class OutsideWords
{
    public static string Of(OutsideProblem problem) => problem switch
    {
        OutsideProblem.NotAllowed => "the address is not one that this installation calls (chart: "
            + "outside.allowedHosts, outside.allowedNetworks)",
        OutsideProblem.Insecure => "credentials are sent over https only",
        OutsideProblem.TooLarge => "the answer is larger than allowed",
        _ => "no usable answer came in time; the operator's log says why",
    };
}

/// <summary>One call.</summary>
/// <param name="Method">GET or POST.</param>
/// <param name="Uri">Where to.</param>
/// <param name="Subject">On whose behalf, for the log.</param>
public sealed record OutsideCall(HttpMethod Method, Uri Uri, string Subject)
{
    /// <summary>Headers besides what HTTP itself needs.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Goes to this very authority only, and over https.</summary>
    public string? Authorization { get; init; }

    /// <summary>
    /// True for an address that itself gives access to what is there; it is called over https, like one with an
    /// Authorization.
    /// </summary>
    public bool IsSigned { get; init; }

    public ReadOnlyMemory<byte> Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Time for everything: name, connection, headers and the last byte of the body.</summary>
    public TimeSpan TimeMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of the answer's body.</summary>
    public long BytesMax { get; init; } = 1 << 20;

    /// <summary>Redirects that are followed, each checked like the first address.</summary>
    public int RedirectsMax { get; init; }

    /// <summary>
    /// True for an address out of a pod's status, which no rule of <see cref="OutsideRules"/> is for.
    /// </summary>
    public bool IsToPod { get; init; }
}

/// <summary>What came back.</summary>
/// <param name="Problem">Null: a 2xx answer, read whole.</param>
/// <param name="Body">Bytes in memory; empty where they went to a file.</param>
/// <param name="Challenge">The bearer challenge of a 401 answer.</param>
public sealed record OutsideAnswer(OutsideProblem? Problem, ReadOnlyMemory<byte> Body, string? Challenge = null);

/// <summary>Bounds of every call.</summary>
public sealed record OutsideLimits
{
    public static OutsideLimits Default { get; } = new();

    /// <summary>Time to connect to one address.</summary>
    public TimeSpan ConnectTimeMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time without a byte.</summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes a second that a body must average once <see cref="SilenceMax"/> has passed.</summary>
    public int PaceMin { get; init; } = 16 << 10;

    /// <summary>Kibibytes of answer headers.</summary>
    public int HeaderKibibytesMax { get; init; } = 32;

    /// <summary>Addresses of a name that are tried.</summary>
    public int AddressesMax { get; init; } = 8;
}
