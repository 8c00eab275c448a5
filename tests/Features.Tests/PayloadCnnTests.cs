using System.Text;
using WafOperator.Fixtures;

namespace WafOperator.Features.Tests;

public sealed class PayloadCnnTests
{
    private const float Tolerance = 1e-4f;

    [Fact]
    public void Logit_EveryReleasedNetwork_EqualsTrainingToTheTolerance()
    {
        var paths = ReleasedPackages.Paths("payload-cnn").ToList();
        Assert.NotEmpty(paths);
        Assert.All(paths, path =>
        {
            var files = ReleasedPackages.Files(path);
            var model = PayloadCnn.Read(files["kernel.bin"], out var error);
            Assert.Null(error);
            var workspace = new CnnWorkspace();
            var buffer = new byte[ValueNormalizer.ValueBytesMax];
            Assert.All(ReleasedPackages.Golden(files), golden =>
            {
                var length = ValueNormalizer.Normalize(golden.Value, buffer, out var flags);
                var logit = model!.Logit(buffer.AsSpan(0, length), flags, workspace);
                Assert.InRange(logit, golden.Logit - Tolerance, golden.Logit + Tolerance);
            });
        });
    }

    [Theory]
    [InlineData("1' or '1'='1' -- ", true)]
    [InlineData("<script>alert(1)</script>", true)]
    [InlineData("../../../../etc/passwd", true)]
    [InlineData("red shoes, size 42", false)]
    [InlineData("https://shop.example/items?id=4", false)]
    public void Logit_NewestRelease_SeparatesPlainCases(string value, bool attack)
    {
        var files = ReleasedPackages.Files(ReleasedPackages.Paths("payload-cnn").Order(StringComparer.Ordinal).Last());
        var model = PayloadCnn.Read(files["kernel.bin"], out _)!;
        var buffer = new byte[256];
        var length = ValueNormalizer.Normalize(Encoding.UTF8.GetBytes(value), buffer, out var flags);
        Assert.Equal(attack, model.Logit(buffer.AsSpan(0, length), flags, new CnnWorkspace()) > 0);
    }

    [Fact]
    public void Logit_AfterWarmUp_AllocatesNothing()
    {
        var files = ReleasedPackages.Files(ReleasedPackages.Paths("payload-cnn").First());
        var model = PayloadCnn.Read(files["kernel.bin"], out _)!;
        var workspace = new CnnWorkspace();
        var value = Encoding.UTF8.GetBytes(new string('x', 700));
        model.Logit(value, ValueFlags.None, workspace);
        Assert.Equal(0, Allocations.LeastOf(() => model.Logit(value, ValueFlags.None, workspace)));
    }

    [Fact]
    public void Read_ForeignOrTruncatedFile_IsRefusedWithTheReason()
    {
        Assert.Null(PayloadCnn.Read("something else"u8, out var foreign));
        Assert.Contains("WAFCNN02", foreign, StringComparison.Ordinal);
        var file = ReleasedPackages.Files(ReleasedPackages.Paths("payload-cnn").First())["kernel.bin"];
        Assert.Null(PayloadCnn.Read(file.AsSpan(0, file.Length - 4), out var truncated));
        Assert.Contains("expected", truncated, StringComparison.Ordinal);
    }

    [Fact]
    public void WindowLogit_TokensOutOfRange_AreRefused()
    {
        var files = ReleasedPackages.Files(ReleasedPackages.Paths("payload-cnn").First());
        var model = PayloadCnn.Read(files["kernel.bin"], out _)!;
        var tokens = new int[16];
        tokens[3] = CnnTokenizer.Vocabulary;
        Assert.Throws<ArgumentOutOfRangeException>(() => model.WindowLogit(tokens, new CnnWorkspace()));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.WindowLogit(new int[15], new CnnWorkspace()));
    }
}
