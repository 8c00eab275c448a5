using WafOperator.Protocols.Models;

namespace WafOperator.Protocols.Tests.Models;

public sealed class OnnxPolicyTests
{
    private static readonly ModelManifest Manifest = new()
    {
        Name = "dense",
        Version = "1.0.0",
        Kind = "onnx",
        Files = new Dictionary<string, PackageFile>(),
        TokenizerDigest = "",
        FeatureSchemaDigest = "",
        Inputs = [new() { Name = "x", ElementType = "float32", Shape = [-1, 3] }],
        Outputs = [new() { Name = "y", ElementType = "float32", Shape = [-1, 2] }],
    };

    private static byte[] Dense() =>
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "dense.onnx"));

    [Fact]
    public void Read_OfAModel_ListsOperatorsInputsAndOutputs()
    {
        var graph = OnnxGraphReader.Read(Dense(), out var error);

        Assert.Null(error);
        Assert.Equal(["Gemm", "Relu"], graph!.Operators.Order());
        Assert.Equal((17, 2, false), (graph.OpsetVersion, graph.NodeCount, graph.HasExternalData));
        Assert.Equal(("x", "float32"), (graph.Inputs.Single().Name, graph.Inputs[0].ElementType));
        Assert.Equal([-1, 3], graph.Inputs[0].Shape!);
        Assert.Equal(["y"], graph.Outputs.Select(o => o.Name));
        Assert.Equal([-1, 2], graph.Outputs[0].Shape!);
    }

    [Fact]
    public void Check_OfAllowedOperators_Passes() => Assert.Null(OnnxPolicy.Check(Dense(), Manifest));

    [Fact]
    public void Check_OfAnOperatorOutsideTheList_NamesIt()
    {
        var model = Dense();
        // Relu and Fooo have the same length, so the file stays well-formed.
        "Fooo"u8.CopyTo(model.AsSpan(model.AsSpan().IndexOf("Relu"u8)));

        Assert.Contains("Fooo", OnnxPolicy.Check(model, Manifest), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfExternalData_IsRefused()
    {
        // ModelProto.graph(7) { initializer(5) { data_location(14)=EXTERNAL } node(1) { op_type(4)="Relu" } }
        byte[] model = [0x3a, 12, 0x2a, 2, 0x70, 1, 0x0a, 6, 0x22, 4, .. "Relu"u8];

        Assert.Contains("other files", OnnxPolicy.Check(model, Manifest), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfAnInputThatIsNotThere_NamesIt()
    {
        var manifest = Manifest with { Inputs = [new() { Name = "tokens", ElementType = "int32", Shape = [-1] }] };

        Assert.Contains("tokens", OnnxPolicy.Check(Dense(), manifest), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_OfMutatedFiles_NeverThrows()
    {
        const int seed = 4711;
        var random = new Random(seed);
        var model = Dense();
        for (var i = 0; i < 20_000; i++)
        {
            var mutated = model[..random.Next(model.Length + 1)];
            for (var flips = random.Next(6); flips > 0 && mutated.Length > 0; flips--)
                mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            _ = OnnxPolicy.Check(mutated, Manifest);
        }
    }
}
