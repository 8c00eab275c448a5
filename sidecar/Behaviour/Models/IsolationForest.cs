using WafOperator.Behaviour.Features;

namespace WafOperator.Behaviour.Models;

/// <summary>
/// An isolation forest (Liu, Ting and Zhou, 2008): how few cuts at random set a client apart from others. The score is
/// 2 to the power of minus the mean path length over that of a search that fails: about 0.5 for ordinary clients,
/// towards 1 for outliers. Nodes of all trees lie in one array. Immutable, thread-safe.
/// </summary>
public sealed class IsolationForest : BehaviourModel
{
    public const int TreesMax = 1000;
    public const int NodesMax = 1 << 20;

    private static ReadOnlySpan<byte> Magic => "WAFFOR1\n"u8;

    private readonly Node[] _nodes;
    private readonly int[] _roots;
    private readonly double _norm;

    private IsolationForest(FeaturePlan plan, Node[] nodes, int[] roots, double norm) : base(plan)
    {
        _nodes = nodes;
        _roots = roots;
        _norm = norm;
    }

    /// <summary>
    /// Reads <c>model.bin</c>: trees, path length of a failing search, then for each tree its nodes: feature (-1 for a
    /// leaf), threshold or the leaf's path length, left, right. Children lie behind their parents, so that every walk
    /// ends.
    /// </summary>
    public static IsolationForest? Read(ReadOnlySpan<byte> file, FeaturePlan plan, out string? error)
    {
        error = "model.bin is no isolation forest";
        var reader = new WeightReader(file);
        if (!reader.Take(Magic)) return null;
        var trees = reader.Int32();
        var norm = reader.Single();
        if (trees is < 1 or > TreesMax || !(norm > 0)) return null;
        var nodes = new List<Node>();
        var roots = new int[trees];
        for (var tree = 0; tree < trees; tree++)
        {
            var count = reader.Int32();
            var first = roots[tree] = nodes.Count;
            if (count < 1 || nodes.Count + (long)count > NodesMax) return null;
            for (var i = 0; i < count && !reader.IsBroken; i++)
            {
                var node = new Node(reader.Int16(), reader.Single(), reader.Int32() + first, reader.Int32() + first);
                if (!IsSound(node, first + i, first + count, plan.Count)) return null;
                nodes.Add(node);
            }
        }

        if (reader.IsBroken || !reader.IsAtEnd) return null;
        error = null;
        return new IsolationForest(plan, [.. nodes], roots, norm);
    }

    public override double Score(ReadOnlySpan<float> features)
    {
        double sum = 0;
        var nodes = _nodes;
        foreach (var root in _roots)
        {
            ref readonly var node = ref nodes[root];
            while (node.Feature >= 0)
                node = ref nodes[features[node.Feature] <= node.Value ? node.Left : node.Right];
            sum += node.Value;
        }

        return Math.Pow(2, -(sum / _roots.Length) / _norm);
    }

    private static bool IsSound(in Node node, int at, int end, int features)
    {
        if (!float.IsFinite(node.Value)) return false;
        if (node.Feature < 0) return true;
        return node.Feature < features && node.Left > at && node.Left < end && node.Right > at && node.Right < end;
    }

    private readonly record struct Node(short Feature, float Value, int Left, int Right);
}
