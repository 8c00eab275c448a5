using System.Text.Json.Nodes;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Tests.Schema;

public sealed class CrdWriterTests
{
    public static TheoryData<string> Kinds => [.. ResourceDefinition.All.Select(definition => definition.Kind)];

    [Theory, MemberData(nameof(Kinds))]
    public void TheManifestInTheRepository_IsWhatTheTypesSay(string kind)
    {
        var definition = ResourceDefinition.Find(kind)!;
        var file = RepositoryPaths.At("crds", definition.Names.Plural + ".yaml");
        var expected = CrdWriter.WriteYaml(definition);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, expected);

        Assert.True(File.Exists(file) && File.ReadAllText(file) == expected,
            $"{Path.GetFileName(file)} is stale: run the tests with UPDATE_GOLDEN=1 and commit it");
    }

    [Fact]
    public void NoManifestIsLeftOverFromAKindThatIsGone() => Assert.Equal(
        ResourceDefinition.All.Select(definition => definition.Names.Plural + ".yaml").Order(StringComparer.Ordinal),
        Directory.GetFiles(RepositoryPaths.At("crds"), "*.yaml").Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Kinds))]
    public void TheYaml_ReadsBackAsTheSameJson(string kind)
    {
        var definition = ResourceDefinition.Find(kind)!;
        var documents = new YamlReader(CrdWriter.WriteYaml(definition), new ManifestLimits()).ReadAll();

        Assert.True(JsonNode.DeepEquals(CrdWriter.Write(definition), Assert.Single(documents).Root));
    }
}
