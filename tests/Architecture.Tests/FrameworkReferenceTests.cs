using System.Xml.Linq;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// prometheus-net asks for old packages that ASP.NET Core holds in newer versions. A project that takes it, through
/// others as well, has the framework's reference; without it a program is restored with those packages when it is
/// published for a platform, which fails where they are not to be had.
/// </summary>
public sealed class FrameworkReferenceTests
{
    private const string Package = "prometheus-net";

    private static readonly Dictionary<string, XDocument> Projects = Repository.Projects.ToDictionary(
        file => Path.GetDirectoryName(file)!, file => XDocument.Parse(Repository.Read(file)), StringComparer.Ordinal);

    [Fact]
    public void WhoTakesPrometheusNet_HasTheFrameworksReference() => Expect.None(Projects.Keys
        .Where(project => !project.StartsWith("tests/", StringComparison.Ordinal) && project != "e2e/Scenarios")
        .Where(project => Reached(project).Any(TakesIt) && !HasFramework(Projects[project])));

    [Fact]
    public void SomeProjects_TakeIt() => Assert.Contains("crds/Telemetry", Projects.Keys.Where(TakesIt));

    private static bool TakesIt(string project) => Items(Projects[project], "PackageReference").Contains(Package);

    private static bool HasFramework(XDocument project) =>
        Items(project, "FrameworkReference").Contains("Microsoft.AspNetCore.App")
        || (string?)project.Root!.Attribute("Sdk") == "Microsoft.NET.Sdk.Web";

    private static HashSet<string> Reached(string project)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var left = new Stack<string>([project]);
        while (left.TryPop(out var next))
        {
            if (!Projects.TryGetValue(next, out var document) || !reached.Add(next)) continue;
            foreach (var reference in Items(document, "ProjectReference"))
            {
                var file = Path.GetFullPath(Path.Combine("/", next, reference.Replace('\\', '/')));
                left.Push(Path.GetDirectoryName(file)![1..]);
            }
        }

        return reached;
    }

    private static IEnumerable<string> Items(XDocument project, string kind) =>
        project.Descendants(kind).Select(item => (string?)item.Attribute("Include") ?? "");
}
