using System.Xml.Linq;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// A source file belongs to one project of the product: one that is compiled into two is a contract nobody declared.
/// </summary>
public sealed class SourceLinkTests
{
    [Fact]
    public void NoProject_CompilesFilesOfAnother() => Expect.None(
        Repository.Projects.Where(file => !file.StartsWith("tests/", StringComparison.Ordinal)).SelectMany(LinksOf));

    private static IEnumerable<string> LinksOf(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("Compile")
            .Select(item => item.Attribute("Include")?.Value ?? "")
            .Where(path => path.StartsWith("../", StringComparison.Ordinal))
            .Select(path => $"{Path.GetDirectoryName(project)}: {path}");
}
