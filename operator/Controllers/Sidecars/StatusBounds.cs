using WafOperator.Protocols.Status;

namespace WafOperator.Controllers.Sidecars;

/// <summary>
/// Brings a pod's words into bounds: lists and texts of a length that real sidecars stay far below, counters that are
/// not negative and cannot overflow a sum. Pure.
/// </summary>
public static class StatusBounds
{
    /// <summary>A sidecar that serves 10,000 requests a second for three years.</summary>
    public const long CountMax = 1_000_000_000_000;

    private const int NameLengthMax = 253;
    private const int MessageLengthMax = 1_024;
    private const int ModelsMax = 64;
    private const int RolloutsMax = 32;
    private const int ExclusionsMax = 2_000;
    private static readonly int VocabularyMax = SeenValue.ValuesMax * Enum.GetValues<SeenKind>().Length;

    /// <summary>The status within the bounds.</summary>
    public static SidecarStatus Clamp(SidecarStatus status) => status with
    {
        Version = Cut(status.Version, NameLengthMax) ?? "",
        Namespace = Cut(status.Namespace, NameLengthMax),
        Policy = Cut(status.Policy, NameLengthMax),
        Revision = Cut(status.Revision, NameLengthMax),
        Mode = Cut(status.Mode, NameLengthMax),
        RejectedRevision = Cut(status.RejectedRevision, NameLengthMax),
        RejectedReason = Cut(status.RejectedReason, MessageLengthMax),
        Source = Cut(status.Source, NameLengthMax),
        Requests = Clamp(status.Requests),
        Inspection = Clamp(status.Inspection),
        Models = [.. status.Models.OfType<ModelStatus>().Take(ModelsMax).Select(Clamp)],
        Rollouts = [.. status.Rollouts.OfType<RolloutCounters>().Take(RolloutsMax).Select(Clamp)],
        ExclusionHits = status.ExclusionHits.Where(hit => hit.Key.Length <= NameLengthMax).Take(ExclusionsMax)
            .ToDictionary(hit => hit.Key, hit => Count(hit.Value)),
        Learning = status.Learning is { } learning ? Clamp(learning) : null,
        Sharing = status.Sharing is { } sharing ? Clamp(sharing) : null,
        Vocabulary = [.. status.Vocabulary.OfType<SeenValue>().Take(VocabularyMax).Select(Clamp)],
    };

    private static SharingReport Clamp(SharingReport sharing) => sharing with
    {
        Replicas = (int)Count(sharing.Replicas), Debt = Count(sharing.Debt),
        Problem = Cut(sharing.Problem, MessageLengthMax),
    };

    private static SeenValue Clamp(SeenValue seen) => seen with
    {
        Value = Cut(seen.Value, NameLengthMax) ?? "", Requests = Count(seen.Requests),
        Clients = Math.Clamp(seen.Clients, 0, SeenValue.ClientsMax),
    };

    private static RequestCounters Clamp(RequestCounters c) => c with
    {
        Total = Count(c.Total), Allowed = Count(c.Allowed), Blocked = Count(c.Blocked),
        WouldBlock = Count(c.WouldBlock), RateLimited = Count(c.RateLimited), Unavailable = Count(c.Unavailable),
    };

    /// <summary>A part is not more than its whole; reasons are few.</summary>
    private static InspectionCounters Clamp(InspectionCounters c) => c with
    {
        Requests = Count(c.Requests), Whole = Math.Min(Count(c.Whole), Count(c.Requests)),
        Bytes = Count(c.Bytes), BytesInspected = Math.Min(Count(c.BytesInspected), Count(c.Bytes)),
        Uninspected = c.Uninspected.Where(why => why.Key.Length <= NameLengthMax).Take(ModelsMax)
            .ToDictionary(why => why.Key, why => Count(why.Value)),
    };

    private static ModelStatus Clamp(ModelStatus model) => model with
    {
        Model = Cut(model.Model, NameLengthMax) ?? "", Version = Cut(model.Version, NameLengthMax) ?? "",
        Digest = Cut(model.Digest, NameLengthMax) ?? "", State = Cut(model.State, NameLengthMax) ?? "",
        Message = Cut(model.Message, MessageLengthMax),
    };

    private static RolloutCounters Clamp(RolloutCounters c) => c with
    {
        BaselineDecided = Count(c.BaselineDecided), CandidateDecided = Count(c.CandidateDecided),
        BaselineBlocked = Count(c.BaselineBlocked), CandidateBlocked = Count(c.CandidateBlocked),
        PairsB0C0 = Count(c.PairsB0C0), PairsB0C1 = Count(c.PairsB0C1),
        PairsB1C0 = Count(c.PairsB1C0), PairsB1C1 = Count(c.PairsB1C1),
        // A part of the pairs is not more than the pairs.
        AttackB0C0 = Math.Min(Count(c.AttackB0C0), Count(c.PairsB0C0)),
        AttackB0C1 = Math.Min(Count(c.AttackB0C1), Count(c.PairsB0C1)),
        AttackB1C0 = Math.Min(Count(c.AttackB1C0), Count(c.PairsB1C0)),
        AttackB1C1 = Math.Min(Count(c.AttackB1C1), Count(c.PairsB1C1)),
        BaselineErrors = Count(c.BaselineErrors), CandidateErrors = Count(c.CandidateErrors),
        BaselineLatency = Buckets(c.BaselineLatency), CandidateLatency = Buckets(c.CandidateLatency),
    };

    private static LearningReport Clamp(LearningReport report) => report with
    {
        Requests = Count(report.Requests), WouldBlock = Count(report.WouldBlock),
        ProposedThreshold = Share(report.ProposedThreshold), AppliedThreshold = Share(report.AppliedThreshold),
    };

    private static long[] Buckets(IReadOnlyList<long> buckets) =>
        [.. buckets.Take(RolloutCounters.LatencyBuckets.Count + 1).Select(Count)];

    private static long Count(long value) => Math.Clamp(value, 0, CountMax);

    private static double? Share(double? value) => value is >= 0 and <= 1 ? value : null;

    private static string? Cut(string? text, int length) =>
        text is null || text.Length <= length ? text : text[..length];
}
