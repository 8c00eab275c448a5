using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Folders of one project that use each other in a circle can only be understood together. Edges are the <c>using</c>
/// directives. The projects that had a circle when the rule was made stand in folder-cycles.txt with the number of
/// folders in it: it may shrink and go, never grow.
/// </summary>
public sealed class FolderCycleTests
{
    private const string ExceptionsFile = "tests/Architecture.Tests/folder-cycles.txt";

    private static readonly Dictionary<string, int> Allowed = Repository.Read(ExceptionsFile).Split('\n')
        .Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0).Select(line => line.Split(' '))
        .ToDictionary(parts => parts[0], parts => int.Parse(parts[1]), StringComparer.Ordinal);

    private static readonly Dictionary<string, List<string>> Found =
        Repository.Projects.Where(IsProduct).Select(file => Path.GetDirectoryName(file)!)
            .Select(project => (Project: project, Circle: LargestCircle(EdgesOf(project))))
            .Where(found => found.Circle.Count > 1)
            .ToDictionary(found => found.Project, found => found.Circle, StringComparer.Ordinal);

    [Fact]
    public void NoFolders_UseEachOther() => Expect.None(Found
        .Where(found => found.Value.Count > Allowed.GetValueOrDefault(found.Key))
        .Select(found => $"{found.Key} {found.Value.Count} # {string.Join(", ", found.Value)}"));

    [Fact]
    public void NoExceptionIsLeftOver() => Expect.None(Allowed
        .Where(entry => !Found.TryGetValue(entry.Key, out var circle) || circle.Count < entry.Value)
        .Select(entry => $"{entry.Key}: the circle is smaller; lower or remove it in folder-cycles.txt"));

    /// <summary>The largest set of folders of which each reaches each other.</summary>
    private static List<string> LargestCircle(Dictionary<string, HashSet<string>> edges) =>
        edges.Keys.Select(one => edges.Keys.Where(other => other == one
                || Reaches(edges, one, other) && Reaches(edges, other, one)).Order(StringComparer.Ordinal).ToList())
            .OrderByDescending(circle => circle.Count).ThenBy(circle => circle.FirstOrDefault(), StringComparer.Ordinal)
            .FirstOrDefault() ?? [];

    private static bool IsProduct(string project) =>
        !project.StartsWith("tests/", StringComparison.Ordinal)
        && !project.StartsWith("e2e/", StringComparison.Ordinal);

    private static Dictionary<string, HashSet<string>> EdgesOf(string project)
    {
        var trees = Repository.Trees.Where(tree => tree.Key.StartsWith(project + "/", StringComparison.Ordinal))
            .Select(tree => (Folder: FolderOf(project, tree.Key), Tree: tree.Value))
            .Where(file => file.Folder.Length > 0).ToList();
        var namespaces = trees.SelectMany(file => file.Tree.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
                .Select(declared => (Name: declared.Name.ToString(), file.Folder)))
            .DistinctBy(pair => pair.Name).ToDictionary(pair => pair.Name, pair => pair.Folder, StringComparer.Ordinal);
        return trees.GroupBy(file => file.Folder, StringComparer.Ordinal).ToDictionary(
            group => group.Key,
            group => group.SelectMany(file => file.Tree.Usings.Select(used => used.Name?.ToString() ?? ""))
                .Select(used => namespaces.GetValueOrDefault(used, "")).Where(to => to.Length > 0 && to != group.Key)
                .ToHashSet(StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    /// <summary>First folder below the project; empty for files of the project's root.</summary>
    private static string FolderOf(string project, string file)
    {
        var rest = file[(project.Length + 1)..];
        return rest.Contains('/') ? Regex.Match(rest, "^[^/]+").Value : "";
    }

    private static bool Reaches(Dictionary<string, HashSet<string>> edges, string from, string to)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([from]);
        while (open.TryPop(out var at))
        {
            foreach (var next in edges.GetValueOrDefault(at, []))
            {
                if (next == to) return true;
                if (seen.Add(next)) open.Push(next);
            }
        }

        return false;
    }
}
