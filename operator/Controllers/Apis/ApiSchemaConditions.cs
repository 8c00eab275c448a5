using WafOperator.Policies.Compilation;
using WafOperator.Resources;
using Condition = WafOperator.Resources.Condition;

namespace WafOperator.Controllers.Apis;

/// <summary>Whether an ApiSchema is in force.</summary>
/// <param name="IsAccepted">It is in force.</param>
/// <param name="Reason">Reason of the condition.</param>
/// <param name="Message">For people.</param>
internal sealed record ApiSchemaVerdict(bool IsAccepted, string Reason, string Message)
{
    public const string PolicyNotFound = "PolicyNotFound";

    /// <summary>What a policy's compilation says of an ApiSchema.</summary>
    /// <param name="policy">Name of the policy.</param>
    /// <param name="findings">Findings about the ApiSchema.</param>
    /// <param name="isCompiled">The policy's document has it.</param>
    public static ApiSchemaVerdict Of(string policy, IReadOnlyList<Finding> findings, bool isCompiled)
    {
        if (isCompiled)
        {
            var told = string.Concat(findings.Select(finding => $"; {finding.Path}: {finding.Message}"));
            return new(true, "Accepted", $"in force for WafPolicy {policy}{told}");
        }

        return findings is [var first, ..] ? new(false, first.Kind.ToString(), $"{first.Path}: {first.Message}")
            : new(false, "PolicyNotCompiled", $"WafPolicy {policy} has errors, or was not compiled with it yet");
    }
}

/// <summary>
/// The conditions of an ApiSchema: <c>Accepted</c> (in force), <c>Stalled</c> (it, or its document, has to change),
/// <c>Ready</c> (for tools that wait). Pure.
/// </summary>
internal static class ApiSchemaConditions
{
    private const int MessageLengthMax = 1024;

    /// <summary>All of them, with transition times that only change with the status.</summary>
    public static IReadOnlyList<Condition> Compute(
        ApiSchemaVerdict verdict, long generation, DateTimeOffset now, IReadOnlyList<Condition> previous)
    {
        var isStalled = verdict.Reason is nameof(FindingKind.ApiDocumentInvalid);
        return [Of("Accepted", verdict.IsAccepted), Of("Stalled", isStalled), Of("Ready", verdict.IsAccepted)];

        Condition Of(string type, bool isTrue)
        {
            var status = isTrue ? ConditionStatus.True : ConditionStatus.False;
            var before = previous.FirstOrDefault(c => c.Type == type);
            return new Condition
            {
                Type = type, Status = status, Reason = verdict.Reason,
                Message = verdict.Message.Length <= MessageLengthMax ? verdict.Message
                    : verdict.Message[..(MessageLengthMax - 1)] + "…",
                ObservedGeneration = generation,
                LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now,
            };
        }
    }
}
