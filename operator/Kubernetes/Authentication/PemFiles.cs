using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Kubernetes.Authentication;

/// <summary>Reads certificates and keys in PEM form; errors name where they came from, never what they held.</summary>
internal static class PemFiles
{
    public static X509Certificate2 ClientCertificate(string certificatePem, string keyPem, string where)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new KubeconfigException(
                $"the client certificate of {where} and its key cannot be used: {e.Message.TrimEnd('.')}. " +
                "Next: check that both are PEM and belong together", e);
        }
    }

    public static X509Certificate2Collection Authorities(string pem, string where)
    {
        var result = new X509Certificate2Collection();
        try
        {
            result.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new KubeconfigException($"the certificate authority of {where} cannot be read: {e.Message}", e);
        }

        if (result.Count == 0)
            throw new KubeconfigException($"the certificate authority of {where} holds no PEM certificate");
        return result;
    }
}
