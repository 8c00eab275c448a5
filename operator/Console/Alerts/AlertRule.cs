using System.Text.Json;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Alerts;

/// <summary>What an alert rule counts.</summary>
public enum AlertMetric
{
    /// <summary>Requests that were recorded.</summary>
    Events,

    /// <summary>Stopped, or would have been.</summary>
    Attacks,

    /// <summary>Stopped.</summary>
    Blocked,

    /// <summary>Not looked at whole.</summary>
    Uninspected,

    /// <summary>Stopped ones of all that were recorded, 0 to 1.</summary>
    BlockRate,

    /// <summary>Models' answers that did not come, of all models that were asked, 0 to 1.</summary>
    ModelErrorRate,
}

/// <summary>How serious an alert is.</summary>
public enum AlertSeverity
{
    Info,
    Warning,
    Critical,
}

/// <summary>By what events of a rule are counted apart.</summary>
public enum AlertGroup
{
    Namespace,
    Policy,
    Kind,
    Client,
    Route,
}

/// <summary>When people are told: a count or a rate over a window, for each group.</summary>
public sealed record AlertRule
{
    public required string Name { get; init; }
    public string? Description { get; init; }
    public AlertMetric Metric { get; init; } = AlertMetric.Attacks;

    /// <summary>Only events of these; null: of all.</summary>
    public string? Namespace { get; init; }
    public string? Policy { get; init; }
    public string? Kind { get; init; }
    public ThreatLevel AtLeast { get; init; } = ThreatLevel.None;
    public IReadOnlyList<AlertGroup> GroupBy { get; init; } = [AlertGroup.Namespace, AlertGroup.Policy];

    /// <summary>From this value on; a rate needs twenty requests in the window besides.</summary>
    public double Threshold { get; init; } = 1;

    /// <summary>Seconds that are looked back.</summary>
    public int WindowSeconds { get; init; } = 300;
    public AlertSeverity Severity { get; init; } = AlertSeverity.Warning;

    /// <summary>Names of receivers; none: all of them.</summary>
    public IReadOnlyList<string> Receivers { get; init; } = [];
    public bool Enabled { get; init; } = true;
    public string? CreatedBy { get; init; }
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>What is wrong with the rule, or null.</summary>
    public string? Problem() => this switch
    {
        { Name: null or { Length: 0 or > 128 } } => "name: 1 to 128 characters",
        { GroupBy: null } or { Receivers: null } => "groupBy, receivers: lists",
        _ when Receivers.Any(static name => name is null) => "receivers: names",
        _ when HoldsControls(Name) || HoldsControls(Description) => "name, description: no control characters",
        { WindowSeconds: < 10 or > 86_400 } => "windowSeconds: 10 to 86400",
        { Threshold: <= 0 } => "threshold: more than 0",
        { GroupBy.Count: > 4 } => "groupBy: at most 4",
        { Description.Length: > 1024 } => "description: at most 1024 characters",
        _ when !double.IsFinite(Threshold) => "threshold: a number",
        _ => null,
    };

    private static bool HoldsControls(string? text) =>
        text?.Any(static letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t')) is true;

    internal bool IsRate => Metric is AlertMetric.BlockRate or AlertMetric.ModelErrorRate;

    internal bool Takes(EventRow row) =>
        (Namespace is null || Namespace == row.Namespace) && (Policy is null || Policy == row.Policy)
        && (Kind is null || Kind == row.Kind) && row.ThreatLevel >= AtLeast;

    /// <summary>What an event adds to the part and to the whole of the metric.</summary>
    internal (long Part, long Whole) Weigh(StoredEvent e)
    {
        var isStopped = e.Row.Verdict is not VerdictKind.Allow;
        return Metric switch
        {
            AlertMetric.Events => (1, 1),
            AlertMetric.Attacks => (isStopped || e.Row.WouldHave is not VerdictKind.Allow ? 1 : 0, 1),
            AlertMetric.Blocked or AlertMetric.BlockRate => (isStopped ? 1 : 0, 1),
            AlertMetric.Uninspected => (e.Row.IsWhole ? 0 : 1, 1),
            _ => (e.Event.Models.Count(m => m.Outcome is "TimedOut" or "Unavailable"), e.Event.Models.Count),
        };
    }

    internal string GroupOf(StoredEvent e) => string.Join('\0', GroupBy.Select(group => group switch
    {
        AlertGroup.Namespace => e.Row.Namespace,
        AlertGroup.Policy => e.Row.Policy,
        AlertGroup.Kind => e.Row.Kind,
        AlertGroup.Client => e.Row.Client,
        _ => Intake.RouteTemplate.Of(e.Row.Path),
    }));
}

/// <summary>Rules in the store.</summary>
internal static class AlertRules
{
    public const string Kind = "alert-rule";

    /// <summary>Rules of one installation.</summary>
    public const int Max = 200;

    /// <summary>The rule that a document holds, or null and why not: another version may have written it.</summary>
    public static AlertRule? Read(string json, out string? problem)
    {
        problem = null;
        try
        {
            var rule = JsonSerializer.Deserialize<AlertRule>(json, OutletOptions.Json);
            problem = rule is null ? "there is no rule in it" : rule.Problem();
            return problem is null ? rule : null;
        }
        catch (JsonException failure)
        {
            problem = failure.Message;
            return null;
        }
    }
}
