namespace WafOperator.SecLang;

/// <summary>
/// Files under given folders, and nowhere else: a path that leaves them (by <c>..</c> or a link) is not found. Relative
/// names are sought beside the file that refers to them, then in each folder.
/// </summary>
public sealed class DirectorySourceResolver : SourceResolver
{
    private readonly string[] _roots;

    /// <summary>Creates a resolver over the given folders.</summary>
    public DirectorySourceResolver(params string[] roots) =>
        _roots = [.. roots.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)))];

    /// <inheritdoc/>
    public override ResolvedFile? Open(string path, string from, long bytesMax)
    {
        foreach (var candidate in Candidates(path, from))
        {
            var file = new FileInfo(candidate);
            if (!IsInside(candidate) || !file.Exists || !LinkStaysInside(file))
            {
                continue;
            }

            return file.Length > bytesMax
                ? new ResolvedFile(candidate, [], TooLarge: true)
                : new ResolvedFile(candidate, File.ReadAllBytes(candidate));
        }

        return null;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Expand(string pattern, string from)
    {
        if (!Glob.IsPattern(pattern))
        {
            return [pattern];
        }

        foreach (var candidate in Candidates(pattern, from))
        {
            var matches = Walk(candidate);
            if (matches.Count > 0)
            {
                return matches;
            }
        }

        return [];
    }

    private List<string> Walk(string pattern)
    {
        var parts = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var folders = new List<string> { "/" };
        for (var i = 0; i < parts.Length - 1; i++)
        {
            folders = Glob.IsPattern(parts[i])
                ? [.. folders.SelectMany(Subfolders).Where(f => Glob.IsMatch(parts[i], Path.GetFileName(f)))]
                : [.. folders.Select(folder => Path.Combine(folder, parts[i])).Where(Directory.Exists)];
        }

        var files = folders.Where(IsInside).SelectMany(folder => Directory.EnumerateFiles(folder))
            .Where(file => Glob.IsMatch(parts[^1], Path.GetFileName(file))).ToList();
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    private IEnumerable<string> Subfolders(string folder) =>
        IsInside(folder) || _roots.Any(root => root.StartsWith(folder, StringComparison.Ordinal))
            ? Directory.EnumerateDirectories(folder)
            : [];

    private IEnumerable<string> Candidates(string path, string from)
    {
        if (Path.IsPathRooted(path))
        {
            yield return Path.GetFullPath(path);
            yield break;
        }

        var beside = Path.GetDirectoryName(from);
        if (!string.IsNullOrEmpty(beside))
        {
            yield return Path.GetFullPath(Path.Combine(beside, path));
        }

        foreach (var root in _roots)
        {
            yield return Path.GetFullPath(Path.Combine(root, path));
        }
    }

    private bool IsInside(string path) => _roots.Any(root =>
        path.Equals(root, StringComparison.Ordinal) || path.StartsWith(root + "/", StringComparison.Ordinal));

    private bool LinkStaysInside(FileInfo file) =>
        file.LinkTarget is null || (file.ResolveLinkTarget(returnFinalTarget: true) is { } target
            && IsInside(target.FullName));
}
