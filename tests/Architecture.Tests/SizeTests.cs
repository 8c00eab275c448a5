using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace WafOperator.Architecture.Tests;

/// <summary>
/// Sizes as a ratchet: files of at most 400 lines, methods of at most 60, lines of at most 120 characters, at most five
/// parameters of a method, constructor or class. What is over stands in size-exceptions.txt with its size and a reason;
/// an entry may shrink and go, never grow, and shrinks with what it allows: <c>UPDATE_GOLDEN=1</c> writes the smaller
/// numbers.
/// </summary>
public sealed class SizeTests
{
    private const int FileLinesMax = 400;
    private const int MethodLinesMax = 60;
    private const int LineLengthMax = 120;
    private const int ParametersMax = 5;

    /// <summary>
    /// So much more may be allowed than is there: branches that shrink one entry beside each other need not meet in it.
    /// </summary>
    private const int UnusedMax = 3;

    private const string ExceptionsFile = "tests/Architecture.Tests/size-exceptions.txt";

    /// <summary>
    /// Key (<c>file PATH</c>, <c>method PATH NAME</c>, <c>lines PROJECT</c>, <c>parameters PROJECT</c>) to the size
    /// that is allowed; of parameters it is the number of lists that are longer.
    /// </summary>
    private static readonly Dictionary<string, int> Exceptions = ReadExceptions();

    private static readonly Dictionary<string, int> Violations = Find();

    [Fact]
    public void NothingIsLargerThanAllowed() => Expect.None(Violations
        .Where(found => found.Value > Exceptions.GetValueOrDefault(found.Key))
        .Select(found => $"{found.Key} {found.Value}"));

    [Fact]
    public void NoExceptionIsLeftOver() => Expect.None(Exceptions.Keys.Except(Violations.Keys)
        .Select(key => $"{key}: within the limit again, take it out of size-exceptions.txt"));

    [Fact]
    public void NoExceptionAllowsMoreThanIsThere()
    {
        var loose = Exceptions.Where(allowed => Violations.TryGetValue(allowed.Key, out var found)
            && allowed.Value - found > UnusedMax).ToList();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") Tighten();
        else Expect.None(loose.Select(allowed => $"{allowed.Key}: {Violations[allowed.Key]}, {allowed.Value} allowed"));
    }

    private static void Tighten()
    {
        var lines = Repository.Read(ExceptionsFile).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            foreach (var (key, allowed) in Exceptions)
            {
                if (Violations.GetValueOrDefault(key, allowed) < allowed
                    && lines[i].StartsWith($"{key} {allowed} ", StringComparison.Ordinal))
                {
                    lines[i] = $"{key} {Violations[key]} {lines[i][$"{key} {allowed} ".Length..]}";
                }
            }
        }

        File.WriteAllText(Path.Combine(Repository.Root, ExceptionsFile), string.Join('\n', lines));
    }

    private static Dictionary<string, int> Find()
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (file, tree) in Repository.Trees)
        {
            var lines = Repository.Read(file).Split('\n');
            var count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
            if (count > FileLinesMax) found[$"file {file}"] = count;
            var wide = lines.Count(line => line.TrimEnd('\r').EnumerateRunes().Count() > LineLengthMax);
            var area = $"lines {string.Join('/', file.Split('/')[..2])}";
            if (wide > 0) found[area] = found.GetValueOrDefault(area) + wide;
            var lists = tree.DescendantNodes().Count(node => ParametersOf(node) > ParametersMax);
            area = area.Replace("lines ", "parameters ", StringComparison.Ordinal);
            if (lists > 0) found[area] = found.GetValueOrDefault(area) + lists;
            foreach (var method in tree.DescendantNodes().Where(IsMethod)) AddMethod(found, file, method);
        }
        return found;
    }

    /// <summary>Parameters that a caller passes; of records they are data.</summary>
    private static int ParametersOf(SyntaxNode node) => node switch
    {
        BaseMethodDeclarationSyntax method => method.ParameterList.Parameters.Count,
        LocalFunctionStatementSyntax local => local.ParameterList.Parameters.Count,
        ClassDeclarationSyntax { ParameterList: { } list } => list.Parameters.Count,
        StructDeclarationSyntax { ParameterList: { } list } => list.Parameters.Count,
        _ => 0,
    };

    private static bool IsMethod(SyntaxNode node) => node is BaseMethodDeclarationSyntax
        or LocalFunctionStatementSyntax;

    private static void AddMethod(Dictionary<string, int> found, string file, SyntaxNode method)
    {
        var span = method.SyntaxTree.GetLineSpan(method.Span);
        var size = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
        if (size <= MethodLinesMax) return;
        var name = method switch
        {
            MethodDeclarationSyntax ordinary => ordinary.Identifier.Text,
            ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
            LocalFunctionStatementSyntax local => local.Identifier.Text,
            _ => "operator",
        };
        var key = $"method {file} {name}";
        found[key] = Math.Max(size, found.GetValueOrDefault(key));
    }

    private static Dictionary<string, int> ReadExceptions()
    {
        var result = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in Repository.Read(ExceptionsFile).Split('\n'))
        {
            var (entry, reason) = line.IndexOf('#', StringComparison.Ordinal) is var at and >= 0
                ? (line[..at].Trim(), line[(at + 1)..].Trim()) : (line.Trim(), "");
            if (entry.Length == 0) continue;
            if (reason.Length == 0) throw new InvalidDataException(
                $"{ExceptionsFile}: \"{entry}\" has no reason behind a #");
            var space = entry.LastIndexOf(' ');
            result.Add(entry[..space], int.Parse(entry[(space + 1)..], CultureInfo.InvariantCulture));
        }
        return result;
    }
}
