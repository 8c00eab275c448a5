namespace WafOperator.Protocols.Events;

/// <summary>
/// What an event may hold at most, by whoever receives one: a sidecar may be in an attacker's hands, and JSON fills in
/// null where a type says that there is none. Pure; never fails.
/// </summary>
public static class EventBounds
{
    /// <summary>Longest event as a line of JSON, bytes, without its line break.</summary>
    public const int LineBytesMax = 64 << 10;

    private const int NameMax = 253;
    private const int ClientMax = 64;
    private const int WordMax = 32;
    private const int HostMax = 256;
    private const int PathMax = 512;
    private const int TextMax = 512;
    private const int ListMax = 64;
    private const double UncertaintyMax = 1_000;

    /// <summary>
    /// The event with every text and list within its bound, numbers that are none set to 0, nothing null that has to be
    /// there, and a reason out of the list. Times, namespace and verdicts are left as they are: what they may be is
    /// for the receiver to say.
    /// </summary>
    public static SecurityEvent Bound(SecurityEvent received) => received with
    {
        Id = Clean(received.Id, ClientMax),
        Policy = Clean(received.Policy, NameMax),
        Revision = Clean(received.Revision, NameMax),
        Pod = CleanOrNull(received.Pod, NameMax),
        Client = Clean(received.Client, ClientMax),
        Method = Clean(received.Method, WordMax),
        Path = Clean(received.Path, PathMax),
        Host = CleanOrNull(received.Host, HostMax),
        Reason = EventReasons.IsKnown(received.Reason) ? received.Reason : EventReasons.Other,
        Message = CleanOrNull(received.Message, TextMax),
        Risk = CleanOrNull(received.Risk, WordMax),
        Score = received.Score is { } score && double.IsFinite(score) ? Math.Clamp(score, 0, 1) : null,
        RuleEvidence = Finite(received.RuleEvidence),
        Behaviour = received.Behaviour is { } behaviour ? Bound(behaviour) : null,
        Bot = received.Bot is { } bot ? Bound(bot) : null,
        Api = received.Api is { } api ? Bound(api) : null,
        Rules = [.. There(received.Rules).Select(Bound)],
        Models = [.. There(received.Models).Select(Bound)],
        Exclusions = [.. There(received.Exclusions).Select(name => Clean(name, NameMax))],
        CodeFields = received.CodeFields is { } fields ? [.. There(fields).Select(Bound)] : null,
        Coverage = received.Coverage is { } coverage ? Bound(coverage) : null,
    };

    private static RuleMatch Bound(RuleMatch rule) => rule with
    {
        Message = CleanOrNull(rule.Message, TextMax),
        Severity = CleanOrNull(rule.Severity, WordMax),
        Variable = CleanOrNull(rule.Variable, HostMax),
        Data = CleanOrNull(rule.Data, 4 * TextMax),
        Tags = [.. There(rule.Tags).Select(tag => Clean(tag, HostMax))],
    };

    private static ModelResult Bound(ModelResult model) => model with
    {
        Model = Clean(model.Model, NameMax),
        Version = Clean(model.Version, NameMax),
        Score = Finite(model.Score),
        Outcome = Clean(model.Outcome, WordMax),
        Arm = CleanOrNull(model.Arm, WordMax),
        Family = CleanOrNull(model.Family, WordMax),
        Type = CleanOrNull(model.Type, WordMax),
        Uncertainty = model.Uncertainty is { } width && double.IsFinite(width)
            ? Math.Clamp(width, 0, UncertaintyMax) : null,
        Part = CleanOrNull(model.Part, HostMax),
        Excerpt = CleanOrNull(model.Excerpt, 4 * TextMax),
    };

    private static BehaviourFinding Bound(BehaviourFinding finding) => finding with
    {
        Risk = Math.Clamp(Finite(finding.Risk), 0, 1),
        By = CleanOrNull(finding.By, NameMax),
        Action = Clean(finding.Action, WordMax),
    };

    private static ApiFinding Bound(ApiFinding finding) => finding with
    {
        Schema = Clean(finding.Schema, NameMax), Operation = CleanOrNull(finding.Operation, HostMax),
        Reason = Clean(finding.Reason, WordMax), Message = Clean(finding.Message, TextMax),
    };

    private static CodeFieldNote Bound(CodeFieldNote note) => note with
    {
        Field = Clean(note.Field, PathMax), Rules = [.. (note.Rules ?? []).Take(ListMax)],
    };

    private static BotFinding Bound(BotFinding finding) => finding with
    {
        Weight = Math.Clamp(finding.Weight, 0, 100),
        Reasons = [.. There(finding.Reasons).Select(reason => Clean(reason, ClientMax))],
    };

    private static InspectionCoverage Bound(InspectionCoverage coverage) => coverage with
    {
        Uninspected = [.. (coverage.Uninspected ?? []).Where(Enum.IsDefined).Distinct()],
        Limits = [.. There(coverage.Limits).Select(limit => Clean(limit, ClientMax))],
    };

    /// <summary>The first items of a list, without those that JSON left null.</summary>
    private static IEnumerable<T> There<T>(IReadOnlyList<T>? list)
        where T : class => (list ?? []).Where(item => item is not null).Take(ListMax);

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;

    private static string? CleanOrNull(string? text, int max) => string.IsNullOrEmpty(text) ? null : Clean(text, max);

    /// <summary>Bounded, without NUL, which PostgreSQL keeps in no text, and without half a surrogate pair.</summary>
    private static string Clean(string? text, int max)
    {
        if (text is null) return "";
        if (text.Length > max) text = text[..(char.IsHighSurrogate(text[max - 1]) ? max - 1 : max)];
        return text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', '\uFFFD') : text;
    }
}
