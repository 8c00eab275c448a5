using WafOperator.Resources;
using WafOperator.Resources.Policies;

namespace WafOperator.Console.Sinks;

/// <summary>
/// The conditions of a WafSink: <c>Accepted</c> (it is served), <c>Delivering</c> (its server takes events),
/// <c>Stalled</c> (it, or a Secret, has to change), <c>Ready</c> (for tools that wait). Pure.
/// </summary>
internal static class SinkConditions
{
    private const int TextLengthMax = 1024;

    /// <summary>The reason where nothing is wrong.</summary>
    public const string Delivering = "Delivering";

    /// <summary>The status's conditions, with transition times that change with a condition's status only.</summary>
    /// <param name="fault">What is wrong; null: nothing.</param>
    /// <param name="generation">Of the spec.</param>
    /// <param name="now">The time.</param>
    /// <param name="previous">Those before.</param>
    public static IReadOnlyList<Condition> Compute(
        SinkFault? fault, long generation, DateTimeOffset now, IReadOnlyList<Condition> previous)
    {
        var isStalled = fault?.IsStalled is true;
        return
        [
            Of("Accepted", !isStalled), Of("Delivering", fault is null), Of("Stalled", isStalled),
            Of("Ready", fault is null),
        ];

        Condition Of(string type, bool isTrue)
        {
            var status = isTrue ? ConditionStatus.True : ConditionStatus.False;
            var before = previous.FirstOrDefault(c => c.Type == type);
            return new Condition
            {
                Type = type, Status = status, ObservedGeneration = generation,
                Reason = fault?.Problem.ToString() ?? Delivering,
                Message = Cut(fault?.Message ?? "events are sent as they arrive"),
                LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now,
            };
        }
    }

    /// <summary>A text no longer than a status holds.</summary>
    public static string Cut(string text) => text.Length <= TextLengthMax ? text : text[..(TextLengthMax - 1)] + "…";
}
