using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using WafOperator.Engine.Program;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>Reads the describing actions of a rule.</summary>
internal readonly struct ActionFacts(ImmutableArray<ActionCall> actions)
{
    private readonly ImmutableArray<ActionCall> _actions = actions;

    public RuleSeverity Severity => Argument("severity")?.ToUpperInvariant() switch
    {
        "0" or "EMERGENCY" => RuleSeverity.Emergency,
        "1" or "ALERT" => RuleSeverity.Alert,
        "2" or "CRITICAL" => RuleSeverity.Critical,
        "3" or "ERROR" => RuleSeverity.Error,
        "4" or "WARNING" => RuleSeverity.Warning,
        "5" or "NOTICE" => RuleSeverity.Notice,
        "6" or "INFO" => RuleSeverity.Info,
        "7" or "DEBUG" => RuleSeverity.Debug,
        _ => RuleSeverity.None,
    };

    public bool Has(string name) => _actions.Any(action => action.Name == name);

    public string Text(string name) =>
        Argument(name) is { } text ? Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text)) : "";

    public int Number(string name) =>
        int.TryParse(Argument(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public Macro? Macro(string name, MacroCompiler macros) => Argument(name) is { } text ? macros.Compile(text) : null;

    private string? Argument(string name) => RuleFacts.Argument(_actions, name);
}
