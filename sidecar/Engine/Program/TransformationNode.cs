using WafOperator.Engine.Transformations;

namespace WafOperator.Engine.Program;

/// <summary>
/// A step of a chain of transformations. Chains that begin alike share their first steps, so each value is decoded once
/// for all rules.
/// </summary>
/// <param name="Index">Its place in the tree, 0 being the untransformed value.</param>
/// <param name="Parent">The step before.</param>
/// <param name="Function">What it does to the parent's value; null for the root.</param>
/// <param name="Triggers">The kinds of bytes without which it changes nothing.</param>
/// <param name="PathTriggers">The kinds of bytes without which the whole chain up to here changes nothing.</param>
/// <param name="ScanTriggers">The same, for a literal pass that has no case.</param>
/// <param name="KeepsLetters">Whether it changes nothing but the case of letters.</param>
internal sealed record TransformationNode(
    int Index, int Parent, Transformation? Function, ulong Triggers, ulong PathTriggers, ulong ScanTriggers,
        bool KeepsLetters);
