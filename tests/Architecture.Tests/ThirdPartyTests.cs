using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// THIRD-PARTY.md lists every package of the lock files, direct and transitive, with the licence that the package
/// itself
/// declares; <c>UPDATE_GOLDEN=1</c> writes it. Each package that is named centrally says why it is there.
/// </summary>
public sealed partial class ThirdPartyTests
{
    private const string Page = "THIRD-PARTY.md";

    /// <summary>What may be distributed with an Apache-2.0 program without further duties than naming it.</summary>
    private static readonly string[] Allowed =
        ["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "PostgreSQL", "blessing"];

    /// <summary>Packages whose licence is a file or an address, read by a person.</summary>
    private static readonly Dictionary<string, string> ReadByHand = new(StringComparer.Ordinal)
    {
        ["Microsoft.ML.OnnxRuntime"] = "MIT",
        ["Microsoft.ML.OnnxRuntime.Gpu.Linux"] = "MIT",
        ["Microsoft.ML.OnnxRuntime.Managed"] = "MIT",
        // Public domain; the name is SPDX's.
        ["SQLite"] = "blessing",
        ["xunit.abstractions"] = "Apache-2.0",
    };

    /// <summary>In no lock file: only images for GPUs are built with it.</summary>
    private static readonly Package[] OfOtherBuilds = [new("Microsoft.ML.OnnxRuntime.Gpu.Linux", "1.31.0",
        IsShipped: true)];

    [Fact]
    public void ThePage_ListsEveryPackageWithItsLicence()
    {
        var expected = Text();
        var file = Path.Combine(Repository.Root, Page);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, expected);
        Assert.Equal(expected, File.ReadAllText(file));
    }

    [Fact]
    public void EveryLicence_IsOneThatWeMayShip() => Expect.None(Packages()
        .Where(package => !Allowed.Contains(LicenceOf(package)))
        .Select(package => $"{package.Name} {package.Version}: {LicenceOf(package)}"));

    [Fact]
    public void EveryPackageVersion_SaysWhyItIsThere()
    {
        var text = Repository.Read("Directory.Packages.props");
        var (explained, isComment) = (false, false);
        var unexplained = new List<string>();
        foreach (var line in text.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith("<!--", StringComparison.Ordinal)) (explained, isComment) = (true, true);
            // A comment is for what stands right below it.
            else if (!isComment && !line.StartsWith("<PackageVersion", StringComparison.Ordinal)) explained = false;
            if (line.EndsWith("-->", StringComparison.Ordinal)) isComment = false;
            if (line.StartsWith("<PackageVersion", StringComparison.Ordinal) && !explained) unexplained.Add(line);
        }

        Expect.None(unexplained);
    }

    [Fact]
    public void EveryPackageVersion_IsUsed()
    {
        var projects = string.Concat(Repository.Files
            .Where(file => file.EndsWith(".csproj", StringComparison.Ordinal) || file.EndsWith(".props",
                StringComparison.Ordinal))
            .Where(file => file != "Directory.Packages.props").Select(Repository.Read));
        var locked = Packages().Select(package => package.Name).ToHashSet(StringComparer.Ordinal);
        Expect.None(XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(version => version.Attribute("Include")!.Value)
            .Where(name => !locked.Contains(name) || (!projects.Contains(name, StringComparison.Ordinal) && !IsPin(
                name))));
    }

    /// <summary>Versions of packages that only other packages reference.</summary>
    private static bool IsPin(string name) => name is "System.IO.Hashing" or "Microsoft.CodeAnalysis.Analyzers";

    private static string Text()
    {
        var packages = Packages().ToList();
        return $"""
            # Packages of others

            Every NuGet package that the product, its tests and its tools are built with, direct and transitive, and the
            licence that it declares.
            Written and compared by `tests/Architecture.Tests` (`ThirdPartyTests`); why each is there stands in
            [Directory.Packages.props](Directory.Packages.props). What is in an image says its SBOM (`/usr/share/sbom`).
            Images also hold the OWASP Core
            Rule Set (Apache-2.0), the .NET runtime (MIT) and the packages of their base.

            ## In programs

            {Table(packages.Where(package => package.IsShipped))}

            ## In tests and tools only

            {Table(packages.Where(package => !package.IsShipped))}

            """;
    }

    private static string Table(IEnumerable<Package> packages) =>
        "| package | version | licence |\n|---|---|---|\n" + string.Join('\n', packages.Select(package =>
            $"| {package.Name} | {package.Version} | {LicenceOf(package)} |"));

    private static IEnumerable<Package> Packages() => Repository.Files
        .Where(file => Path.GetFileName(file) == "packages.lock.json")
        .SelectMany(LockedIn)
        .Concat(OfOtherBuilds)
        .GroupBy(package => (package.Name, package.Version))
        .Select(group => new Package(group.Key.Name, group.Key.Version, group.Any(package => package.IsShipped)))
        .OrderBy(package => package.Name, StringComparer.OrdinalIgnoreCase).ThenBy(package => package.Version);

    private static IEnumerable<Package> LockedIn(string file)
    {
        using var content = JsonDocument.Parse(Repository.Read(file));
        var isShipped = !file.StartsWith("tests/", StringComparison.Ordinal)
            && !file.StartsWith("e2e/Scenarios/", StringComparison.Ordinal);
        return [.. from framework in content.RootElement.GetProperty("dependencies").EnumerateObject()
                   from package in framework.Value.EnumerateObject()
                   where package.Value.GetProperty("type").GetString() != "Project"
                   select new Package(package.Name, package.Value.GetProperty("resolved").GetString()!, isShipped)];
    }

    private static string LicenceOf(Package package)
    {
        if (ReadByHand.TryGetValue(package.Name, out var read)) return read;
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var name = package.Name.ToLowerInvariant();
        var file = Path.Combine(folder, name, package.Version, $"{name}.nuspec");
        if (!File.Exists(file)) return "not restored";
        var expression = Expression().Match(File.ReadAllText(file));
        return expression.Success ? expression.Groups[1].Value : "declared by a file or an address: read it";
    }

    [GeneratedRegex("<license type=\"expression\"[^>]*>([^<]+)</license>")]
    private static partial Regex Expression();

    private sealed record Package(string Name, string Version, bool IsShipped);
}
