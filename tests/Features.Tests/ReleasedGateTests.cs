namespace WafOperator.Features.Tests;

public sealed class ReleasedGateTests
{
    [Fact]
    public void Logit_EveryReleasedGate_ReproducesItsGoldenVectors()
    {
        var paths = ReleasedPackages.Paths("gate").ToList();
        Assert.NotEmpty(paths);
        Assert.All(paths, path =>
        {
            var files = ReleasedPackages.Files(path);
            var gate = GateModel.Read(files["gate.bin"], out var error);
            Assert.Null(error);
            var buffer = new byte[ValueNormalizer.ValueBytesMax];
            Assert.All(ReleasedPackages.Golden(files), golden =>
            {
                var length = ValueNormalizer.Normalize(golden.Value, buffer, out var flags);
                Assert.Equal(golden.Logit, gate!.Logit(buffer.AsSpan(0, length), flags));
            });
        });
    }
}
