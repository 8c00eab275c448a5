using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>What bounds hostile input is itself tested: each member of the records of limits, by its name.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData("sidecar/Engine/EngineLimits.cs", "tests/Engine.Tests/", 10)]
    [InlineData("sidecar/Http/HttpLimits.cs", "tests/Http.Tests/", 10)]
    [InlineData("crds/SecLang/SecLangLimits.cs", "tests/SecLang.Tests/", 8)]
    public void EachLimit_IsSetInATest(string record, string tests, int atLeast)
    {
        var limits = Repository.Trees[record].DescendantNodes()
            .OfType<PropertyDeclarationSyntax>()
            .Where(property => property.AccessorList is not null
                && property.Modifiers.All(modifier => modifier.Text != "static"))
            .Where(property => property.Type.ToString() is "int" or "long" or "double" or "TimeSpan")
            .Select(property => property.Identifier.Text).ToArray();
        var text = string.Join('\n', Repository.Trees.Keys
            .Where(file => file.StartsWith(tests, StringComparison.Ordinal)).Select(Repository.Read));

        Assert.True(limits.Length >= atLeast, $"{record}: only {limits.Length} limits were found");
        Expect.None(limits.Where(limit => !text.Contains($"{limit} =", StringComparison.Ordinal))
            .Select(limit => $"{record}: no test sets {limit}"));
    }
}
