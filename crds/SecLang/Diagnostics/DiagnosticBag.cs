using System.Collections.Immutable;

namespace WafOperator.SecLang;

/// <summary>
/// Collects findings up to a limit; errors are kept before all else. For compilers of SecLang; not thread safe.
/// </summary>
public sealed class DiagnosticBag(int max)
{
    private readonly List<Diagnostic> _items = [];
    private int _dropped;

    /// <summary>Whether any finding forbids the use of the rules.</summary>
    public bool HasErrors { get; private set; }

    /// <summary>Adds a finding.</summary>
    public void Add(Diagnostic diagnostic)
    {
        HasErrors |= diagnostic.Severity == DiagnosticSeverity.Error;
        if (_items.Count < max)
        {
            _items.Add(diagnostic);
            return;
        }

        _dropped++;
    }

    /// <summary>Adds an error.</summary>
    public void Error(string code, SourceLocation location, string message, long ruleId = 0) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Error, location, message, ruleId));

    /// <summary>Adds a refusal.</summary>
    public void Refused(string code, SourceLocation location, string message, long ruleId = 0) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Refused, location, message, ruleId));

    /// <summary>Adds a warning.</summary>
    public void Warning(string code, SourceLocation location, string message, long ruleId = 0) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Warning, location, message, ruleId));

    /// <summary>All findings in order of discovery.</summary>
    public ImmutableArray<Diagnostic> ToImmutable()
    {
        if (_dropped == 0)
        {
            return [.. _items];
        }

        var severity = HasErrors ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
        return
        [
            .. _items,
            new Diagnostic(DiagnosticCodes.Limit, severity, SourceLocation.None,
                $"{_dropped} more findings are not shown."),
        ];
    }
}
