using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// No field of a spec is decoration: each leaf is read by the product outside of <c>crds/</c>, and a test by name
/// shows what it does
/// (<c>fields.txt</c>, complete both ways). That a field changes the right thing is what the named test asserts.
/// </summary>
public sealed class FieldTests
{
    private const string Table = "tests/Architecture.Tests/fields.txt";

    /// <summary>A field's path, and the test that shows its effect.</summary>
    private static readonly (string Field, string Test)[] Rows =
    [
        .. Repository.Read(Table).Split('\n').Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(": ", 2)).Select(parts => (parts[0], parts[^1].Trim())),
    ];

    private static readonly string[] TestAttributes =
        ["Fact", "Theory", "ClusterFact", "InstalledFact", "InstalledTheory"];

    [Fact]
    public void EveryField_IsReadByTheProduct()
    {
        Assert.True(SpecFields.All.Count > 150, $"only {SpecFields.All.Count} fields were found");
        Expect.None(SpecFields.All.Where(field => !SpecFields.Reads.Contains(field.Symbol))
            .Select(field => $"{field.Path} is read nowhere outside crds/"));
    }

    [Fact]
    public void EveryField_HasATestThatShowsWhatItDoes()
    {
        var fields = SpecFields.All.Select(field => field.Path).ToList();
        var rows = Rows.Select(row => row.Field).ToList();

        Expect.None([
            .. fields.Except(rows).Select(field => $"{Table} has no row for {field}"),
            .. rows.Except(fields).Select(field => $"{Table} has a row for {field}, which is no field"),
            .. rows.GroupBy(row => row).Where(same => same.Count() > 1).Select(same =>
                $"{Table} names {same.Key} twice"),
        ]);
    }

    [Fact]
    public void EveryTestOfTheTable_ExistsAndSpeaksOfTheField()
    {
        var tests = Tests();

        Expect.None(Rows.Select(row => Fault(row.Field, row.Test, tests)).OfType<string>());
    }

    private static string? Fault(string field, string test, Dictionary<string, string> tests)
    {
        if (!tests.TryGetValue(test, out var file)) return $"{Table}: {field} names no test: {test}";
        // "value" of a signature is the signature to everybody but the schema.
        var names = field.Replace("[]", "", StringComparison.Ordinal).Split('.').Where(name =>
            name != "spec").TakeLast(2);
        return TextsOf(file).Any(text => names.Any(name => text.Contains(name, StringComparison.OrdinalIgnoreCase)))
            ? null
            : $"{Table}: {test} ({file}) does not speak of {field}";
    }

    /// <summary>The test's own file, and the cases that lie in the folder beside it.</summary>
    private static IEnumerable<string> TextsOf(string file)
    {
        yield return Repository.Read(file);
        var cases = Path.GetDirectoryName(file)!.Replace('\\', '/') + "/Golden/";
        foreach (var other in Repository.Files.Where(other => other.StartsWith(cases, StringComparison.Ordinal)))
            yield return Repository.Read(other);
    }

    /// <summary>Tests by class and name, with their file.</summary>
    private static Dictionary<string, string> Tests() => (
        from tree in Repository.Trees
        where tree.Key.StartsWith("tests/", StringComparison.Ordinal) || tree.Key.StartsWith("e2e/",
            StringComparison.Ordinal)
        from method in tree.Value.DescendantNodes().OfType<MethodDeclarationSyntax>()
        where method.AttributeLists.SelectMany(list => list.Attributes)
            .Any(attribute => TestAttributes.Contains(attribute.Name.ToString()))
        where method.Parent is ClassDeclarationSyntax
        let name = $"{((ClassDeclarationSyntax)method.Parent!).Identifier.Text}.{method.Identifier.Text}"
        group tree.Key by name).ToDictionary(same => same.Key, same => same.First());
}
