using System.Runtime.InteropServices;

namespace WafOperator.OnnxRuntime.Tests;

/// <summary>Runs whose outputs ONNX Runtime allocates.</summary>
[Collection("runtime")]
public sealed class OrtRunTests(RuntimeFixture fixture)
{
    [Fact]
    public void Run_OfAnyBatch_GivesTheOutputsShapeAndElements()
    {
        using var session = fixture.DenseSession();
        using var run = session.CreateRun(["x"], ["y"]);
        using var x = new OrtRawTensor(fixture.Runtime, OrtElementType.Float32);
        foreach (var rows in new[] { 2, 1, 5, 2 })
        {
            x.Resize(rows, 3);
            var elements = MemoryMarshal.Cast<byte, float>(x.Bytes);
            elements.Clear();
            elements[^1] = 1;

            var output = Assert.Single(run.Run([x]));

            Assert.Equal(OrtElementType.Float32, output.ElementType);
            Assert.Equal([rows, 2], output.Shape);
            // relu([-3 + 0.5, 4 - 0.25]) in the last row.
            Assert.Equal([0f, 3.75f], MemoryMarshal.Cast<byte, float>(output.Bytes)[^2..].ToArray());
            output.Dispose();
            Assert.True(output.Bytes.IsEmpty);
        }
    }

    [Fact]
    public void Run_WithAWrongShape_ThrowsTheRuntimesText()
    {
        using var session = fixture.DenseSession();
        using var run = session.CreateRun(["x"], ["y"]);
        using var x = new OrtRawTensor(fixture.Runtime, OrtElementType.Float32);
        x.Resize(1, 4);

        var failure = Assert.Throws<OrtException>(() => run.Run([x]));

        Assert.Contains("dimensions", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 1, 1, 1, 1, 1)]
    [InlineData(-1, 3)]
    [InlineData(1 << 16, 1 << 16)]
    public void Resize_BeyondTheBounds_IsRefused(params int[] shape)
    {
        using var x = new OrtRawTensor(fixture.Runtime, OrtElementType.Float32);

        Assert.Throws<ArgumentException>(() => x.Resize([.. shape.Select(d => (long)d)]));
    }

    [Fact]
    public void Value_BeforeAShape_Throws()
    {
        using var session = fixture.DenseSession();
        using var run = session.CreateRun(["x"], ["y"]);
        using var x = new OrtRawTensor(fixture.Runtime, OrtElementType.Float32);

        Assert.Throws<InvalidOperationException>(() => run.Run([x]));
    }
}
