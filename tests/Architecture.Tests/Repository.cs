using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>The checkout as the tests see it: sources, projects and pages, without what builds leave behind.</summary>
internal static class Repository
{
    private static readonly string[] Ignored =
        ["bin", "obj", ".git", "node_modules", "artifacts", "shared", "__pycache__", ".venv"];

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Select(Relative).Order(StringComparer.Ordinal)];

    public static IReadOnlyList<string> Sources { get; } =
        [.. Files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal))];

    public static IReadOnlyList<string> Projects { get; } =
        [.. Files.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal))];

    public static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    /// <summary>Syntax trees of all sources, parsed once.</summary>
    public static IReadOnlyDictionary<string, CompilationUnitSyntax> Trees => LazyTrees.Value;

    private static readonly Lazy<IReadOnlyDictionary<string, CompilationUnitSyntax>> LazyTrees = new(() =>
        Sources.AsParallel().ToDictionary(
            file => file,
            file =>
                CSharpSyntaxTree.ParseText(Read(file),
                    CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview))
                .GetCompilationUnitRoot()));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder)) yield return file;
        foreach (var inner in Directory.EnumerateDirectories(folder))
        {
            if (Ignored.Contains(Path.GetFileName(inner)) || new DirectoryInfo(inner).LinkTarget is not null) continue;
            foreach (var file in Walk(inner)) yield return file;
        }
    }

    private static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "WafOperator.sln"))) return folder.FullName;
        throw new InvalidOperationException("WafOperator.sln is not above the test's folder");
    }
}
