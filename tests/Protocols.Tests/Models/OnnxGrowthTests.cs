using System.Buffers.Binary;
using System.Text;
using WafOperator.Fixtures;
using WafOperator.Protocols.Models;

namespace WafOperator.Protocols.Tests.Models;

/// <summary>Small files that would make large tensors, in every sidecar that loads them.</summary>
public sealed class OnnxGrowthTests
{
    private const string FromData = "takes its size from what a request holds";

    /// <summary>Operator, its inputs, and where the size stands among them.</summary>
    public static TheoryData<string, string[]> Growing => new()
    {
        { "ConstantOfShape", ["SIZE"] },
        { "Expand", ["x", "SIZE"] },
        { "Tile", ["x", "SIZE"] },
        { "Range", ["zero", "SIZE", "one"] },
        { "OneHot", ["x", "SIZE", "x"] },
        { "Pad", ["x", "SIZE", "x"] },
    };

    [Theory, MemberData(nameof(Growing))]
    public void ASizeThatIsAConstant_IsBounded(string type, string[] inputs)
    {
        string[] with = [.. inputs.Select(i => i == "SIZE" ? "size" : i)];

        Assert.Null(Problem(Node(type, with), ("size", [16])));
        Assert.Contains("more than", Problem(Node(type, with), ("size", [1L << 40])), StringComparison.Ordinal);
        Assert.Contains("more than", Problem(Node(type, with), ("size", [long.MaxValue])), StringComparison.Ordinal);
        Assert.Contains("more than", Problem(Node(type, with), ("size", [long.MinValue])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ConstantOfShape", "size")]
    [InlineData("Expand", "x", "size")]
    [InlineData("Tile", "x", "size")]
    public void ASizeOfManySmallAxes_IsBoundedByItsProduct(string type, params string[] inputs) => Assert.Contains(
        "more than", Problem(Node(type, inputs), ("size", [4096, 4096, 4096])), StringComparison.Ordinal);

    [Theory, MemberData(nameof(Growing))]
    public void ASizeOutOfTheRequest_IsRefused(string type, string[] inputs) => Assert.Contains(
        FromData,
        Problem([.. Node("Cast", ["x"], "cast"), .. Node(type, [.. inputs.Select(i => i == "SIZE" ? "cast" : i)])]),
        StringComparison.Ordinal);

    [Theory, MemberData(nameof(Growing))]
    public void ASizeOutOfShapes_Passes(string type, string[] inputs) => Assert.Null(Problem(
    [
        .. Node("Shape", ["x"], "shape"), .. Node("Gather", ["shape", "zero"], "axis"),
        .. Node("Mul", ["axis", "two"], "twice"), .. Node("Concat", ["twice", "one"], "both"),
        .. Node(type, [.. inputs.Select(i => i == "SIZE" ? "both" : i)]),
    ]));

    [Theory]
    [InlineData("Mul", "shape", "shape", "multiplies shapes")]
    [InlineData("Mul", "shape", "huge", "multiplies shapes")]
    [InlineData("Add", "shape", "huge", "comes from a constant over")]
    [InlineData("Pow", "shape", "two", "comes from Pow")]
    [InlineData("MatMul", "shape", "two", "comes from MatMul")]
    [InlineData("Exp", "shape", "", "comes from Exp")]
    public void ArithmeticThatMakesShapesLarge_IsRefused(string type, string left, string right, string reason) =>
        Assert.Contains(
            reason,
            Problem(
                [
                    .. Node("Shape", ["x"], "shape"), .. Node(type, right.Length == 0 ? [left] : [left, right], "much"),
                    .. Node("ConstantOfShape", ["much"]),
                ],
                ("huge", [1_000_000_000])),
            StringComparison.Ordinal);

    [Fact]
    public void ATensorThatDeclaresMoreThanItHolds_IsRefused() => Assert.Contains(
        "declares more elements than it holds",
        Read(Model([.. Node("Relu", ["x"]), .. Field(5, [.. Number(1, 1UL << 40), .. Number(2, 1), .. Name(8, "w")])])),
        StringComparison.Ordinal);

    [Fact]
    public void SparseTensors_AreRefused()
    {
        Assert.Contains("sparse", Read(Model([.. Node("Relu", ["x"]), .. Field(15, [])])), StringComparison.Ordinal);
        byte[] attribute = [.. Name(1, "sparse_value"), .. Field(22, [])];
        byte[] node = [.. Name(2, "y"), .. Name(4, "Constant"), .. Field(5, attribute)];
        Assert.Contains("sparse", Read(Model(Field(1, node))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Conv")]
    [InlineData("MaxPool")]
    [InlineData("Pad")]
    public void PaddingByAttribute_IsBounded(string type)
    {
        byte[] attribute = [.. Name(1, "pads"), .. Number(8, 0), .. Number(8, 1 << 30), .. Number(20, 7)];

        Assert.Contains("pads by more", Read(Model(Field(1,
            [.. Name(1, "x"), .. Name(2, "y"), .. Name(4, type), .. Field(5, attribute)]))), StringComparison.Ordinal);
    }

    [Fact]
    public void ReleasedPackages_Pass()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "WafOperator.sln"))) folder = folder.Parent!;
        var networks = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder.FullName, "models", "packages"), "*.tar"))
        {
            var package = ModelPackageReader.Read(File.ReadAllBytes(file), null, PackageLimits.Default).Package!;
            foreach (var network in package.Files.Where(f => f.Key.EndsWith(".onnx", StringComparison.Ordinal)))
            {
                Assert.Null(OnnxPolicy.Check(network.Value.Span, package.Manifest));
                networks++;
            }
        }

        Assert.True(networks >= 4);
    }

    private static string? Problem(byte[] nodes, params (string Name, long[] Values)[] constants) => Read(Model(
    [
        .. nodes, .. Constant("zero", 0), .. Constant("one", 1), .. Constant("two", 2),
        .. constants.SelectMany(c => Constant(c.Name, c.Values)),
    ]));

    private static string? Read(byte[] model)
    {
        var summary = OnnxGraphReader.Read(model, out var error);
        Assert.Equal(summary is null, error is not null);
        return error;
    }

    private static byte[] Model(byte[] graph) => Field(7, graph);

    private static byte[] Node(string type, string[] inputs, string output = "y") => Field(1,
        [.. inputs.SelectMany(i => Name(1, i)), .. Name(2, output), .. Name(4, type)]);

    private static byte[] Constant(string name, params long[] values)
    {
        var raw = new byte[values.Length * sizeof(long)];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(raw.AsSpan(i * sizeof(long)), values[i]);
        return Field(5, [.. Number(1, (ulong)values.Length), .. Number(2, 7), .. Name(8, name), .. Field(9, raw)]);
    }

    private static byte[] Name(int field, string text) => Field(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content) =>
        [.. Varint((ulong)(number << 3 | 2)), .. Varint((ulong)content.Length), .. content];

    private static byte[] Number(int number, ulong value) => [.. Varint((ulong)(number << 3)), .. Varint(value)];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
