using WafOperator.Engine.Program;
using WafOperator.Engine.Transformations;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Compilation;

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
