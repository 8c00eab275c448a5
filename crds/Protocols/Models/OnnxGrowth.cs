namespace WafOperator.Protocols.Models;

/// <summary>One node of a graph, as far as its sizes matter.</summary>
internal sealed record OnnxNode(string Operator, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs)
{
    /// <summary>Integers of its attribute that is a tensor, such as what <c>ConstantOfShape</c> fills with.</summary>
    public IReadOnlyList<long> Fill { get; init; } = [];
}

/// <summary>
/// Finds nodes that make large tensors out of small files: <c>ConstantOfShape</c>, <c>Expand</c>, <c>Tile</c>,
/// <c>Range</c>, <c>OneHot</c> and <c>Pad</c> take their size from a value. That value must be a constant within a
/// bound, or come from the shapes of tensors by plain arithmetic with small constants; never from what a request holds.
/// </summary>
/// <param name="nodes">Nodes of the outer graph.</param>
/// <param name="constants">Integers of tensors in the file, by name; null: not small integers.</param>
internal sealed class OnnxGrowth(
    IReadOnlyList<OnnxNode> nodes, IReadOnlyDictionary<string, IReadOnlyList<long>?> constants)
{
    /// <summary>Elements that one node may make of constants.</summary>
    public const long ElementsMax = 1 << 24;

    /// <summary>A constant in arithmetic over shapes.</summary>
    public const long ShapeConstantMax = 1 << 16;

    /// <summary>A constant that a shape is multiplied with.</summary>
    public const long FactorMax = 64;

    /// <summary>Nodes between a size and the shapes it comes from.</summary>
    public const int StepsMax = 256;

    private static readonly Dictionary<string, int[]> SizeInputs = new(StringComparer.Ordinal)
    {
        ["ConstantOfShape"] = [0], ["Expand"] = [1], ["Tile"] = [1], ["Range"] = [0, 1, 2], ["OneHot"] = [1],
        ["Pad"] = [1],
    };

    /// <summary>What may stand between shapes and a size. None of these multiplies two shapes.</summary>
    private static readonly HashSet<string> ShapeArithmetic = new(StringComparer.Ordinal)
    {
        "Add", "Cast", "Ceil", "Concat", "ConstantOfShape", "Div", "Equal", "Expand", "Floor", "Gather", "Identity",
        "Max", "Min", "Mod", "Mul", "Neg", "Reshape", "Slice", "Split", "Squeeze", "Sub", "Transpose", "Unsqueeze",
        "Where",
    };

    private readonly Dictionary<string, OnnxNode> _makers = Makers(nodes);

    /// <summary>Null when every size is bounded; else the reason.</summary>
    public string? Problem() => nodes.Select(ProblemOf).FirstOrDefault(problem => problem is not null);

    private string? ProblemOf(OnnxNode node)
    {
        if (!SizeInputs.TryGetValue(node.Operator, out var sizes)) return null;
        if (node.Operator == "Range") return RangeProblem(node);
        foreach (var input in sizes.Where(i => i < node.Inputs.Count).Select(i => node.Inputs[i]))
        {
            var problem = constants.TryGetValue(input, out var values)
                ? ConstantProblem(node.Operator, values)
                : DerivedProblem(node.Operator, input);
            if (problem is not null) return problem;
        }

        return null;
    }

    /// <summary>Start, limit and step together say how many.</summary>
    private string? RangeProblem(OnnxNode node)
    {
        var known = node.Inputs.Select(i => constants.GetValueOrDefault(i)).ToList();
        if (known.Count == 3 && known.All(v => v is { Count: 1 }))
        {
            var (start, limit, step) = ((Int128)known[0]![0], (Int128)known[1]![0], (Int128)known[2]![0]);
            return step == 0 || Int128.Abs((limit - start) / step) > ElementsMax
                ? $"Range makes more than {ElementsMax} elements" : null;
        }

        return node.Inputs.Select(input => constants.TryGetValue(input, out var values)
                ? values is not null && values.All(v => Int128.Abs(v) <= ShapeConstantMax) ? null
                    : $"Range takes a constant over {ShapeConstantMax}"
                : DerivedProblem("Range", input))
            .FirstOrDefault(problem => problem is not null);
    }

    private static string? ConstantProblem(string type, IReadOnlyList<long>? values)
    {
        if (values is null) return $"{type} takes a size that is not a short list of integers";
        Int128 product = 1, sum = 0;
        foreach (var value in values)
        {
            var size = Int128.Abs(value);
            sum += size;
            product *= size == 0 ? 1 : size;
            if (type == "Pad" ? sum > ShapeConstantMax : product > ElementsMax)
                return $"{type} makes more than {(type == "Pad" ? ShapeConstantMax : ElementsMax)} elements";
        }

        return null;
    }

    /// <summary>Walks back from a size to the shapes it comes from.</summary>
    private string? DerivedProblem(string type, string size)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([size]);
        while (open.TryPop(out var name))
        {
            if (name.Length == 0 || !seen.Add(name)) continue;
            if (seen.Count > StepsMax) return $"the size of {type} comes from more than {StepsMax} nodes";
            if (constants.TryGetValue(name, out var values))
            {
                // Indices and ends of slices are often the largest integer there is, and are no sizes.
                if (values is not null && values.Any(v => Int128.Abs(v) > ShapeConstantMax && v is not (
                    long.MaxValue or int.MaxValue or long.MinValue or int.MinValue or long.MinValue + 1)))
                    return $"the size of {type} comes from a constant over {ShapeConstantMax}";
                continue;
            }

            if (!_makers.TryGetValue(name, out var maker))
                return $"{type} takes its size from what a request holds ('{name}')";
            if (maker.Operator is "Shape" or "Size") continue;
            if (maker.Fill.Any(v => Int128.Abs(v) > FactorMax))
                return $"the size of {type} comes from a constant over {FactorMax}";
            if (!ShapeArithmetic.Contains(maker.Operator))
                return $"the size of {type} comes from {maker.Operator}, not from shapes";
            if (maker.Operator == "Mul" && !maker.Inputs.Any(IsSmall))
                return $"the size of {type} multiplies shapes";
            foreach (var input in maker.Inputs) open.Push(input);
        }

        return null;
    }

    private bool IsSmall(string input) =>
        constants.TryGetValue(input, out var values)
            ? values is not null && values.All(v => Int128.Abs(v) <= FactorMax)
            // What torch writes for "leave this axis": a tensor filled with one value, times -1.
            : _makers.TryGetValue(input, out var maker) && maker.Operator == "ConstantOfShape";

    private static Dictionary<string, OnnxNode> Makers(IReadOnlyList<OnnxNode> nodes)
    {
        var makers = new Dictionary<string, OnnxNode>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            foreach (var output in node.Outputs) makers.TryAdd(output, node);
        }

        return makers;
    }
}
