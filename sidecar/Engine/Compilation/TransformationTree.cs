using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Transformations;

namespace WafOperator.Engine.Compilation;

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

/// <summary>Builds the tree of all chains of a program.</summary>
internal sealed class TransformationTree
{
    private readonly List<TransformationNode> _nodes = [new(0, -1, null, 0, 0, 0, false)];
    private readonly Dictionary<(int Parent, int Function), int> _known = [];

    public TransformationNode[] ToArray() => [.. _nodes];

    /// <summary>The step a chain of names ends at.</summary>
    public int Add(IEnumerable<string> chain)
    {
        var at = 0;
        foreach (var name in chain)
        {
            var function = Transformation.Find(name)
                ?? throw new InvalidOperationException(
                    $"The transformation '{name}' of the catalogue has no function.");
            if (_known.TryGetValue((at, function.Id), out var next))
            {
                at = next;
                continue;
            }

            var parent = _nodes[at];
            var triggers = TriggersOf(function);
            var keepsLetters = function.KeepsLetters;
            next = _nodes.Count;
            _nodes.Add(new TransformationNode(
                next, at, function, triggers, parent.PathTriggers | triggers,
                parent.ScanTriggers | (keepsLetters ? 0 : triggers), keepsLetters));
            _known.Add((at, function.Id), next);
            at = next;
        }

        return at;
    }

    /// <summary>
    /// Kinds of bytes of which a value must hold one to be changed; all kinds, and the empty value, where nothing can
    /// be said.
    /// </summary>
    internal static ulong TriggersOf(Transformation function) =>
        function.Triggers is { } bytes ? ByteClasses.Of(bytes) : ulong.MaxValue;
}
