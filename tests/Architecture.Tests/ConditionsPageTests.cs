using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Every reason that a condition or an admission can have, and every annotation, is on crds/conditions.md.
/// </summary>
public sealed class ConditionsPageTests
{
    private const string Page = "crds/conditions.md";

    /// <summary>Enums whose names become reasons.</summary>
    private static readonly string[] ReasonEnums = ["FindingKind", "ModelPhase", "SkipReason", "DenyReason",
        "SinkProblem"];

    [Fact]
    public void EveryReason_IsOnThePage()
    {
        var page = Repository.Read(Page);
        var reasons = Repository.Trees.Where(tree => tree.Key.StartsWith("operator/", StringComparison.Ordinal)
                || tree.Key.StartsWith("crds/", StringComparison.Ordinal))
            .SelectMany(tree => Literals(tree.Value).Concat(EnumNames(tree.Value)));
        Expect.None(reasons.Distinct().Where(reason => !page.Contains($"`{reason}`", StringComparison.Ordinal)));
    }

    [Fact]
    public void EveryAnnotation_IsOnThePage()
    {
        var page = Repository.Read(Page);
        var names = Repository.Trees["crds/Resources/CustomResource.cs"].DescendantNodes()
            .OfType<LiteralExpressionSyntax>()
            .Select(literal => literal.Token.ValueText).Where(text => text.StartsWith('/') && text.Length > 1);
        Expect.None(names.Where(name => !page.Contains($"`wafoperator.dev{name}`", StringComparison.Ordinal)));
    }

    /// <summary>Texts that stand right behind a <c>ConditionStatus</c> in a list of arguments or a tuple.</summary>
    private static IEnumerable<string> Literals(SyntaxNode tree)
    {
        foreach (var status in tree.DescendantNodes().OfType<MemberAccessExpressionSyntax>())
        {
            if (status.Expression.ToString() != "ConditionStatus" || status.Parent is not ArgumentSyntax argument)
                continue;
            var siblings = argument.Parent!.ChildNodes().OfType<ArgumentSyntax>().ToList();
            if (siblings.ElementAtOrDefault(siblings.IndexOf(argument) + 1)?.Expression is not { } reason) continue;
            var literals = reason is ConditionalExpressionSyntax choice ? [choice.WhenTrue, choice.WhenFalse]
                : (ExpressionSyntax[])[reason];
            foreach (var literal in literals.OfType<LiteralExpressionSyntax>()) yield return literal.Token.ValueText;
        }
    }

    private static IEnumerable<string> EnumNames(SyntaxNode tree) =>
        tree.DescendantNodes().OfType<EnumDeclarationSyntax>()
        .Where(type => ReasonEnums.Contains(type.Identifier.Text)).SelectMany(type => type.Members)
        .Select(member => member.Identifier.Text);
}
