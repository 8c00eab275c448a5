using System.Diagnostics;
using System.Text;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Scoring;

/// <summary>
/// Says why: part, bytes that weighed most, each model's score. Only built for requests that somebody will look at.
/// </summary>
internal static class Explanation
{
    private const int ExcerptBytesMax = 48;
    private const string Scored = nameof(ScoringOutcome.Scored);
    private const int NameLengthMax = 64;

    public static ScoringResult Fill(
        ScoringResult result, ScoringProgram program, ModelSet deciding, CanonicalRequest request,
        ScoringContext context)
    {
        // A model that read the whole request names no part of it.
        var part = context.RaisedBy is null ? PartOf(request, context) : null;
        var models = new List<ModelResult>(deciding.Members.Length + program.Rollouts.Length);
        foreach (var member in deciding.Members) models.Add(ResultOf(member, ArmOf(program, member), part, context));
        foreach (var rollout in program.Rollouts)
        {
            foreach (var member in new[] { rollout.Baseline, rollout.Candidate })
            {
                if (Array.IndexOf(deciding.Members, member) < 0 && context.TicksByModel[member.Slot] > 0)
                    models.Add(ResultOf(member, "shadow", part, context));
            }
        }

        var (excerpt, family) = LookAgain(deciding, request, context);
        return result with
        {
            Part = part,
            Variable = VariableOf(request, context),
            Excerpt = excerpt,
            Family = FamilyOf(context.RaisedBy, context) ?? family,
            Models = family is null
                ? models
                : [.. models.Select(m => m with { Family = m.Outcome == Scored ? m.Family ?? family : null })],
        };
    }

    private static string? ArmOf(ScoringProgram program, Member member)
    {
        for (var i = 0; i < program.Rollouts.Length; i++)
        {
            if (ReferenceEquals(program.Rollouts[i].Candidate, member)) return "candidate";
            if (ReferenceEquals(program.Rollouts[i].Baseline, member)) return "baseline";
        }

        return null;
    }

    private static ModelResult ResultOf(Member member, string? arm, string? part, ScoringContext context) => new()
    {
        Model = member.Model.Model,
        Version = member.Model.Version,
        Score = Math.Round(context.BestByModel[member.Slot], 6),
        Outcome = context.FailedByModel[member.Slot] ? nameof(ScoringOutcome.Unavailable)
            : context.MissedByModel[member.Slot] ? nameof(ScoringOutcome.PoolUnavailable)
            : member.Model.ReadsRequests && context.WholeBySlot[member.Slot] is null ? nameof(ScoringOutcome.Skipped)
            : context.TicksByModel[member.Slot] > 0 ? nameof(ScoringOutcome.Scored)
            : nameof(ScoringOutcome.Skipped),
        Arm = arm,
        Part = member.Model.ReadsRequests ? null : part,
        Family = FamilyOf(member, context),
        Type = context.WholeBySlot[member.Slot] is { Type: >= 0 } answer
            ? member.Model.Manifest.Types[answer.Type] : null,
        Uncertainty = context.WholeBySlot[member.Slot] is { } wide ? Math.Round(wide.Uncertainty, 4) : null,
        Microseconds = (long)Stopwatch.GetElapsedTime(0, context.TicksByModel[member.Slot]).TotalMicroseconds,
    };

    private static string? FamilyOf(Member? member, ScoringContext context) =>
        member is not null && context.WholeBySlot[member.Slot] is { } answer
            ? member.Model.Manifest.Families[answer.Family]
            : null;

    private static string? PartOf(CanonicalRequest request, ScoringContext context)
    {
        if (context.BestPartScore < 0) return null;
        var kind = context.BestPart.Kind switch
        {
            PartKind.Path => "path",
            PartKind.QueryArgument => "query",
            PartKind.Header => "header",
            PartKind.Cookie => "cookie",
            PartKind.BodyArgument => "body",
            PartKind.XmlText or PartKind.XmlAttribute => "xml",
            PartKind.FileName => "file",
            PartKind.PartHeader => "part header",
            _ => "raw-body",
        };
        if (context.BestIsName) return kind + " name";
        var name = Printable(request[context.BestPart.Name], NameLengthMax);
        return name.Length == 0 ? kind : $"{kind}:{name}";
    }

    private static string? VariableOf(CanonicalRequest request, ScoringContext context)
    {
        if (context.BestPartScore < 0) return null;
        var collection = context.BestPart.Kind switch
        {
            PartKind.Path => "REQUEST_FILENAME",
            PartKind.Header => "REQUEST_HEADERS",
            PartKind.Cookie => "REQUEST_COOKIES",
            PartKind.FileName => "FILES",
            PartKind.PartHeader => "MULTIPART_PART_HEADERS",
            PartKind.QueryArgument or PartKind.BodyArgument => "ARGS",
            _ => "REQUEST_BODY",
        };
        var name = request[context.BestPart.Name];
        return name.IsEmpty
            ? collection
            : $"{collection}:{Encoding.Latin1.GetString(name[..Math.Min(name.Length, 256)])}";
    }

    /// <summary>
    /// Normalises the part once more: values are scratch, and only the few requests that are shown need one. The family
    /// is asked for only now as well.
    /// </summary>
    private static (string? Excerpt, string? Family) LookAgain(
        ModelSet set, CanonicalRequest request, ScoringContext context)
    {
        if (context.BestPartScore < 0) return (null, null);
        var raw = context.BestIsName
            ? PartRules.OddNameAt(context.BestPart.Kind, request[context.BestPart.Name], context.BestAt)
            : request[context.BestPart.Value][context.BestAt..];
        raw = raw[..Math.Min(raw.Length, LongValue.PieceBytes)];
        ValueFlags flags;
        var length = context.BestIsName
            ? ValueNormalizer.Normalize(raw, context.Value, out flags)
            : PartRules.Normalize(context.BestPart.Kind, raw, context.Value, out flags);
        ReadOnlySpan<byte> value = context.Value.AsSpan(0, length);
        var range = set.Gate?.Model is GateValueModel gate
            ? gate.Heaviest(value, ExcerptBytesMax)
            : ..Math.Min(length, ExcerptBytesMax);
        var worst = ..Math.Min(length, RequestScorer.NetworkBytesMax);
        Span<GatePlace> places = stackalloc GatePlace[1];
        if (set.Gate?.Model.Look(value, flags, places) > 0) worst = places[0].Bytes;
        string? family = null;
        foreach (var member in set.Members) family ??= member.Model.FamilyOf(value[worst], flags);
        return (Printable(value[range], ExcerptBytesMax), family);
    }

    private static string Printable(ReadOnlySpan<byte> bytes, int max)
    {
        bytes = bytes[..Math.Min(bytes.Length, max)];
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes) text.Append(b is >= 0x20 and < 0x7f ? (char)b : '.');
        return text.ToString();
    }
}
