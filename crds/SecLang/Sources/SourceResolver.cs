namespace WafOperator.SecLang;

/// <summary>Finds the files that rules name: <c>Include</c> and the data files of <c>@pmFromFile</c>.</summary>
public abstract class SourceResolver
{
    /// <summary>A resolver that knows no file.</summary>
    public static SourceResolver None { get; } = new MemorySourceResolver(new Dictionary<string, byte[]>());

    /// <summary>
    /// The bytes of a file, or null where there is none. <paramref name="from"/> names the file that refers to it.
    /// </summary>
    public abstract ResolvedFile? Open(string path, string from, long bytesMax);

    /// <summary>
    /// The files an <c>Include</c> pattern stands for, in ordinal order; a plain name stands for itself.
    /// </summary>
    public abstract IReadOnlyList<string> Expand(string pattern, string from);
}

/// <summary>
/// A file found by a resolver. <paramref name="TooLarge"/> is set (and the bytes are left out) beyond the limit.
/// </summary>
public sealed record ResolvedFile(string Name, byte[] Bytes, bool TooLarge = false);

/// <summary>
/// Files held in memory, by name. A name is looked up as written, then relative to the folder of the file that refers
/// to it, then by its last part alone, because rule sets travel flattened.
/// </summary>
public sealed class MemorySourceResolver(IReadOnlyDictionary<string, byte[]> files) : SourceResolver
{
    /// <inheritdoc/>
    public override ResolvedFile? Open(string path, string from, long bytesMax)
    {
        foreach (var candidate in Candidates(path, from))
        {
            if (files.TryGetValue(candidate, out var bytes))
            {
                return bytes.LongLength > bytesMax
                    ? new ResolvedFile(candidate, [], TooLarge: true)
                    : new ResolvedFile(candidate, bytes);
            }
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

        var matches = new List<string>();
        foreach (var candidate in Candidates(pattern, from))
        {
            matches.AddRange(files.Keys.Where(name => Glob.IsMatch(candidate, name)));
            if (matches.Count > 0)
            {
                break;
            }
        }

        matches.Sort(StringComparer.Ordinal);
        return matches;
    }

    private static IEnumerable<string> Candidates(string path, string from)
    {
        yield return path;
        var slash = from.LastIndexOf('/');
        if (slash >= 0)
        {
            yield return from[..(slash + 1)] + path;
        }

        var last = path.LastIndexOf('/');
        if (last >= 0)
        {
            yield return path[(last + 1)..];
        }
    }
}
