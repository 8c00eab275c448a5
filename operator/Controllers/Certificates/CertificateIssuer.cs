using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Controllers.Certificates;

/// <summary>Makes authorities and serving certificates (ECDSA P-256, RFC 5280).</summary>
public static class CertificateIssuer
{
    public static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(365);
    public static readonly TimeSpan ServingLife = TimeSpan.FromDays(90);

    /// <summary>Clocks of nodes differ a little; a certificate is valid slightly before it is made.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    /// <summary>Makes a self-signed authority that may sign serving certificates only.</summary>
    public static KeyedCertificate Authority(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=waf-operator CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var certificate = request.CreateSelfSigned(now - ClockTolerance, now + AuthorityLife);
        return new KeyedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Makes a serving certificate.</summary>
    public static KeyedCertificate Serving(KeyedCertificate authority, IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        using var issuer = X509Certificate2.CreateFromPem(authority.CertificatePem, authority.KeyPem);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dnsNames[0]}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames) names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        var notAfter = now + ServingLife < authority.NotAfter ? now + ServingLife : authority.NotAfter;
        var notBefore = now - ClockTolerance > authority.NotBefore ? now - ClockTolerance : authority.NotBefore;
        using var certificate = request.Create(issuer, notBefore, notAfter, serial);
        return new KeyedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
