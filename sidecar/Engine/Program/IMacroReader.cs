using WafOperator.Engine.Values;

namespace WafOperator.Engine.Program;

/// <summary>Gives the macros of rules their values in one transaction.</summary>
internal interface IMacroReader
{
    /// <summary>The text of a macro; a constant one, or one that is a single variable, is not copied.</summary>
    Text Expand(Macro macro);

    /// <summary>A macro's value as a number; what is none counts as 0.</summary>
    long ExpandNumber(Macro macro);
}
