using WafOperator.Controllers.Models;
using WafOperator.Controllers.Pools;
using WafOperator.Distribution.Blobs;
using WafOperator.Protocols.Models;

namespace WafOperator.Operator.Host;

/// <summary>
/// Keeps verified packages where sidecars and pools fetch them. No namespace takes more than its part of the store, and
/// none pushes out what another uses.
/// </summary>
internal sealed class BlobPackageStore(BlobStore blobs, long bytesPerNamespaceMax) : IPackageStore, IPackageReader
{
    /// <summary>Packages that are owned now; set once the controllers are there.</summary>
    public Func<IEnumerable<PackageUse>> Uses { get; set; } = static () => [];

    public bool Contains(string digest) => blobs.Contains(digest);

    public async Task<string?> PutAsync(
        ReadOnlyMemory<byte> package, string digest, string ns, CancellationToken cancellationToken)
    {
        var inUse = Uses().Where(use => use.IsInUse).ToList();
        var own = inUse.Where(use => use.Namespace == ns && use.Digest != digest).Select(use => use.Digest).Distinct();
        var used = own.Sum(blobs.LengthOf);
        if (used + package.Length > bytesPerNamespaceMax)
        {
            return $"packages of namespace {ns} that are in use take {used} bytes; with this one ({package.Length}) "
                + $"they would take more than the {bytesPerNamespaceMax} that a namespace may have: delete versions "
                + "that are no longer needed";
        }

        var pinned = inUse.Select(use => use.Digest).ToHashSet(StringComparer.Ordinal);
        try
        {
            await blobs.PutAsync(package, digest, pinned.Contains, cancellationToken);
            return null;
        }
        catch (InvalidDataException full)
        {
            return full.Message;
        }
    }

    public async Task<ModelPackage?> ReadAsync(string digest, CancellationToken cancellationToken)
    {
        if (!BlobStore.IsDigest(digest) || blobs.Find(digest) is not { } path) return null;
        var content = await File.ReadAllBytesAsync(path, cancellationToken);
        return ModelPackageReader.Read(content, digest, PackageLimits.Default).Package;
    }
}
