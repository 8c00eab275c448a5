using System.Globalization;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Quantities;

namespace WafOperator.Policies.Compilation;

/// <summary>The parts of a policy that are the same in spec and document but for units and defaults.</summary>
internal static class TrafficCompiler
{
    public static ClientIdentity ClientIdentityOf(ClientIdentitySpec? spec) => spec is null ? new() : new()
    {
        TrustedProxies = spec.TrustedProxies,
        TrustedHops = spec.TrustedHops,
        Header = spec.Header,
    };

    public static AccessLists AccessListsOf(AccessListsSpec? spec) => spec is null ? new() : new()
    {
        AllowClients = spec.AllowClients,
        DenyClients = spec.DenyClients,
        BypassClients = spec.BypassClients,
        DenyPaths = spec.DenyPaths,
    };

    public static RateLimit RateLimitOf(RateLimitSpec spec) => new()
    {
        Name = spec.Name,
        Key = ByName.Of<RateLimitKeyKind>(spec.Key),
        KeyName = spec.KeyName,
        PathPrefix = spec.PathPrefix,
        Requests = spec.Requests,
        Period = DurationText.Parse(spec.Period),
        Burst = spec.Burst ?? spec.Requests,
        DryRun = spec.DryRun,
        Cost = CostOf(spec.Cost),
        Distinct = spec.Distinct is { } distinct
            ? new() { Of = ByName.Of<RateLimitKeyKind>(distinct.Of), Name = distinct.Name } : null,
    };

    public static LoginPolicy LoginOf(LoginSpec spec) => new()
    {
        PathPrefix = spec.PathPrefix,
        Method = spec.Method,
        UserName = spec.UserName,
        Success = SignsOf(spec.Success ?? new()),
        Failure = SignsOf(spec.Failure ?? new() { Statuses = ["401"] }),
        PerClient = LimitOf(spec.PerClient ?? new()),
        PerUser = LimitOf(spec.PerUser),
        PerNetwork = LimitOf(spec.PerNetwork),
        DryRun = spec.DryRun,
    };

    private static LoginSigns SignsOf(LoginSignsSpec spec) => new()
    {
        Statuses = [.. spec.Statuses.Select(status => CostOf(new StatusCostSpec { Status = status, Cost = 0 }))],
        Header = spec.Header, HeaderContains = spec.HeaderContains, BodyContains = spec.BodyContains,
    };

    private static FailureLimit? LimitOf(FailureLimitSpec? spec) => spec is null ? null : new()
    {
        Failures = spec.Failures, Period = DurationText.Parse(spec.Period), Share = DecimalText.ParseDouble(spec.Share),
    };

    private static RateCost? CostOf(RateCostSpec? spec) => spec is null ? null : new()
    {
        Request = spec.Request,
        Statuses = [.. spec.Statuses.Select(CostOf)],
        BytesPerUnit = spec.BytesPerUnit is { } bytes ? ByteQuantity.Parse(bytes) : 0,
    };

    private static StatusCost CostOf(StatusCostSpec spec)
    {
        var isClass = spec.Status.EndsWith("xx", StringComparison.Ordinal);
        var from = isClass ? (spec.Status[0] - '0') * 100 : int.Parse(spec.Status, CultureInfo.InvariantCulture);
        return new() { From = from, To = isClass ? from + 99 : from, Cost = spec.Cost };
    }

    public static HeadLimits? HeadOf(HeadLimitsSpec? spec) => spec is null ? null : new()
    {
        LineBytes = spec.LineBytes, Bytes = spec.Bytes, Lines = spec.Lines,
    };

    public static BodyInspection? BodyOf(BodyInspectionSpec? spec) => spec is null ? null : new()
    {
        Mode = ByName.Of<BodyInspectionKind>(spec.Mode),
        LimitBytes = ByteQuantity.Parse(spec.Limit),
        OverLimit = ByName.Of<BodyOverLimitOutcome>(spec.OverLimit),
        Messages = spec.Messages is MessageInspectionMode.Off ? MessageInspection.Off : null,
        Limits = LimitsOf(spec.Limits),
        AllowsXmlDoctypes = spec.XmlDoctypes is XmlDoctypePolicy.Allow ? true : null,
    };

    private static BodyLimits? LimitsOf(BodyLimitsSpec? spec) => spec is null ? null : new()
    {
        Arguments = spec.Arguments,
        JsonValues = spec.JsonValues,
        Depth = spec.Depth,
        XmlNodes = spec.XmlNodes,
        Parts = spec.Parts,
        Files = spec.Files,
    };

    public static RoutePolicy RouteOf(RouteSpec spec, PolicyMode ceiling) => new()
    {
        PathPrefix = spec.PathPrefix,
        Mode = spec.Mode is { } mode ? PolicyCompiler.Ceiling(mode, ceiling) : null,
        Body = BodyOf(spec.Body),
        Upgrades = spec.Upgrades.Count > 0 ? spec.Upgrades : null,
    };

    public static UpstreamPolicy? UpstreamOf(UpstreamSpec? spec) => spec is null ? null : new()
    {
        IsAtPodAddress = spec.Address is UpstreamAddress.Pod,
        IdleMax = spec.IdleTimeout is { } idle ? DurationText.Parse(idle) : null,
        Tls = spec.Tls is not { } tls ? null : new()
        {
            Ports = tls.Ports,
            ServerName = tls.ServerName,
            Ca = tls.Ca?.Reference(),
            TakesAnyCertificate = tls.InsecureSkipVerify,
        },
    };

    public static FailureModes FailureModesOf(FailureModesSpec? spec) => spec is null ? new() : new()
    {
        Config = ModeOf(spec.Config),
        Rules = ModeOf(spec.Rules),
        Ml = ModeOf(spec.Ml),
        Pool = ModeOf(spec.Pool),
        Uninspected = ByName.Of<UninspectedOutcome>(spec.Uninspected),
    };

    public static BlockResponse BlockResponseOf(BlockResponseSpec? spec) => spec is null ? new() : new()
    {
        StatusCode = spec.StatusCode,
        ContentType = spec.ContentType,
        Body = spec.Body,
    };

    public static DecisionLogging LoggingOf(LoggingSpec? spec) => spec is null ? new() : new()
    {
        Decisions = ByName.Of<DecisionLogLevel>(spec.Decisions),
        Redact = spec.Redact,
        MatchedDataBytesMax = spec.MatchedDataBytesMax,
        SampleAllowedPercent = spec.SampleAllowedPercent,
    };

    private static Protocols.Policies.FailureMode ModeOf(Resources.Policies.FailureMode mode) =>
        mode == Resources.Policies.FailureMode.Open ? Protocols.Policies.FailureMode.Open
        : Protocols.Policies.FailureMode.Closed;
}
