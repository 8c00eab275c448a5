using System.Security.Cryptography;
using WafOperator.Controllers.Models;
using WafOperator.Distribution.Blobs;
using WafOperator.Operator.Host;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>One namespace's packages beside another's in one store.</summary>
public sealed class BlobPackageStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-packages-").FullName;
    private readonly List<PackageUse> _uses = [];
    private readonly BlobPackageStore _store;

    public BlobPackageStoreTests() =>
        _store = new BlobPackageStore(new BlobStore(_folder, 1_000), bytesPerNamespaceMax: 400) { Uses = () => _uses };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ANamespaceOverItsPart_IsToldSo_AndOthersKeepTheirs()
    {
        Assert.Null(await PutAsync("shop", 1, 300));
        var refusal = await PutAsync("shop", 2, 200);

        Assert.Contains("namespace shop", refusal, StringComparison.Ordinal);
        Assert.Null(await PutAsync("bank", 3, 300));
        Assert.True(_store.Contains(DigestOf(1, 300)) && _store.Contains(DigestOf(3, 300)));
    }

    [Fact]
    public async Task WhatIsNoLongerUsed_MakesRoomAndWhatIsUsedStays()
    {
        await PutAsync("shop", 1, 390);
        await PutAsync("bank", 2, 390);
        _uses[0] = _uses[0] with { IsInUse = false };

        Assert.Null(await PutAsync("shop", 3, 390));

        Assert.False(_store.Contains(DigestOf(1, 390)));
        Assert.True(_store.Contains(DigestOf(2, 390)));
    }

    [Fact]
    public async Task AStoreFullOfPackagesInUse_RefusesAndLosesNone()
    {
        foreach (var (ns, seed) in new[] { ("a", 1), ("b", 2) }) Assert.Null(await PutAsync(ns, seed, 400));

        Assert.Contains("in use", await PutAsync("c", 3, 400), StringComparison.Ordinal);

        Assert.True(_store.Contains(DigestOf(1, 400)) && _store.Contains(DigestOf(2, 400)));
    }

    private async Task<string?> PutAsync(string ns, byte seed, int length)
    {
        var refusal = await _store.PutAsync(Content(seed, length), DigestOf(seed, length), ns, CancellationToken.None);
        if (refusal is null) _uses.Add(new PackageUse(ns, DigestOf(seed, length), IsInUse: true));
        return refusal;
    }

    private async Task<string?> PutAsync(string ns, int seed, int length) => await PutAsync(ns, (byte)seed, length);

    private static byte[] Content(byte seed, int length) => [.. Enumerable.Repeat(seed, length)];

    private static string DigestOf(int seed, int length) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Content((byte)seed, length)));
}
