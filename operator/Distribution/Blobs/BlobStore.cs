using System.Buffers;
using System.Security.Cryptography;
using WafOperator.Protocols;

namespace WafOperator.Distribution.Blobs;

/// <summary>
/// Content by SHA-256 in a folder: model packages and rule set archives. Written atomically, verified when written; the
/// oldest blobs that nobody uses go when the folder is full. Thread-safe.
/// </summary>
public sealed class BlobStore(string folder, long bytesMax)
{
    private const string Prefix = "sha256:";
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly Lock _evicting = new();

    /// <summary>Most bytes kept.</summary>
    public long BytesMax { get; } = bytesMax;

    /// <summary>True for <c>sha256:</c> and 64 lower-case hexadecimal digits: the only names that become file names.</summary>
    public static bool IsDigest(string text) =>
        text.Length == Prefix.Length + 64 && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text.AsSpan(Prefix.Length).IndexOfAnyExcept(HexDigits) < 0;

    /// <summary>True when the blob is here.</summary>
    public bool Contains(string digest) => IsDigest(digest) && File.Exists(PathOf(digest));

    /// <summary>Path of a blob that is here, or null. Touches it, so that it counts as used.</summary>
    public string? Find(string digest)
    {
        if (!Contains(digest)) return null;
        var path = PathOf(digest);
        try
        {
            File.SetLastAccessTimeUtc(path, File.GetLastWriteTimeUtc(path));
        }
        catch (IOException)
        {
            // Only the order of eviction suffers.
        }

        return path;
    }

    /// <summary>Keeps content under its digest.</summary>
    /// <returns>The digest.</returns>
    /// <param name="content">The content.</param>
    /// <param name="expected">Digest that it must have, or null.</param>
    /// <param name="isPinned">True for the digest of a blob that is in use and must stay.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <exception cref="InvalidDataException">
    /// There is no room for it, or its digest is not the expected one.
    /// </exception>
    public async Task<string> PutAsync(
        ReadOnlyMemory<byte> content, string? expected, Func<string, bool> isPinned,
        CancellationToken cancellationToken)
    {
        if (content.Length > BytesMax)
            throw new InvalidDataException($"a blob of {content.Length} bytes does not fit into a store of {BytesMax} bytes");
        var digest = Prefix + Convert.ToHexStringLower(SHA256.HashData(content.Span));
        if (expected is not null && digest != expected)
            throw new InvalidDataException($"content has digest {digest}, expected {expected}");
        if (Contains(digest)) return digest;
        Directory.CreateDirectory(folder);
        MakeRoom(content.Length, isPinned);
        var temporary = Path.Combine(folder, $".{digest[Prefix.Length..]}.{Environment.CurrentManagedThreadId}.tmp");
        await Task.Run(() => WholeFile.Write(PathOf(digest), content.Span, temporary), cancellationToken);
        return digest;
    }

    private string PathOf(string digest) => Path.Combine(folder, digest[Prefix.Length..]);

    /// <summary>Size of a blob that is here; zero of one that is not.</summary>
    public long LengthOf(string digest) => Contains(digest) ? new FileInfo(PathOf(digest)).Length : 0;

    private void MakeRoom(long bytes, Func<string, bool> isPinned)
    {
        lock (_evicting)
        {
            var files = new DirectoryInfo(folder).GetFiles().OrderBy(f => f.LastAccessTimeUtc).ToList();
            var used = files.Sum(f => f.Length);
            foreach (var file in files)
            {
                if (used + bytes <= BytesMax) return;
                if (isPinned(Prefix + file.Name)) continue;
                used -= file.Length;
                file.Delete();
            }

            if (used + bytes > BytesMax)
                throw new InvalidDataException($"the store's {BytesMax} bytes are taken by blobs in use");
        }
    }
}
