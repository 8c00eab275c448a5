using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>Every kind of incident that the sidecar counts is explained in sidecar/README.md, and no other.</summary>
public sealed class IncidentsPageTests
{
    private static readonly IReadOnlyList<string> Kinds = [.. Repository.Trees
        .Where(tree => tree.Key.StartsWith("sidecar/", StringComparison.Ordinal))
        .SelectMany(tree => tree.Value.DescendantNodes())
        .Where(node => node is InvocationExpressionSyntax { Expression: var called } && IsNamed(called, "Incident")
            || node is MethodDeclarationSyntax { Identifier.Text: "IncidentOf" })
        .SelectMany(node => node.DescendantNodes().OfType<LiteralExpressionSyntax>())
        .Select(literal => literal.Token.ValueText).Where(text => text.Contains('_')).Distinct()];

    private static readonly string Page = Repository.Read("sidecar/README.md");

    [Fact]
    public void EveryKind_IsOnThePage()
    {
        Assert.NotEmpty(Kinds);
        Expect.None(Kinds.Where(kind => !Page.Contains($"| `{kind}` |", StringComparison.Ordinal)));
    }

    [Fact]
    public void NoKindOnThePage_IsOfThePast() => Expect.None(Page[Page.IndexOf("| kind of", StringComparison.Ordinal)..]
        .Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Split('`')[1]).Except(Kinds));

    private static bool IsNamed(ExpressionSyntax called, string name) =>
        called is MemberAccessExpressionSyntax member && member.Name.Identifier.Text == name;
}
