using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// At most five parameters for a method or constructor; records are lists of named values and may have more. What was
/// over stands in parameter-exceptions.txt: an entry may shrink and go, never grow.
/// </summary>
public sealed class ParameterTests
{
    private const int ParametersMax = 5;
    private const string ExceptionsFile = "tests/Architecture.Tests/parameter-exceptions.txt";

    private static readonly Dictionary<string, int> Allowed = Repository.Read(ExceptionsFile).Split('\n')
        .Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0)
        .Select(line => line.Split(' '))
        .ToDictionary(parts => $"{parts[0]} {parts[1]}", parts => int.Parse(parts[2]), StringComparer.Ordinal);

    private static readonly Dictionary<string, int> Found = Find();

    [Fact]
    public void NothingTakesMoreThanAllowed() => Expect.None(Found
        .Where(found => found.Value > Allowed.GetValueOrDefault(found.Key))
        .Select(found => $"{found.Key} {found.Value}"));

    [Fact]
    public void NoExceptionIsLeftOver() => Expect.None(Allowed
        .Where(entry => Found.GetValueOrDefault(entry.Key) < entry.Value)
        .Select(entry => $"{entry.Key} {Found.GetValueOrDefault(entry.Key)}: lower it in parameter-exceptions.txt"));

    private static Dictionary<string, int> Find()
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (file, tree) in Repository.Trees)
        {
            if (file.Contains("tests/", StringComparison.Ordinal)) continue;
            foreach (var node in tree.DescendantNodes())
            {
                if (Parameters(node) is not var (name, list)) continue;
                if (list.Parameters.Count <= ParametersMax) continue;
                var key = $"{file} {name}";
                found[key] = Math.Max(list.Parameters.Count, found.GetValueOrDefault(key));
            }
        }

        return found;
    }

    private static (string, ParameterListSyntax)? Parameters(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method when !method.Modifiers.Any(SyntaxKind.OverrideKeyword)
            && !IsLoggerMessage(method) => (method.Identifier.Text, method.ParameterList),
        ConstructorDeclarationSyntax constructor => (constructor.Identifier.Text, constructor.ParameterList),
        ClassDeclarationSyntax { ParameterList: { } list } type => (type.Identifier.Text, list),
        LocalFunctionStatementSyntax local => (local.Identifier.Text, local.ParameterList),
        _ => null,
    };

    /// <summary>Its parameters are the fields of a log line.</summary>
    private static bool IsLoggerMessage(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(list => list.Attributes)
            .Any(attribute => attribute.Name.ToString() is "LoggerMessage");
}
