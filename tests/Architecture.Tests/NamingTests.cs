using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>Names that say nothing are refused: as folders, and as the noun (the last word) of type names.</summary>
public sealed partial class NamingTests
{
    private static readonly HashSet<string> Refused =
        new(["Common", "Core", "Shared", "Util", "Utils", "Utility", "Helper", "Helpers", "Misc", "Manager"],
            StringComparer.Ordinal);

    [Fact]
    public void NoFolder_HasARefusedName() => Assert.DoesNotContain(
        Repository.Sources.Concat(Repository.Projects), file => file.Split('/')[..^1].Any(Refused.Contains));

    [Fact]
    public void NoType_IsNamedByARefusedNoun() => Expect.None(Repository.Trees
        .SelectMany(tree => tree.Value.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
            .Where(type => Refused.Contains(Words().Matches(type.Identifier.Text).LastOrDefault()?.Value ?? ""))
            .Select(type => $"{tree.Key}: {type.Identifier.Text}")));

    [Fact]
    public void EveryNamespace_BeginsWithTheProduct() => Expect.None(Repository.Trees
        .Where(tree => !tree.Key.StartsWith("tests/", StringComparison.Ordinal))
        .SelectMany(tree => tree.Value.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
            .Where(name => !name.Name.ToString().StartsWith("WafOperator", StringComparison.Ordinal))
            .Select(name => $"{tree.Key}: {name.Name}")));

    [Fact]
    public void EveryNamespace_IsFileScoped() => Expect.None(Repository.Trees
        .Where(tree => tree.Value.DescendantNodes().OfType<NamespaceDeclarationSyntax>().Any())
        .Select(tree => tree.Key));

    [GeneratedRegex("[A-Z][a-z]*")]
    private static partial Regex Words();
}
