using System.Collections.Concurrent;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;

namespace WafOperator.Scoring.Packages;

/// <summary>Packages in a folder of archives (<c>*.tar</c>), found by digest. Files are hashed once and again when they change.</summary>
public sealed class FolderPackageSource(string folder, PackageLimits limits) : IPackageSource
{
    private readonly ConcurrentDictionary<string, (DateTime Changed, long Length, string Digest)> _known = new();

    public async Task<ReadOnlyMemory<byte>?> FetchAsync(ModelBlob blob, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) return null;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*.tar").Where(f => f.Length <= limits.ArchiveBytesMax))
        {
            var isKnown = _known.TryGetValue(file.Name, out var known)
                && known.Changed == file.LastWriteTimeUtc && known.Length == file.Length;
            if (isKnown && known.Digest != blob.Digest) continue;
            var archive = await File.ReadAllBytesAsync(file.FullName, cancellationToken);
            var digest = ModelPackageReader.DigestOf(archive);
            _known[file.Name] = (file.LastWriteTimeUtc, file.Length, digest);
            if (digest == blob.Digest) return archive;
        }

        return null;
    }
}
