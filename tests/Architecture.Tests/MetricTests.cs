using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Metrics are an interface that dashboards and alerts rest on: metrics.txt lists them by program, type, name and
/// labels, whatever library exports them (<c>UPDATE_GOLDEN=1</c> writes it). Every alert and every page names metrics
/// that exist, and each program declares its own in one file.
/// </summary>
public sealed partial class MetricTests
{
    private const string ListFile = "tests/Architecture.Tests/metrics.txt";

    /// <summary>Methods that declare a metric, and the type that Prometheus sees.</summary>
    private static readonly Dictionary<string, string> Makers = new(StringComparer.Ordinal)
    {
        ["CreateCounter"] = "counter", ["ObserveCounter"] = "counter", ["CreateHistogram"] = "histogram",
        ["CreateGauge"] = "gauge", ["ObserveGauge"] = "gauge",
    };

    /// <summary>The one file in which a program declares its metrics; those of the client are a library's.</summary>
    private static readonly Dictionary<string, string[]> Declarations = new(StringComparer.Ordinal)
    {
        ["operator"] =
            ["operator/Metrics/OperatorMetrics.cs", "operator/Kubernetes/Telemetry/RuntimeMetrics.cs"],
        ["console"] = ["operator/Console/ConsoleMetrics.cs"],
        ["sidecar"] = ["sidecar/Proxy/Telemetry/SidecarMetrics.cs"],
        ["inference"] = ["models/Server/Telemetry/ServerMetrics.cs"],
        ["every"] = ["crds/Telemetry/MetricSet.cs"],
    };

    private static readonly IReadOnlyList<Metric> Metrics = [.. Found().Select(found => found.Metric)
        .Distinct().OrderBy(metric => metric.Name, StringComparer.Ordinal).ThenBy(metric => metric.Program)];

    [Fact]
    public void TheList_IsThatOfTheSources()
    {
        var expected = string.Concat(Metrics.Select(
            metric => $"{metric.Program} {metric.Type} {metric.Name}{{{metric.Labels}}}\n"));
        var file = Path.Combine(Repository.Root, ListFile);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, expected);
        Assert.NotEmpty(Metrics);
        Assert.Equal(File.ReadAllText(file), expected);
    }

    [Fact]
    public void EveryMetric_IsDeclaredInItsProgramsFile() => Expect.None(
        from found in Found()
        where !Declarations[found.Metric.Program].Contains(found.File)
        select $"{found.Metric.Name} is declared in {found.File}");

    /// <summary>The type in the name, as the field writes it.</summary>
    [Fact]
    public void EveryCounter_EndsWithTotal() => Expect.None(
        from metric in Metrics
        where metric.Type == "counter" != metric.Name.EndsWith("_total", StringComparison.Ordinal)
        select $"{metric.Type} {metric.Name}");

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

    private static IEnumerable<(string File, Metric Metric)> Found() =>
        from tree in Repository.Trees
        where IsProduct(tree.Key)
        from call in tree.Value.DescendantNodes().OfType<InvocationExpressionSyntax>()
        where Makers.ContainsKey(NameOf(call.Expression)) && call.ArgumentList.Arguments.Count > 2
        let arguments = call.ArgumentList.Arguments
        let name = TextOf(arguments[0].Expression)
        where name is not null
        select (tree.Key, new Metric(
            ProgramOf(tree.Key), Makers[NameOf(call.Expression)], name, LabelsOf(arguments[2].Expression)));

    private static bool IsExported(string name) => Metrics.Any(metric => metric.Name == name
        || (metric.Type == "histogram" && name.StartsWith(metric.Name, StringComparison.Ordinal)
            && name[metric.Name.Length..] is "_bucket" or "_sum" or "_count"));

    private static bool IsProduct(string file) => file.Split('/')[0] is "operator" or "sidecar" or "models"
        || file.StartsWith("crds/Telemetry/", StringComparison.Ordinal);

    private static string ProgramOf(string file) => file.Split('/')[0] switch
    {
        "operator" when file.StartsWith("operator/Console/", StringComparison.Ordinal) => "console",
        "operator" => "operator",
        "sidecar" => "sidecar",
        "crds" => "every",
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

    /// <summary>Label names of a collection expression, in their order.</summary>
    private static string LabelsOf(ExpressionSyntax labels) => string.Join(',', labels.DescendantNodes()
        .OfType<LiteralExpressionSyntax>().Select(literal => literal.Token.ValueText));

    /// <summary>Names in an expression: words with an underscore that are no function.</summary>
    [GeneratedRegex(@"\b[a-z][a-z0-9]*_[a-z0-9_]+\b(?!\s*\()")]
    private static partial Regex Names();

    [GeneratedRegex("`(waf_[a-z0-9_]+)")]
    private static partial Regex Quoted();

    private sealed record Metric(string Program, string Type, string Name, string Labels);
}
