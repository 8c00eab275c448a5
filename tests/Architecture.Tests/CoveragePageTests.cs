using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>Every reason why something was not inspected is on docs/coverage.md with its kind, and no other.</summary>
public sealed class CoveragePageTests
{
    private const string Source = "crds/Protocols/Events/InspectionCoverage.cs";

    /// <summary>Reason and kind, as <c>UninspectedKinds.Of</c> has them.</summary>
    private static readonly IReadOnlyList<string> Rows = [.. Repository.Trees[Source].DescendantNodes()
        .OfType<SwitchExpressionArmSyntax>().SelectMany(arm => NamesIn(arm.Pattern, "UninspectedReason")
            .SelectMany(reason => NamesIn(arm.Expression, "UninspectedKind")
                .Select(kind => $"| `{reason}` | {kind} |")))];

    private static readonly string Page = Repository.Read("docs/coverage.md");

    [Fact]
    public void EveryReason_IsOnThePageWithItsKind()
    {
        Assert.NotEmpty(Rows);
        Expect.None(Rows.Where(row => !Page.Contains(row, StringComparison.Ordinal)));
    }

    [Fact]
    public void NoReasonOnThePage_IsOfThePast() => Expect.None(Page
        [Page.IndexOf("| reason |", StringComparison.Ordinal)..].Split('\n')
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => string.Join('|', line.Split('|')[..3]) + "|").Except(Rows));

    private static IEnumerable<string> NamesIn(Microsoft.CodeAnalysis.SyntaxNode node, string type) =>
        node.DescendantNodesAndSelf().OfType<MemberAccessExpressionSyntax>()
            .Where(member => member.Expression.ToString() == type).Select(member => member.Name.Identifier.Text);
}
