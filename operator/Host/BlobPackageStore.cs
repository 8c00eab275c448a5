using WafOperator.Controllers.Models;
using WafOperator.Controllers.Pools;
using WafOperator.Distribution.Blobs;
using WafOperator.Protocols.Models;

namespace WafOperator.Operator.Host;

/// <summary>Keeps verified packages where sidecars and pools fetch them.</summary>
internal sealed class BlobPackageStore(BlobStore blobs) : IPackageStore, IPackageReader
{
    public bool Contains(string digest) => blobs.Contains(digest);

    public async Task PutAsync(ReadOnlyMemory<byte> package, string digest, CancellationToken cancellationToken) =>
        await blobs.PutAsync(package, digest, cancellationToken);

    public async Task<ModelPackage?> ReadAsync(string digest, CancellationToken cancellationToken)
    {
        if (!BlobStore.IsDigest(digest) || blobs.Find(digest) is not { } path) return null;
        var content = await File.ReadAllBytesAsync(path, cancellationToken);
        return ModelPackageReader.Read(content, digest, PackageLimits.Default).Package;
    }
}
