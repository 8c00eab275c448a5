using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>A leaf of a spec: its path as <c>kubectl explain</c> names it, and the property behind it.</summary>
internal sealed record SpecField(string Path, IPropertySymbol Symbol);

/// <summary>
/// Every leaf of every spec, and which of them are read. Sources are bound by the compiler, so that <c>Name</c> of one
/// type is not
/// taken for that of another. Generated code and other packages are not there: what speaks of them stays unbound,
/// which does no harm.
/// </summary>
internal static class SpecFields
{
    private const string Namespace = "WafOperator.Resources";

    private static readonly string[] Kinds =
    [
        "Policies.WafPolicy", "Exclusions.WafExclusion", "Models.ModelVersion", "Pools.InferencePool",
        "Policies.ApiSchema", "Policies.WafSink",
    ];

    private static readonly string[] Product = ["crds/", "operator/", "sidecar/", "models/"];

    // Lazy, not static fields: threads that search for reads would wait for the type's initializer, which waits for
    // them.
    private static readonly Lazy<CSharpCompilation> LazyCompilation = new(Compile);
    private static readonly Lazy<IReadOnlyList<SpecField>> LazyAll = new(() => [.. Kinds.SelectMany(Leaves)]);
    private static readonly Lazy<HashSet<ISymbol>> LazyReads = new(FindReads);

    public static IReadOnlyList<SpecField> All => LazyAll.Value;

    /// <summary>Properties of specs that code outside <c>crds/</c> reads.</summary>
    public static HashSet<ISymbol> Reads => LazyReads.Value;

    private static CSharpCompilation Compilation => LazyCompilation.Value;

    private static CSharpCompilation Compile()
    {
        var usings = string.Concat(new[]
        {
            "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Threading",
                "System.Threading.Tasks",
        }.Select(name => $"global using {name};\n"));
        var trees = Repository.Trees.Where(tree => IsProduct(tree.Key)).Select(tree => tree.Value.SyntaxTree);
        var parsed = CSharpSyntaxTree.ParseText(usings,
            CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview));
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(file => MetadataReference.CreateFromFile(file));
        return CSharpCompilation.Create("product", [parsed, .. trees], platform);
    }

    private static IEnumerable<SpecField> Leaves(string kind)
    {
        var type = Compilation.GetTypeByMetadataName($"{Namespace}.{kind}")
            ?? throw new InvalidOperationException($"{kind} is not there");
        var spec = (INamedTypeSymbol)type.GetMembers("Spec").OfType<IPropertySymbol>().Single().Type;
        return Leaves(spec, $"{type.Name}.spec");
    }

    private static IEnumerable<SpecField> Leaves(INamedTypeSymbol type, string path)
    {
        foreach (var property in type.GetMembers().OfType<IPropertySymbol>()
            .Where(p => p is { IsStatic: false, DeclaredAccessibility: Accessibility.Public }))
        {
            var name = $"{path}.{JsonNamingPolicy.CamelCase.ConvertName(property.Name)}";
            var (inner, isList) = property.Type is INamedTypeSymbol { Name: "IReadOnlyList" } list
                ? ((INamedTypeSymbol)list.TypeArguments[0], true) : (property.Type as INamedTypeSymbol, false);
            if (inner is null || !IsOurs(inner)) yield return new(name, property);
            else foreach (var leaf in Leaves(inner, isList ? name + "[]" : name)) yield return leaf;
        }
    }

    private static bool IsOurs(INamedTypeSymbol type) => type is { TypeKind: TypeKind.Class, IsRecord: true }
        && type.ContainingNamespace.ToDisplayString().StartsWith(Namespace, StringComparison.Ordinal);

    private static HashSet<ISymbol> FindReads()
    {
        var wanted = All.Select(field => field.Symbol.Name).ToHashSet();
        var trees = Repository.Trees.Where(tree => IsProduct(tree.Key) && !tree.Key.StartsWith("crds/",
            StringComparison.Ordinal));
        return trees.AsParallel().SelectMany(tree =>
        {
            var model = Compilation.GetSemanticModel(tree.Value.SyntaxTree);
            return tree.Value.DescendantNodes().OfType<IdentifierNameSyntax>()
                .Where(name => wanted.Contains(name.Identifier.Text) && !IsWritten(name))
                .Select(name => model.GetSymbolInfo(name).Symbol).OfType<IPropertySymbol>().ToList();
        }).ToHashSet<ISymbol>(SymbolEqualityComparer.Default);
    }

    private static bool IsProduct(string file) => Product.Any(folder => file.StartsWith(folder,
        StringComparison.Ordinal));

    private static bool IsWritten(IdentifierNameSyntax name) =>
        name.Parent is AssignmentExpressionSyntax assignment && assignment.Left == name;
}
