using System.Xml.Linq;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// A source file belongs to one project of the product: one that is compiled into two is a contract nobody declared.
/// </summary>
public sealed class SourceLinkTests
{
    /// <summary>What is left, with the project it should be in. May only shrink.</summary>
    private static readonly string[] Allowed =
    [
        "crds/Protocols: ../Json/DefaultKeepingJson.cs",
        "crds/Resources: ../Json/DefaultKeepingJson.cs",
        "models/Server: ../../sidecar/Proxy/Listening/PriorKnowledge.cs",
    ];

    [Fact]
    public void NoProject_CompilesFilesOfAnother() => Assert.Equal(
        Allowed,
        Repository.Projects.Where(file => !file.StartsWith("tests/", StringComparison.Ordinal)).SelectMany(LinksOf)
            .Order(StringComparer.Ordinal));

    private static IEnumerable<string> LinksOf(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("Compile")
            .Select(item => item.Attribute("Include")?.Value ?? "")
            .Where(path => path.StartsWith("../", StringComparison.Ordinal))
            .Select(path => $"{Path.GetDirectoryName(project)}: {path}");
}
