using System.Security.Cryptography.X509Certificates;

namespace WafOperator.Operator.Host;

/// <summary>
/// Recognises the API server by its client certificate, where it was given one for webhooks (kube-apiserver
/// <c>--admission-control-config-file</c>). The authority's file is read at the start.
/// </summary>
internal sealed class WebhookClients
{
    private readonly X509Certificate2Collection _roots = [];

    /// <exception cref="IOException">The file cannot be read, or holds no certificate.</exception>
    public WebhookClients(string file)
    {
        _roots.ImportFromPemFile(file);
        if (_roots.Count == 0) throw new IOException($"{file} holds no certificate in PEM form");
    }

    /// <summary>True for a certificate of that authority that is valid now.</summary>
    public bool Trusts(X509Certificate2 presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(_roots);
        return chain.Build(presented);
    }
}
