namespace WafOperator.SecLang;

/// <summary>The stable codes of all diagnostics. A code is never given a second meaning.</summary>
public static class DiagnosticCodes
{
    /// <summary>A limit of <see cref="SecLangLimits"/> was reached.</summary>
    public const string Limit = "SL1001";

    /// <summary>A quotation that is not closed.</summary>
    public const string Quote = "SL1002";

    /// <summary>A file that is not there.</summary>
    public const string MissingFile = "SL1003";

    /// <summary>A file that includes itself.</summary>
    public const string IncludeCycle = "SL1004";

    /// <summary>A block (<c>&lt;IfModule&gt;</c>) that is not opened or not closed.</summary>
    public const string Block = "SL1005";

    /// <summary>A directive nobody knows.</summary>
    public const string UnknownDirective = "SL2001";

    /// <summary>A directive with too few or too many arguments, or one out of range.</summary>
    public const string Arguments = "SL2002";

    /// <summary>A directive that is left out on purpose.</summary>
    public const string RefusedDirective = "SL2003";

    /// <summary>A directive of a server's set-up that has no effect here.</summary>
    public const string IgnoredDirective = "SL2004";

    /// <summary>A variable nobody knows.</summary>
    public const string UnknownVariable = "SL3001";

    /// <summary>A variable written in a way that cannot be read.</summary>
    public const string VariableSyntax = "SL3002";

    /// <summary>A variable that is left out on purpose.</summary>
    public const string RefusedVariable = "SL3003";

    /// <summary>A variable that is empty in the rule's phase.</summary>
    public const string VariablePhase = "SL3004";

    /// <summary>An operator nobody knows.</summary>
    public const string UnknownOperator = "SL4001";

    /// <summary>An operator's argument that cannot be read.</summary>
    public const string OperatorArgument = "SL4002";

    /// <summary>An operator that is left out on purpose.</summary>
    public const string RefusedOperator = "SL4003";

    /// <summary>A transformation nobody knows.</summary>
    public const string UnknownTransformation = "SL5001";

    /// <summary>An action nobody knows.</summary>
    public const string UnknownAction = "SL6001";

    /// <summary>An action's argument that cannot be read.</summary>
    public const string ActionArgument = "SL6002";

    /// <summary>An action that is left out on purpose.</summary>
    public const string RefusedAction = "SL6003";

    /// <summary>A rule without an id.</summary>
    public const string MissingId = "SL7001";

    /// <summary>Two rules with one id.</summary>
    public const string DuplicateId = "SL7002";

    /// <summary>A chain that does not end, or one with actions in the wrong place.</summary>
    public const string Chain = "SL7003";

    /// <summary>A jump to a marker that does not come.</summary>
    public const string MissingMarker = "SL7004";

    /// <summary>A directive that names a rule that is not there.</summary>
    public const string MissingRule = "SL7005";
}
