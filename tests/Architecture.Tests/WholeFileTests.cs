using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Files that must be whole after a loss of power are written in one place, which flushes them before they get their
/// name: a rename may reach the disk before the content does.
/// </summary>
public sealed class WholeFileTests
{
    private const string Writer = "crds/Protocols/WholeFile.cs";

    [Fact]
    public void NothingElse_GivesAFileItsName() => Expect.None(Renames()
        .Where(found => found.File != Writer).Select(found => $"{found.File}:{found.Line}: see {Writer}"));

    [Fact]
    public void TheWriter_IsSeenByThisTest() => Assert.Contains(Renames(), found => found.File == Writer);

    private static IEnumerable<(string File, int Line)> Renames() =>
        from tree in Repository.Trees
        where tree.Key.Split('/')[0] is "crds" or "operator" or "sidecar" or "models"
        from call in tree.Value.DescendantNodes().OfType<InvocationExpressionSyntax>()
        where call.Expression is MemberAccessExpressionSyntax { Name.Identifier.Text: "Move" or "Replace" } member
            && (member.Expression.ToString() is "File" or "System.IO.File" or "IO.File")
        select (tree.Key, call.GetLocation().GetLineSpan().StartLinePosition.Line + 1);
}
