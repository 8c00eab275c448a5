using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Program;

/// <summary>
/// One piece of a text with macros: constant bytes, or a variable to look up. <paramref name="Slot"/> is for TX.
/// </summary>
internal readonly record struct MacroPart(Text Constant, VariableId Variable, byte[]? Name, uint NameHash, int Slot)
{
    public bool IsConstant => Variable == VariableId.None;
}

/// <summary>A text in which <c>%{variable}</c> stands for a value. Immutable.</summary>
internal sealed class Macro(MacroPart[] parts, Text constant, long constantNumber)
{
    public MacroPart[] Parts { get; } = parts;

    public bool IsConstant { get; } = parts.Length == 0 || (parts.Length == 1 && parts[0].IsConstant);

    /// <summary>The whole text where <see cref="IsConstant"/>.</summary>
    public Text Constant { get; } = constant;

    public long ConstantNumber { get; } = constantNumber;

    /// <summary>The TX place where the macro is nothing but one such variable, otherwise -1.</summary>
    public int SingleSlot { get; } = parts.Length == 1 && parts[0].Variable == VariableId.Tx ? parts[0].Slot : -1;
}
