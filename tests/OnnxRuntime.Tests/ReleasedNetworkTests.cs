using WafOperator.Features;
using WafOperator.Fixtures;

namespace WafOperator.OnnxRuntime.Tests;

/// <summary>The released networks in ONNX Runtime against what training computed and against the managed kernel.</summary>
[Collection("runtime")]
public sealed class ReleasedNetworkTests(RuntimeFixture fixture)
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Packages => [.. ReleasedPackages.Paths("payload-cnn").Select(p => Path.GetFileName(p))];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Onnx_EveryGoldenVector_EqualsTraining(string package)
    {
        var files = Files(package);
        var logits = Logits(files["model.onnx"], ReleasedPackages.Golden(files));
        Assert.All(logits, pair => Assert.InRange(pair.Actual, pair.Expected - Tolerance, pair.Expected + Tolerance));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Int8_GoldenVectors_DecideAlike(string package)
    {
        var files = Files(package);
        var logits = Logits(files["model-int8.onnx"], ReleasedPackages.Golden(files));
        var changed = logits.Count(pair => pair.Actual > 0 != pair.Expected > 0);
        Assert.True(changed <= logits.Count / 50, $"{changed} of {logits.Count} decisions differ with 8-bit weights");
    }

    private static Dictionary<string, byte[]> Files(string package) =>
        ReleasedPackages.Files(ReleasedPackages.Paths("payload-cnn").Single(p => Path.GetFileName(p) == package));

    private List<(double Expected, double Actual)> Logits(byte[] onnx, IReadOnlyList<GoldenLogit> golden)
    {
        using var session = new OrtSession(fixture.Runtime, onnx, new OrtSessionOptions());
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        return [.. golden.Select(one =>
        {
            var length = ValueNormalizer.Normalize(one.Value, buffer, out var flags);
            var best = double.NegativeInfinity;
            for (var i = 0; i < CnnTokenizer.WindowCount(length); i++)
                best = Math.Max(best, Run(session, buffer.AsSpan(0, length)[CnnTokenizer.Window(length, i)], flags));
            return (one.Logit, best);
        })];
    }

    private float Run(OrtSession session, ReadOnlySpan<byte> window, ValueFlags flags)
    {
        var tokens = new int[CnnTokenizer.TokensMax];
        var length = CnnTokenizer.Tokenize(window, flags, tokens);
        using var input = new OrtTensor<long>(fixture.Runtime, 1, length);
        using var output = new OrtTensor<float>(fixture.Runtime, 1);
        for (var i = 0; i < length; i++) input.Span[i] = tokens[i];
        using var binding = session.CreateBinding();
        binding.BindInput("tokens", input);
        binding.BindOutput("logit", output);
        binding.Run();
        return output.Span[0];
    }
}
