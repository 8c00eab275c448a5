using System.Globalization;

namespace WafOperator.Cli.Analysis;

/// <summary>How much a finding of <c>analyze</c> matters.</summary>
internal enum AnalysisSeverity
{
    /// <summary>Worth a thought.</summary>
    Advice,

    /// <summary>It is taken, and does less than it seems to.</summary>
    Warning,

    /// <summary>It would be refused, or never come into force.</summary>
    Error,
}

/// <summary>
/// Something to say about a file, in a form that editors and CI read: <c>file:line: severity: message</c>.
/// </summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Line">Line from 1; 0 when not known.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Code">Stable: <c>schema</c>, <c>compile</c>, <c>rules</c>, or a name of its own.</param>
/// <param name="Message">What is wrong, and where within the object.</param>
internal sealed record AnalysisFinding(
    string File, int Line, AnalysisSeverity Severity, string Code, string Message)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{File}:{Line}: {Severity.ToString().ToLowerInvariant()}: {Message} [{Code}]");
}

/// <summary>A file and its text.</summary>
internal sealed record SourceText(string Name, string Text)
{
    /// <summary>Whether it is SecLang; else it is taken for manifests.</summary>
    public bool IsRules => Name.EndsWith(".conf", StringComparison.OrdinalIgnoreCase)
        || Name.EndsWith(".seclang", StringComparison.OrdinalIgnoreCase);
}
