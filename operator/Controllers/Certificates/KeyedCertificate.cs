using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace WafOperator.Controllers.Certificates;

/// <summary>A certificate and its private key as PEM, as Secrets hold them. Immutable; text output never shows the key.</summary>
public sealed record KeyedCertificate(string CertificatePem, string KeyPem)
{
    /// <summary>When it begins to be valid.</summary>
    public DateTimeOffset NotBefore => Use(c => new DateTimeOffset(c.NotBefore.ToUniversalTime(), TimeSpan.Zero));

    /// <summary>When it ends to be valid.</summary>
    public DateTimeOffset NotAfter => Use(c => new DateTimeOffset(c.NotAfter.ToUniversalTime(), TimeSpan.Zero));

    /// <summary>When it should be replaced: at two thirds of its life, so that a third is left to notice a failure.</summary>
    public DateTimeOffset RenewAt => NotBefore + ((NotAfter - NotBefore) * 2 / 3);

    /// <summary>DNS names of a serving certificate.</summary>
    public IReadOnlyList<string> DnsNames => Use(
        c => c.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()).ToList());

    /// <summary>True when this certificate was signed by that authority.</summary>
    public bool IsSignedBy(KeyedCertificate authority)
    {
        using var certificate = X509Certificate2.CreateFromPem(CertificatePem);
        using var issuer = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(issuer);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.VerificationTime = certificate.NotBefore.AddSeconds(1);
        return chain.Build(certificate);
    }

    /// <summary>For a TLS server.</summary>
    public X509Certificate2 ToServerCertificate()
    {
        using var pem = X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
        // A key that only exists in memory is not usable for TLS on every platform; the detour by PKCS #12 is.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Null when the pair cannot be used, whatever is wrong with it.</summary>
    public static KeyedCertificate? TryRead(string? certificatePem, string? keyPem)
    {
        if (certificatePem is null || keyPem is null) return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            return new KeyedCertificate(certificatePem, keyPem);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("NotAfter = ").Append(NotAfter);
        return true;
    }

    private T Use<T>(Func<X509Certificate2, T> read)
    {
        using var certificate = X509Certificate2.CreateFromPem(CertificatePem);
        return read(certificate);
    }
}
