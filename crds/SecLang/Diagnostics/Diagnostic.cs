namespace WafOperator.SecLang;

/// <summary>What a diagnostic means for the rules it speaks about.</summary>
public enum DiagnosticSeverity
{
    /// <summary>Runs as written; somebody should look.</summary>
    Warning,

    /// <summary>
    /// Understood, and left out on purpose: what it asks for is not safe or not available in this product. The rest
    /// runs.
    /// </summary>
    Refused,

    /// <summary>Not understood: the rules must not be used.</summary>
    Error,
}

/// <summary>One finding about a rules text.</summary>
/// <param name="Code">Stable identifier, see <see cref="DiagnosticCodes"/>.</param>
/// <param name="Severity">What follows from it.</param>
/// <param name="Location">Where.</param>
/// <param name="Message">What is wrong and what to write instead, in one or two sentences.</param>
/// <param name="RuleId">The rule it speaks about, 0 where there is none.</param>
public sealed record Diagnostic(
    string Code, DiagnosticSeverity Severity, SourceLocation Location, string Message, long RuleId = 0)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Location}: {Severity.ToString().ToLowerInvariant()} {Code}: {Message}" + (RuleId == 0
            ? "" : $" (rule {RuleId})");
}
