using static WafOperator.Fixtures.OnnxWire;

namespace WafOperator.Fixtures;

/// <summary>
/// Small files whose networks take <c>tokens</c>, [-1, -1] of int64, give <c>logit</c>, [-1] of float32, and make
/// tensors of many gigabytes in between. The reader of files has nothing against them: no size is a value.
/// </summary>
public static class HostileNetwork
{
    public static IEnumerable<string> Names => ["broadcast", "product", "joining", "constants"];

    public static byte[] Of(string name) => name switch
    {
        "broadcast" => Outer("Add"),
        "product" => Outer("MatMul"),
        "joining" => Joining(),
        "constants" => Constants(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>Bytes of the largest tensor, for a row of so many tokens.</summary>
    public static double BytesOf(string name, int tokens) => sizeof(float) * name switch
    {
        "joining" => tokens * Math.Pow(64, 5),
        "constants" => Math.Pow(2, 32),
        _ => Math.Pow(tokens, 5),
    };

    /// <summary>Each token with each other one, and those with each token again: t, t², t³, ….</summary>
    private static byte[] Outer(string type)
    {
        List<byte[]> nodes =
        [
            Node("Cast", "tokens", "x0", Attribute("to", FloatType)), Node("Unsqueeze", ["x0", "one"], "row0"),
        ];
        for (var i = 0; i < 4; i++)
        {
            // [b, t, …, t, 1] with [b, 1, …, 1, t].
            nodes.Add(Node("Unsqueeze", [$"x{i}", "last"], $"column{i}"));
            nodes.Add(Node(type, [$"column{i}", $"row{i}"], $"x{i + 1}"));
            nodes.Add(Node("Unsqueeze", [$"row{i}", "one"], $"row{i + 1}"));
        }

        nodes.Add(Node("ReduceMax", "x4", "logit", Attribute("keepdims", 0), Axis("axes", 1, 2, 3, 4, 5)));
        return Network(nodes, [Integers("one", 1), Integers("last", -1)]);
    }

    /// <summary>A tensor joined with itself, again and again.</summary>
    private static byte[] Joining()
    {
        List<byte[]> nodes = [Node("Cast", "tokens", "x0", Attribute("to", FloatType))];
        for (var i = 0; i < 5; i++)
        {
            var parts = Enumerable.Repeat($"x{i}", 64).ToArray();
            nodes.Add(Node("Concat", parts, $"x{i + 1}", Attribute("axis", 1)));
        }

        nodes.Add(Node("ReduceMax", "x5", "logit", Attribute("keepdims", 0), Axis("axes", 1)));
        return Network(nodes, []);
    }

    /// <summary>Constants of a few KiB, from which loading would compute what is 16 GiB.</summary>
    private static byte[] Constants() => Network(
        [
            Node("Add", ["a", "b"], "ab"), Node("Unsqueeze", ["ab", "zero"], "abc"), Node("Add", ["abc", "c"], "much"),
            Node("ReduceMax", "much", "most", Attribute("keepdims", 0), Axis("axes", 0, 1, 2)),
            Node("Cast", "tokens", "floats", Attribute("to", FloatType)), Node("Add", ["floats", "most"], "sum"),
            Node("ReduceMax", "sum", "logit", Attribute("keepdims", 0), Axis("axes", 1)),
        ],
        [
            Weight("a", 4096, 1), Weight("b", 1, 4096), Weight("c", 256, 1, 1), Integers("zero", 0),
        ]);

    private static byte[] Network(IEnumerable<byte[]> nodes, IEnumerable<byte[]> weights) => Model(
    [
        .. nodes.SelectMany(node => Field(1, node)), .. weights.SelectMany(weight => Field(5, weight)),
        .. Field(11, Value("tokens", LongType, -1, -1)), .. Field(12, Value("logit", FloatType, -1)),
    ]);
}
