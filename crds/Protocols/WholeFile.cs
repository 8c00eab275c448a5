namespace WafOperator.Protocols;

/// <summary>
/// Files that are there whole or as they were before, also when the machine loses power: written under another name,
/// flushed to the disk, then renamed. A rename alone may reach the disk before the content does, and leaves an empty file.
/// </summary>
public static class WholeFile
{
    /// <summary>What is put behind the name of a file until it is whole.</summary>
    public const string DraftSuffix = ".new";

    /// <summary>Writes a file, or replaces one.</summary>
    /// <param name="path">The file; its folder is there.</param>
    /// <param name="content">All of it.</param>
    /// <param name="draft">Its other name meanwhile, where several may write it at once; null for the usual one.</param>
    /// <exception cref="IOException">It cannot be written; what was there before stays.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, string? draft = null)
    {
        draft ??= path + DraftSuffix;
        using (var stream = Begin(draft))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>The same, for content that is made while it is written.</summary>
    /// <param name="path">The file; its folder is there.</param>
    /// <param name="write">Writes the content and leaves the stream open.</param>
    /// <exception cref="IOException">It cannot be written; what was there before stays.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using (var stream = Begin(path + DraftSuffix))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(path + DraftSuffix, path, overwrite: true);
    }

    /// <summary>The same, for content that others are waited for.</summary>
    /// <param name="path">The file; its folder is there.</param>
    /// <param name="write">Writes the content and leaves the stream open.</param>
    /// <exception cref="IOException">It cannot be written; what was there before stays.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static async Task WriteAsync(string path, Func<Stream, Task> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        await using (var stream = Begin(path + DraftSuffix))
        {
            await write(stream).ConfigureAwait(false);
            stream.Flush(flushToDisk: true);
        }

        File.Move(path + DraftSuffix, path, overwrite: true);
    }

    private static FileStream Begin(string draft) => new(draft, FileMode.Create, FileAccess.Write, FileShare.None);
}
