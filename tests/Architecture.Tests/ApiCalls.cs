using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>A verb that a line of the operator needs of the API server.</summary>
internal sealed record ApiCall(string Right, string Place);

/// <summary>
/// Calls of the operator to the API server that name their resource: <c>client.CreateAsync(BuiltIn.Jobs, …)</c>. What
/// is called through a
/// variable is seen where the variable is filled, or stands in the table of <see cref="RightsTests"/>.
/// </summary>
internal static partial class ApiCalls
{
    private static readonly Dictionary<string, string[]> Verbs = new(StringComparer.Ordinal)
    {
        ["GetAsync"] = ["get"], ["TryGetAsync"] = ["get"], ["ListAsync"] = ["list"], ["CreateAsync"] = ["create"],
        ["ReplaceAsync"] = ["update"], ["PatchAsync"] = ["patch"], ["DeleteAsync"] = ["delete"],
        // Server-side apply makes what is not there.
        ["ApplyAsync"] = ["create", "patch"],
    };

    public static IReadOnlyList<ApiCall> All { get; } = [.. Find()];

    private static IEnumerable<ApiCall> Find()
    {
        var names = Plurals();
        foreach (var (file, tree) in Repository.Trees.Where(t => t.Key.StartsWith("operator/",
            StringComparison.Ordinal)))
        {
            foreach (var node in tree.DescendantNodes())
            {
                var (verbs, arguments) = node switch
                {
                    InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax member } call
                        when Verbs.TryGetValue(member.Name.Identifier.Text, out var found) => (found,
                            call.ArgumentList),
                    ObjectCreationExpressionSyntax { Type: GenericNameSyntax { Identifier.Text: "Informer" } } made =>
                        (["list", "watch"], made.ArgumentList),
                    _ => ([], null),
                };
                if (arguments is null || NameIn(arguments) is not { } name) continue;
                var line = node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
                foreach (var verb in verbs)
                    yield return new($"{names.GetValueOrDefault(name, name)}: {verb}", $"{file}:{line}");
            }
        }
    }

    /// <summary>The type among the first two arguments, such as <c>BuiltIn.Jobs</c>.</summary>
    private static string? NameIn(ArgumentListSyntax arguments) => arguments.Arguments.Take(2)
        .Select(argument => argument.Expression is InvocationExpressionSyntax made ? made.Expression
            : argument.Expression)
        .OfType<MemberAccessExpressionSyntax>()
        .Where(member => member.Expression is IdentifierNameSyntax { Identifier.Text: "BuiltIn" or "ControllerKinds" })
        .Select(member => member.Name.Identifier.Text).FirstOrDefault();

    /// <summary>Plurals of the API by the names of our constants.</summary>
    private static Dictionary<string, string> Plurals()
    {
        var text = Repository.Read("operator/Kubernetes/Objects/BuiltIn.cs")
            + Repository.Read("operator/Controllers/ControllerKinds.cs");
        return Constant().Matches(text).ToDictionary(
            match => match.Groups["name"].Value, match => match.Groups["plural"].Value);
    }

    [GeneratedRegex(
        @"ResourceType<[^=]+> (?<name>[A-Za-z]+)(?:\([^)]*\))? =>?\s+(?:Namespaced|Cluster|Ours)\("
        + @"(?:\s*""[^""]*"",\s*(?:version|""[^""]*""),)?\s*""(?<plural>[a-z]+)"",")]
    private static partial Regex Constant();
}
