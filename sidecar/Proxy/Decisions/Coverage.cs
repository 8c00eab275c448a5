using System.Numerics;
using WafOperator.Http;
using WafOperator.Protocols.Events;

namespace WafOperator.Proxy.Decisions;

/// <summary>
/// What of one request was looked at, as numbers: every request has one, and only those that are reported become an
/// <see cref="InspectionCoverage"/>.
/// </summary>
internal readonly record struct Coverage
{
    /// <summary>Bytes of head and body, as far as they are known.</summary>
    public long Bytes { get; init; }

    /// <summary>Of those, bytes that engines were shown.</summary>
    public long BytesInspected { get; init; }

    /// <summary>Parts that were read out of them.</summary>
    public long Parts { get; init; }

    /// <summary>Parts that models looked at.</summary>
    public long PartsScored { get; init; }

    /// <summary>Messages of a stream that were inspected.</summary>
    public long Messages { get; init; }

    /// <summary>Why the rest was not looked at.</summary>
    public UninspectedSet Uninspected { get; init; }

    /// <summary>Bounds that were met and hide content.</summary>
    public ExceededLimits Limits { get; init; }

    public bool IsWhole => Uninspected.IsEmpty;

    /// <summary>A request of which nothing was looked at.</summary>
    public static Coverage None(UninspectedReason reason, long bytes) => new()
    {
        Bytes = bytes, Uninspected = UninspectedSet.Of(reason),
    };

    /// <summary>As it is reported.</summary>
    public InspectionCoverage ToReport() => new()
    {
        IsWhole = IsWhole,
        Bytes = Bytes,
        BytesInspected = BytesInspected,
        Parts = Parts,
        PartsScored = PartsScored,
        Messages = Messages,
        Uninspected = [.. Uninspected.Reasons()],
        Limits = Limits is ExceededLimits.None ? [] : Limits.ToString().Split(", "),
    };
}

/// <summary>A set of reasons.</summary>
internal readonly record struct UninspectedSet(uint Bits)
{
    public static readonly UninspectedSet Empty;

    public bool IsEmpty => Bits == 0;

    public static UninspectedSet Of(UninspectedReason reason) => new(1u << (int)reason);

    public static UninspectedSet OfKind(UninspectedKind kind) =>
        Enum.GetValues<UninspectedReason>().Where(reason => UninspectedKinds.Of(reason) == kind)
            .Aggregate(Empty, (set, reason) => set | Of(reason));

    public static UninspectedSet operator |(UninspectedSet one, UninspectedSet other) => new(one.Bits | other.Bits);

    public static UninspectedSet operator &(UninspectedSet one, UninspectedSet other) => new(one.Bits & other.Bits);

    public bool Contains(UninspectedReason reason) => (Bits & Of(reason).Bits) != 0;

    public UninspectedSet With(UninspectedReason reason) => this | Of(reason);

    public UninspectedSet Without(UninspectedReason reason) => Without(Of(reason));

    public UninspectedSet Without(UninspectedSet reasons) => new(Bits & ~reasons.Bits);

    public IEnumerable<UninspectedReason> Reasons()
    {
        for (var rest = Bits; rest != 0; rest &= rest - 1)
            yield return (UninspectedReason)BitOperations.TrailingZeroCount(rest);
    }

    public override string ToString() => string.Join(", ", Reasons());
}
