using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Metrics are an interface that dashboards and alerts rest on: metrics.txt lists them by program, type and name,
/// whatever library exports them (<c>UPDATE_GOLDEN=1</c> writes it). Every alert and every page names metrics that
/// exist, and every meter is exported.
/// </summary>
public sealed partial class MetricTests
{
    private const string ListFile = "tests/Architecture.Tests/metrics.txt";

    /// <summary>Methods that make an instrument (or hand its name on), and the type that Prometheus sees.</summary>
    private static readonly Dictionary<string, string> Makers = new(StringComparer.Ordinal)
    {
        ["CreateCounter"] = "counter", ["CreateObservableCounter"] = "counter",
        ["Counter"] = "counter",
        ["CreateHistogram"] = "histogram", ["Histogram"] = "histogram",
        ["CreateUpDownCounter"] = "gauge", ["CreateObservableGauge"] = "gauge", ["Gauge"] = "gauge",
    };

    private static readonly IReadOnlyList<Metric> Metrics = [.. Found()
        .Distinct().OrderBy(metric => metric.Name, StringComparer.Ordinal).ThenBy(metric => metric.Program)];

    [Fact]
    public void TheList_IsThatOfTheSources()
    {
        var expected = string.Concat(Metrics.Select(metric => $"{metric.Program} {metric.Type} {metric.Name}\n"));
        var file = Path.Combine(Repository.Root, ListFile);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, expected);
        Assert.NotEmpty(Metrics);
        Assert.Equal(File.ReadAllText(file), expected);
    }

    [Fact]
    public void EveryMetricOfAnAlert_Exists()
    {
        var names = Repository.Read("charts/waf-operator/templates/alerts.yaml").Split('\n')
            .Where(line => line.TrimStart().StartsWith("expr:", StringComparison.Ordinal))
            .SelectMany(line => Names().Matches(line).Select(match => match.Value)).Distinct().ToList();
        Assert.NotEmpty(names);
        Expect.None(names.Where(name => !IsExported(name)));
    }

    [Fact]
    public void EveryMetricOfAPage_Exists() => Expect.None(
        from page in Repository.Files
        where page.EndsWith(".md", StringComparison.Ordinal)
        from Match match in Quoted().Matches(Repository.Read(page))
        where !IsExported(match.Groups[1].Value)
        select $"{page}: {match.Groups[1].Value}");

    [Fact]
    public void EveryMeter_IsExportedByItsProgram()
    {
        var meters = Repository.Trees.Where(tree => IsProduct(tree.Key))
            .SelectMany(tree => tree.Value.DescendantNodes().OfType<VariableDeclaratorSyntax>()
                .Where(variable => variable.Identifier.Text == "MeterName")
                .Select(variable => variable.Ancestors().OfType<ClassDeclarationSyntax>().First().Identifier.Text)
                .Select(name => (Program: ProgramOf(tree.Key), Name: name))).ToList();
        Assert.NotEmpty(meters);
        Expect.None(
            from meter in meters
            where Hosts.ContainsKey(meter.Program)
            let host = Hosts[meter.Program]
            where !Repository.Read(host).Contains($"{meter.Name}.MeterName", StringComparison.Ordinal)
            select $"{meter.Name}.MeterName is not in the list of {host}");
    }

    /// <summary>Where the meters are listed that a program exports.</summary>
    private static readonly Dictionary<string, string> Hosts = new(StringComparer.Ordinal)
    {
        ["operator"] = "operator/Host/OperatorHost.cs", ["console"] = "operator/Console/ConsoleHost.cs",
    };

    private static IEnumerable<Metric> Found() =>
        from tree in Repository.Trees
        where IsProduct(tree.Key)
        from call in tree.Value.DescendantNodes().OfType<InvocationExpressionSyntax>()
        where Makers.ContainsKey(NameOf(call.Expression)) && call.ArgumentList.Arguments.Count > 1
        let name = TextOf(call.ArgumentList.Arguments[0].Expression)
        where name is not null
        let type = Makers[NameOf(call.Expression)]
        select new Metric(ProgramOf(tree.Key), type, ExportedName(name, type));

    private static bool IsExported(string name) => Metrics.Any(metric => metric.Name == name
        || (metric.Type == "histogram" && name.StartsWith(metric.Name, StringComparison.Ordinal)
            && name[metric.Name.Length..] is "_bucket" or "_sum" or "_count"));

    private static bool IsProduct(string file) => file.Split('/')[0] is "operator" or "sidecar" or "models";

    private static string ProgramOf(string file) => file.Split('/')[0] switch
    {
        "operator" when file.StartsWith("operator/Console/", StringComparison.Ordinal) => "console",
        "operator" => "operator",
        "sidecar" => "sidecar",
        _ => "inference",
    };

    private static string NameOf(ExpressionSyntax called) => called switch
    {
        MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
        SimpleNameSyntax simple => simple.Identifier.Text,
        _ => "",
    };

    /// <summary>A literal, or the value of the constant of that name.</summary>
    private static string? TextOf(ExpressionSyntax name) => name switch
    {
        LiteralExpressionSyntax literal => literal.Token.ValueText,
        MemberAccessExpressionSyntax member => Repository.Trees.Values
            .SelectMany(tree => tree.DescendantNodes().OfType<VariableDeclaratorSyntax>())
            .FirstOrDefault(variable => variable.Identifier.Text == member.Name.Identifier.Text)
            ?.Initializer?.Value is LiteralExpressionSyntax value ? value.Token.ValueText : null,
        _ => null,
    };

    private static string ExportedName(string name, string type)
    {
        var clean = NotAllowed().Replace(name, "_");
        return type == "counter" && !clean.EndsWith("_total", StringComparison.Ordinal) ? clean + "_total" : clean;
    }

    [GeneratedRegex("[^A-Za-z0-9_]")]
    private static partial Regex NotAllowed();

    /// <summary>Names in an expression: words with an underscore that are no function.</summary>
    [GeneratedRegex(@"\b[a-z][a-z0-9]*_[a-z0-9_]+\b(?!\s*\()")]
    private static partial Regex Names();

    [GeneratedRegex("`(waf_[a-z0-9_]+)")]
    private static partial Regex Quoted();

    private sealed record Metric(string Program, string Type, string Name);
}
