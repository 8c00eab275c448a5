using System.Collections.Concurrent;
using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Repository;

/// <summary>Where package bytes come from; the loader trusts none of them.</summary>
internal interface IPackageSource
{
    /// <summary>The bytes, or null when this source does not have them.</summary>
    /// <exception cref="IOException">The source could not be asked.</exception>
    Task<ReadOnlyMemory<byte>?> FetchAsync(string digest, CancellationToken cancellationToken);
}

/// <summary>
/// Packages in a folder (<c>*.tar</c>). Files are hashed once, and again when they change. Thread-safe.
/// </summary>
internal sealed class PackageFolder(string folder, PackageLimits limits) : IPackageSource
{
    private readonly ConcurrentDictionary<string, (DateTime Changed, long Length, string Digest)> _known = new();

    /// <summary>
    /// Every archive of the folder that is not too long, by name, with the signature beside it (<c>.sig</c>).
    /// </summary>
    public IEnumerable<(string Path, string? Signature)> Archives()
    {
        if (!Directory.Exists(folder)) yield break;
        foreach (var file in new DirectoryInfo(folder).GetFiles("*.tar").OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            if (file.Length > limits.ArchiveBytesMax) continue;
            var signature = new FileInfo(file.FullName + ".sig");
            const int signatureBytesMax = 4096;
            var hasSignature = signature.Exists && signature.Length <= signatureBytesMax;
            yield return (file.FullName, hasSignature ? File.ReadAllText(signature.FullName).Trim() : null);
        }
    }

    public async Task<ReadOnlyMemory<byte>?> FetchAsync(string digest, CancellationToken cancellationToken)
    {
        foreach (var (path, _) in Archives())
        {
            var file = new FileInfo(path);
            var isKnown = _known.TryGetValue(path, out var known)
                && known.Changed == file.LastWriteTimeUtc && known.Length == file.Length;
            if (isKnown && known.Digest != digest) continue;
            var archive = await File.ReadAllBytesAsync(path, cancellationToken);
            var actual = ModelPackageReader.DigestOf(archive);
            _known[path] = (file.LastWriteTimeUtc, file.Length, actual);
            if (actual == digest) return archive;
        }

        return null;
    }
}

/// <summary>
/// Packages from the operator, kept on the server's volume so that a restart needs nobody. Thread-safe.
/// </summary>
internal sealed class OperatorPackages(
    OperatorClient client, string? stateDirectory, PackageLimits limits) : IPackageSource
{
    private const int KeptMax = 16;

    private readonly string? _folder = stateDirectory is null ? null : Path.Combine(stateDirectory, "models");

    public async Task<ReadOnlyMemory<byte>?> FetchAsync(string digest, CancellationToken cancellationToken)
    {
        if (await ReadKeptAsync(digest, cancellationToken) is { } kept) return kept;
        using var archive = new MemoryStream();
        var problem = await client.GetBlobAsync(digest, archive, limits.ArchiveBytesMax, cancellationToken);
        if (problem is not null) throw new IOException($"the operator did not give package {digest}: {problem}");
        var bytes = archive.ToArray();
        if (ModelPackageReader.DigestOf(bytes) == digest) Keep(digest, bytes);
        return bytes;
    }

    private async Task<ReadOnlyMemory<byte>?> ReadKeptAsync(string digest, CancellationToken cancellationToken)
    {
        if (_folder is null || !File.Exists(PathOf(digest))) return null;
        var bytes = await File.ReadAllBytesAsync(PathOf(digest), cancellationToken);
        return ModelPackageReader.DigestOf(bytes) == digest ? bytes : null;
    }

    private void Keep(string digest, byte[] bytes)
    {
        if (_folder is null) return;
        try
        {
            Directory.CreateDirectory(_folder);
            var old = new DirectoryInfo(_folder).GetFiles("*.tar").OrderByDescending(f => f.LastWriteTimeUtc);
            foreach (var file in old.Skip(KeptMax - 1)) file.Delete();
            WholeFile.Write(PathOf(digest), bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full volume only costs another fetch after a restart.
        }
    }

    private string PathOf(string digest) => Path.Combine(_folder!, digest.Replace(':', '-') + ".tar");
}
