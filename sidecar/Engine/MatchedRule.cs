using System.Collections.Immutable;

namespace WafOperator.Engine;

/// <summary>How serious a rule says its match is (syslog's numbers).</summary>
public enum RuleSeverity
{
    /// <summary>The rule says nothing about it.</summary>
    None = -1,

    /// <summary>0.</summary>
    Emergency = 0,

    /// <summary>1.</summary>
    Alert = 1,

    /// <summary>2, what most rules of CRS use.</summary>
    Critical = 2,

    /// <summary>3.</summary>
    Error = 3,

    /// <summary>4.</summary>
    Warning = 4,

    /// <summary>5.</summary>
    Notice = 5,

    /// <summary>6.</summary>
    Info = 6,

    /// <summary>7.</summary>
    Debug = 7,
}

/// <summary>
/// A rule that matched and is to be reported (neither <c>nolog</c> nor <c>noauditlog</c> silence it). Texts are decoded
/// as UTF-8 and may hold parts of the request: redact them before they leave the pod.
/// </summary>
/// <param name="Id">The rule's id (the head's, in a chain).</param>
/// <param name="Phase">1 to 5.</param>
/// <param name="Severity">As written in the rule.</param>
/// <param name="Message"><c>msg</c>, macros expanded.</param>
/// <param name="Data"><c>logdata</c>, macros expanded.</param>
/// <param name="Tags"><c>tag</c>s, macros expanded.</param>
/// <param name="Variable">The variable that matched last, <c>ARGS:name</c>.</param>
/// <param name="Value">Its value after transformations, cut to EngineLimits.MatchDataBytesMax.</param>
/// <param name="File">The file the rule is from.</param>
/// <param name="Line">The rule's line there.</param>
/// <param name="Version"><c>ver</c>.</param>
/// <param name="Revision"><c>rev</c>.</param>
/// <param name="Maturity"><c>maturity</c>, 0 where unset.</param>
/// <param name="Accuracy"><c>accuracy</c>, 0 where unset.</param>
/// <param name="IsDisruptive">Whether the rule's action interrupts (or would, in DetectionOnly).</param>
/// <param name="IsLogged">False where only the audit log asked for it (<c>nolog,auditlog</c>).</param>
public sealed record MatchedRule(
    long Id,
    int Phase,
    RuleSeverity Severity,
    string Message,
    string Data,
    ImmutableArray<string> Tags,
    string Variable,
    string Value,
    string File,
    int Line,
    string Version,
    string Revision,
    int Maturity,
    int Accuracy,
    bool IsDisruptive,
    bool IsLogged);
