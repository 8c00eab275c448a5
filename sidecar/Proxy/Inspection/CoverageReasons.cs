using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Proxy.Bodies;
using WafOperator.Proxy.Decisions;
using WafOperator.Scoring;

namespace WafOperator.Proxy.Inspection;

/// <summary>
/// What the layers below report → reasons of the closed list. Pure and total: what a layer reports anew has no reason
/// until somebody gives it one here, which a test notices.
/// </summary>
internal static class CoverageReasons
{
    private static readonly ExceededLimits[] Limits =
        [.. Enum.GetValues<ExceededLimits>().Where(limit => limit is not ExceededLimits.None)];

    private static readonly UnreadContent[] Contents =
        [.. Enum.GetValues<UnreadContent>().Where(content => content is not UnreadContent.None)];

    private static readonly ModelGaps[] Gaps = [.. Enum.GetValues<ModelGaps>().Where(gap => gap is not ModelGaps.None)];

    private static readonly ExceededLimits Hiding = Limits
        .Where(limit => Of(limit) is not null).Aggregate(ExceededLimits.None, (all, one) => all | one);

    /// <summary>Bounds that hide content of the request.</summary>
    public static ExceededLimits HidingOf(ExceededLimits exceeded) => exceeded & Hiding;

    /// <summary>Reasons of all bounds that were exceeded.</summary>
    /// <param name="exceeded">The bounds.</param>
    /// <param name="isPartial">
    /// The policy lets the rest of long bodies pass: also what lies behind bounds on their structure.
    /// </param>
    public static UninspectedSet OfAll(ExceededLimits exceeded, bool isPartial)
    {
        var set = UninspectedSet.Empty;
        if (HidingOf(exceeded) is ExceededLimits.None) return set;
        foreach (var limit in Limits)
        {
            if ((exceeded & limit) == 0 || Of(limit) is not { } reason) continue;
            set = set.With(isPartial && (limit & LimitEffects.BodyStructure) != 0 ? UninspectedReason.OverLimit
                : reason);
        }

        return set;
    }

    /// <summary>Reasons of all that no reader showed.</summary>
    public static UninspectedSet OfAll(UnreadContent unread)
    {
        var set = UninspectedSet.Empty;
        if (unread is UnreadContent.None) return set;
        foreach (var content in Contents)
        {
            if ((unread & content) != 0) set = set.With(Of(content));
        }

        return set;
    }

    public static UninspectedReason Of(UnreadContent content) => content switch
    {
        UnreadContent.ContentType or UnreadContent.Text => UninspectedReason.UnreadContentType,
        UnreadContent.FileContent => UninspectedReason.FileContent,
        UnreadContent.Coding => UninspectedReason.OpaqueCoding,
        _ => throw new ArgumentOutOfRangeException(nameof(content), content, "has no reason"),
    };

    /// <summary>
    /// What stopped a reader, or null. A bound that was met, memory among them, has a reason of its own.
    /// </summary>
    public static UninspectedReason? Of(BodyError error) =>
        error is BodyError.None or BodyError.Memory ? null : UninspectedReason.Malformed;

    /// <summary>
    /// What one bound hides; null for a bound that hides nothing, or whose content has a reason of its own.
    /// </summary>
    public static UninspectedReason? Of(ExceededLimits limit) => limit switch
    {
        // Everything is still read: a count for INBOUND_DATA_ERROR.
        ExceededLimits.BodyNoFilesBytes => null,
        // How much of a body is read, the policy says: WindowEnd, OverLimit or a refusal.
        ExceededLimits.BodyBytes => null,
        // A response's, which ResponseInspection reports.
        ExceededLimits.ResponseBodyBytes => null,
        ExceededLimits.FileBytes => UninspectedReason.FileContent,
        ExceededLimits.HeaderBytes or ExceededLimits.Headers or ExceededLimits.Cookies or ExceededLimits.Arguments
            or ExceededLimits.ArgumentBytes or ExceededLimits.JsonDepth or ExceededLimits.JsonLeaves
            or ExceededLimits.XmlDepth or ExceededLimits.XmlNodes or ExceededLimits.GraphQlDepth
            or ExceededLimits.MultipartParts or ExceededLimits.MultipartHeaderBytes or ExceededLimits.Files
            or ExceededLimits.DecompressedBytes or ExceededLimits.DecompressionRatio or ExceededLimits.ContentCodings
            or ExceededLimits.Memory => UninspectedReason.Limit,
        _ => throw new ArgumentOutOfRangeException(nameof(limit), limit, "has no reason"),
    };

    /// <summary>Why a body is not read at all, or null.</summary>
    public static UninspectedReason? OfUnread(in BodyFacts body, BodyHandling handling) =>
        body.IsDuplex ? UninspectedReason.Stream
        : handling is BodyHandling.Stream && body.IsExpected ? UninspectedReason.HeadersOnly
        : null;

    /// <summary>Why a body that was read is not held to its end, or null.</summary>
    public static UninspectedReason? Of(BodyReading reading, BodyHandling handling) => reading switch
    {
        // What is too long is refused, or was held under mode Detect and goes on.
        BodyReading.Whole or BodyReading.TooLong => null,
        BodyReading.Beginning => handling is BodyHandling.Peek ? UninspectedReason.WindowEnd
            : UninspectedReason.OverLimit,
        BodyReading.Paused => UninspectedReason.WindowTime,
        BodyReading.NoRoom => UninspectedReason.NoRoom,
        _ => throw new ArgumentOutOfRangeException(nameof(reading), reading, "has no reason"),
    };

    /// <summary>Reasons of all that models did not look at.</summary>
    public static UninspectedSet OfAll(ModelGaps gaps)
    {
        var set = UninspectedSet.Empty;
        if (gaps is ModelGaps.None) return set;
        foreach (var gap in Gaps)
        {
            if ((gaps & gap) != 0) set = set.With(Of(gap));
        }

        return set;
    }

    public static UninspectedReason Of(ModelGaps gap) => gap switch
    {
        ModelGaps.Budget => UninspectedReason.ModelBudget,
        ModelGaps.Parts => UninspectedReason.ModelParts,
        ModelGaps.Cold => UninspectedReason.ModelCold,
        ModelGaps.Missing => UninspectedReason.ModelMissing,
        ModelGaps.Window => UninspectedReason.ModelWindow,
        ModelGaps.Pool => UninspectedReason.ModelPool,
        _ => throw new ArgumentOutOfRangeException(nameof(gap), gap, "has no reason"),
    };
}
