using WafOperator.Protocols.Learning;
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
    private const int ApiSchemasMax = 16;
    private const int ReasonLengthMax = 32;
    private static readonly int VocabularyMax = SeenValue.ValuesMax * Enum.GetValues<SeenKind>().Length;

    /// <summary>Bytes of an entry of a list or map beside its texts, about.</summary>
    private const int EntryBytes = 100;

    /// <summary>The status within the bounds.</summary>
    /// <param name="status">What a pod said.</param>
    /// <param name="isExclusion">
    /// Whether its namespace has an exclusion of that name: invented ones would only take room.
    /// </param>
    public static SidecarStatus Clamp(SidecarStatus status, Func<string, bool> isExclusion) => status with
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
        ExclusionHits = status.ExclusionHits.Where(hit => isExclusion(hit.Key)).Take(ExclusionsMax)
            .ToDictionary(hit => hit.Key, hit => Count(hit.Value)),
        Learning = status.Learning is { } learning ? Clamp(learning) : null,
        Sharing = status.Sharing is { } sharing ? Clamp(sharing) : null,
        Vocabulary = [.. status.Vocabulary.OfType<SeenValue>().Take(VocabularyMax).Select(Clamp)],
        ApiSchemas = status.ApiSchemas is { } apis
            ? Clamp([.. apis.OfType<ApiSchemaReport>().Take(ApiSchemasMax)]) : null,
    };

    /// <summary>The bound on entries holds for all together, as sidecars keep it.</summary>
    private static List<ApiSchemaReport> Clamp(List<ApiSchemaReport> reports) =>
        [.. reports.Select(report => Clamp(report, ApiSchemaReport.EntriesMax / reports.Count))];

    private static ApiSchemaReport Clamp(ApiSchemaReport report, int entriesMax) => report with
    {
        Name = Cut(report.Name, NameLengthMax) ?? "", Document = Cut(report.Document, NameLengthMax) ?? "",
        Requests = Count(report.Requests),
        Operations = [.. report.Operations.Take(ApiSchemaReport.OperationsMax).Select(Count)],
        Findings =
        [
            .. report.Findings.OfType<ApiFindingReport>().Take(entriesMax)
                .Select(finding => finding with
                {
                    Operation = Math.Max(-1, finding.Operation), Reason = Cut(finding.Reason, ReasonLengthMax) ?? "",
                    Requests = Count(finding.Requests),
                }),
        ],
        Shadows =
        [
            .. report.Shadows.OfType<ApiShadowReport>().Take(entriesMax)
                .Select(shadow => shadow with
                {
                    Path = Cut(shadow.Path, ApiSchemaReport.PathLengthMax) ?? "", Requests = Count(shadow.Requests),
                    Answered = Math.Min(Count(shadow.Answered), Count(shadow.Requests)),
                }),
        ],
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

    /// <summary>Bytes that keeping the status takes, about: its texts and the entries of its lists.</summary>
    public static long BytesOf(SidecarStatus status)
    {
        var texts = status.Models.Sum(m => m.Model.Length + m.Version.Length + m.Digest.Length + m.State.Length
                + (m.Message?.Length ?? 0))
            + status.Rollouts.Sum(r => r.Model.Length + r.BaselineDigest.Length + r.CandidateDigest.Length
                + (r.Salt?.Length ?? 0))
            + status.ExclusionHits.Sum(hit => hit.Key.Length) + status.Inspection.Uninspected.Sum(why => why.Key.Length)
            + status.Vocabulary.Sum(seen => seen.Value.Length)
            + Apis(status).Sum(api => api.Name.Length + api.Document.Length + (4 * api.Operations.Count)
                + api.Findings.Sum(f => f.Reason.Length) + api.Shadows.Sum(shadow => shadow.Path.Length))
            + (status.RejectedReason?.Length ?? 0) + (status.Learning?.Sketches?.Length ?? 0);
        var entries = 10 + status.Vocabulary.Count + status.Models.Count + status.ExclusionHits.Count
            + status.Inspection.Uninspected.Count
            + (4 * status.Rollouts.Count) + Apis(status).Sum(api => 1 + api.Findings.Count + api.Shadows.Count);
        return (2L * texts) + ((long)EntryBytes * entries);
    }

    /// <summary>
    /// What coverage and rollouts rest on, without what a namespace that reports too much cannot keep: hits of
    /// exclusions, sketches, and the words of models.
    /// </summary>
    public static SidecarStatus Short(SidecarStatus status) => status with
    {
        Models = [.. status.Models.Select(model => model with { Message = null })],
        ExclusionHits = new Dictionary<string, long>(),
        Vocabulary = [],
        ApiSchemas = null,
        Inspection = status.Inspection with { Uninspected = new Dictionary<string, long>() },
        Learning = status.Learning is { } learning ? learning with { Sketches = null } : null,
    };

    private static IReadOnlyList<ApiSchemaReport> Apis(SidecarStatus status) => status.ApiSchemas ?? [];

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
        Model = Cut(c.Model, NameLengthMax) ?? "", Salt = Cut(c.Salt, NameLengthMax),
        BaselineDigest = Cut(c.BaselineDigest, NameLengthMax) ?? "",
        CandidateDigest = Cut(c.CandidateDigest, NameLengthMax) ?? "",
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
        Sketches = report.Sketches is { Length: <= LearnedScores.TextCharsMax } sketches ? sketches : null,
    };

    private static long[] Buckets(IReadOnlyList<long> buckets) =>
        [.. buckets.Take(RolloutCounters.LatencyBuckets.Count + 1).Select(Count)];

    private static long Count(long value) => Math.Clamp(value, 0, CountMax);

    private static double? Share(double? value) => value is >= 0 and <= 1 ? value : null;

    private static string? Cut(string? text, int length) =>
        text is null || text.Length <= length ? text : text[..length];
}
