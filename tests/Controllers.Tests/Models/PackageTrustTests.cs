using System.Security.Cryptography;
using WafOperator.Controllers.Models;
using WafOperator.Protocols.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>Whose packages are taken: the administrator's keys decide, not the namespace.</summary>
public sealed class PackageTrustTests : IDisposable
{
    private static readonly PackageIdentity Gate = new("gate", "1.0.0", "sha256:" + new string('a', 64));

    private readonly ECDsa _trusted = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _tenant = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-trust-").FullName;

    [Theory]
    [InlineData(false, "none", "none", false)]
    [InlineData(false, "trusted", "none", true)]
    [InlineData(false, "trusted", "tenant", true)]
    [InlineData(false, "tenant", "none", false)]
    [InlineData(false, "tenant", "tenant", false)]
    [InlineData(true, "none", "none", true)]
    [InlineData(true, "trusted", "none", true)]
    [InlineData(true, "tenant", "tenant", true)]
    [InlineData(true, "tenant", "none", false)]
    [InlineData(true, "garbage", "tenant", false)]
    public void APackage_IsTakenBySignature(bool allowUnsigned, string signedBy, string namespaceKey, bool isTaken)
    {
        var trust = new PackageTrust(_trusted.ExportSubjectPublicKeyInfoPem(), allowUnsigned, null);
        var signature = signedBy switch
        {
            "trusted" => PackageSignature.Sign(Gate, _trusted),
            "tenant" => PackageSignature.Sign(Gate, _tenant),
            "garbage" => "AAAA",
            _ => null,
        };
        var keys = trust.KeysFor(namespaceKey == "tenant" ? _tenant.ExportSubjectPublicKeyInfoPem() : null);

        Assert.Equal(isTaken, trust.Refusal(Gate, signature, keys) is null);
    }

    [Fact]
    public void WithoutAnyTrustedKey_NoSignatureHelps()
    {
        var trust = new PackageTrust("", allowUnsigned: false, null);

        Assert.Null(trust.KeysFor(_tenant.ExportSubjectPublicKeyInfoPem()));
        Assert.Contains("trust.keys", trust.Refusal(Gate, PackageSignature.Sign(Gate, _tenant), null)!,
            StringComparison.Ordinal);
    }

    [Fact]
    public void PackagesOfTheImage_AreTakenByTheirDigest_WithoutASignature()
    {
        File.WriteAllText(Path.Combine(_folder, "gate-1.0.0.tar"), "a package");
        var trust = new PackageTrust("", allowUnsigned: false, _folder);

        Assert.Null(trust.Refusal(
            Gate with { Digest = ModelPackageReader.DigestOf("a package"u8) }, null, null));
        Assert.NotNull(trust.Refusal(Gate, null, null));
    }

    [Fact]
    public void KeysOfAFolder_AreRead_AndAFileWithoutOneIsRefused()
    {
        using var rsa = RSA.Create(2048);
        File.WriteAllText(Path.Combine(_folder, "a.pem"),
            $"{_trusted.ExportSubjectPublicKeyInfoPem()}\n{rsa.ExportSubjectPublicKeyInfoPem()}\n");
        Assert.Equal(2, PackageSignature.KeysOf(PackageTrust.Read(_folder, false, null).KeysPem).Count());
        Assert.Equal("", PackageTrust.Read(_folder + "/nowhere", false, null).KeysPem);

        File.WriteAllText(Path.Combine(_folder, "b.pem"), "no key");
        Assert.Throws<FormatException>(() => PackageTrust.Read(_folder, false, null));
    }

    public void Dispose()
    {
        _trusted.Dispose();
        _tenant.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
