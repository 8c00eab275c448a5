using System.Text.RegularExpressions;

namespace WafOperator.Architecture.Tests;

/// <summary>A link from one page to a file or heading of the repository leads there.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> Pages =>
        [.. Repository.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Pages))]
    public void EveryLink_LeadsSomewhere(string page) => Expect.None(Link().Matches(Repository.Read(page))
        .Select(match => match.Groups[1].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal)
            && !target.StartsWith("mailto:", StringComparison.Ordinal))
        .Where(target => !Exists(page, target)));

    private static bool Exists(string page, string target)
    {
        var (path, heading) = target.IndexOf('#', StringComparison.Ordinal) is var at and >= 0
            ? (target[..at], target[(at + 1)..]) : (target, "");
        var full = path.Length == 0
            ? Path.Combine(Repository.Root, page)
            : Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, path));
        if (Directory.Exists(full)) return heading.Length == 0;
        return File.Exists(full) && (heading.Length == 0 || Headings(File.ReadAllText(full)).Contains(heading));
    }

    /// <summary>Anchors as forges make them: lower case, punctuation dropped, spaces as hyphens.</summary>
    private static HashSet<string> Headings(string page) =>
        [.. Heading().Matches(page).Select(match => NotInAnchor()
            .Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\- _]")]
    private static partial Regex NotInAnchor();
}
