using WafOperator.Controllers.Models;
using WafOperator.Distribution.Blobs;

namespace WafOperator.Operator.Host;

/// <summary>Keeps verified packages where sidecars fetch them.</summary>
internal sealed class BlobPackageStore(BlobStore blobs) : IPackageStore
{
    public bool Contains(string digest) => blobs.Contains(digest);

    public async Task PutAsync(ReadOnlyMemory<byte> package, string digest, CancellationToken cancellationToken) =>
        await blobs.PutAsync(package, digest, cancellationToken);
}
