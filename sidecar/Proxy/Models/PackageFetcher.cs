using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Models;
using WafOperator.Proxy.Sync;

namespace WafOperator.Proxy.Models;

/// <summary>Fetches one package from the operator, for programs that do nothing else with it.</summary>
public static class PackageFetcher
{
    /// <summary>The bytes, or why there are none.</summary>
    public static async Task<(byte[]? Archive, string? Problem)> FetchAsync(
        OperatorAddress address, string digest, CancellationToken cancellationToken)
    {
        using var client = new OperatorClient(address);
        using var archive = new MemoryStream();
        var problem = await client.GetBlobAsync(digest, archive, PackageLimits.Default.ArchiveBytesMax, cancellationToken);
        return problem is null ? (archive.ToArray(), null) : (null, problem);
    }
}
