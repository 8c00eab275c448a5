using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace WafOperator.Architecture.Tests;

/// <summary>What the chart says of the models in the image is true of the packages that go into it.</summary>
public sealed partial class BuiltinModelsTests
{
    [Fact]
    public void TheChartsDigests_AreThoseOfTheReleasedPackages()
    {
        var named = Entry().Matches(Repository.Read("charts/waf-operator/values.yaml"));

        Assert.Equal(["gate", "payload-cnn"], named.Select(match => match.Groups["model"].Value));
        foreach (Match match in named)
        {
            var file = $"models/packages/{match.Groups["model"].Value}-{match.Groups["version"].Value}.tar";
            var package = File.ReadAllBytes(Path.Combine(Repository.Root, file));
            var digest = Convert.ToHexStringLower(SHA256.HashData(package));
            Assert.Equal($"sha256:{digest}", match.Groups["digest"].Value);
        }
    }

    [GeneratedRegex(
        """- \{model: (?<model>[a-z-]+), version: (?<version>[0-9.]+), digest: "(?<digest>[^"]+)"[^}]*\}""")]
    private static partial Regex Entry();
}
