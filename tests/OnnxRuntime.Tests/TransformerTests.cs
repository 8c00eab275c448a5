using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace WafOperator.OnnxRuntime.Tests;

/// <summary>
/// A small transformer as training exports it (models/training/wafml/golden_transformer.py): every output, of rows of
/// many lengths, alone and padded in a batch, is what torch computed.
/// </summary>
[Collection("runtime")]
public sealed class TransformerTests(RuntimeFixture fixture)
{
    private const double Tolerance = 1e-4;
    private static readonly string[] Outputs = ["logit", "uncertainty", "families", "types", "detectors"];

    [Fact]
    public void Run_EveryBatch_AllOutputsEqualTraining()
    {
        using var session = new OrtSession(fixture.Runtime, Resource("transformer.onnx"), new OrtSessionOptions());
        using var run = session.CreateRun(["tokens"], Outputs);
        var lines = Encoding.UTF8.GetString(Resource("transformer.jsonl")).Split(
            '\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(7, lines.Length);
        Assert.All(lines, line =>
        {
            using var json = JsonDocument.Parse(line);
            var rows = json.RootElement.GetProperty("tokens").Deserialize<long[][]>()!;
            using var tokens = new OrtTensor<long>(fixture.Runtime, rows.Length, rows[0].Length);
            long[] all = [.. rows.SelectMany(row => row)];
            all.CopyTo(tokens.Span);
            var outputs = run.Run([tokens]);
            for (var i = 0; i < Outputs.Length; i++)
            {
                var expected = json.RootElement.GetProperty(Outputs[i]).Deserialize<float[]>()!;
                var actual = MemoryMarshal.Cast<byte, float>(outputs[i].Bytes).ToArray();
                Assert.Equal(expected.Length, actual.Length);
                Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
                outputs[i].Dispose();
            }
        });
    }

    [Fact]
    public void Outputs_AreHeadsFamiliesAndTypes()
    {
        using var session = new OrtSession(fixture.Runtime, Resource("transformer.onnx"), new OrtSessionOptions());
        Assert.Equal(Outputs, session.Outputs.Select(o => o.Name));
        Assert.Equal([6, 26, 3], session.Outputs.Skip(2).Select(o => o.Shape[^1]));
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(TransformerTests).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
