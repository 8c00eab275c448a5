using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sync;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Packages;

namespace WafOperator.Proxy.Models;

/// <summary>
/// Packages from the operator, kept on the sidecar's own volume so that a restart needs nobody. The loader checks the digest of what either
/// gives, so neither is trusted.
/// </summary>
internal sealed class OperatorPackageSource(OperatorClient client, string? stateDirectory, PackageLimits limits) : IPackageSource
{
    private const int KeptMax = 8;

    private readonly string? _folder = stateDirectory is null ? null : Path.Combine(stateDirectory, "models");

    public async Task<ReadOnlyMemory<byte>?> FetchAsync(ModelBlob blob, CancellationToken cancellationToken)
    {
        if (_folder is not null && await ReadKeptAsync(blob, cancellationToken) is { } kept) return kept;
        using var archive = new MemoryStream();
        var problem = await client.GetBlobAsync(blob.Digest, archive, limits.ArchiveBytesMax, cancellationToken);
        await SocketThreads.LeaveAsync();
        if (problem is not null) throw new IOException($"the operator did not give package {blob.Digest}: {problem}");
        var bytes = archive.ToArray();
        if (_folder is not null && ModelPackageReader.DigestOf(bytes) == blob.Digest) Keep(_folder, blob.Digest, bytes);
        return bytes;
    }

    private async Task<ReadOnlyMemory<byte>?> ReadKeptAsync(ModelBlob blob, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_folder!, NameOf(blob.Digest));
        if (!File.Exists(path)) return null;
        var bytes = await File.ReadAllBytesAsync(path, cancellationToken);
        return ModelPackageReader.DigestOf(bytes) == blob.Digest ? bytes : null;
    }

    private static void Keep(string folder, string digest, byte[] bytes)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var old in new DirectoryInfo(folder).GetFiles("*.tar").OrderByDescending(f => f.LastWriteTimeUtc).Skip(KeptMax - 1))
                old.Delete();
            WholeFile.Write(Path.Combine(folder, NameOf(digest)), bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full volume only costs another fetch after a restart.
        }
    }

    private static string NameOf(string digest) => digest.Replace(':', '-') + ".tar";
}
