using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Certificates;

/// <summary>The Secret that holds a <see cref="CertificateState"/> (keys as in <c>kubernetes.io/tls</c>, and ours for the change).</summary>
public static class CertificateSecret
{
    /// <summary>What a Secret holds; null when it holds nothing usable.</summary>
    public static CertificateState? Read(KubernetesObject? secret)
    {
        if (secret is null) return null;
        var authority = KeyedCertificate.TryRead(Value(secret, "ca.crt"), Value(secret, "ca.key"));
        var serving = KeyedCertificate.TryRead(Value(secret, "tls.crt"), Value(secret, "tls.key"));
        if (authority is null || serving is null) return null;
        var next = KeyedCertificate.TryRead(Value(secret, "ca-next.crt"), Value(secret, "ca-next.key"));
        return new CertificateState(authority, next, Value(secret, "ca-previous.crt"), serving);
    }

    /// <summary>The serving certificate alone: Secrets given by others (cert-manager) have no authority's key.</summary>
    public static KeyedCertificate? ReadServing(KubernetesObject secret) =>
        KeyedCertificate.TryRead(Value(secret, "tls.crt"), Value(secret, "tls.key"));

    /// <summary>The object to write; with the read version, so that two writers never overwrite each other.</summary>
    public static JsonObject Write(NamespacedName key, CertificateState state, string? resourceVersion)
    {
        var data = new JsonObject
        {
            ["ca.crt"] = Base64(state.Authority.CertificatePem),
            ["ca.key"] = Base64(state.Authority.KeyPem),
            ["tls.crt"] = Base64(state.Serving.CertificatePem),
            ["tls.key"] = Base64(state.Serving.KeyPem),
        };
        if (state.NextAuthority is { } next)
        {
            data["ca-next.crt"] = Base64(next.CertificatePem);
            data["ca-next.key"] = Base64(next.KeyPem);
        }

        if (state.PreviousAuthorityPem is { } previous) data["ca-previous.crt"] = Base64(previous);
        var metadata = new JsonObject { ["namespace"] = key.Namespace, ["name"] = key.Name };
        if (resourceVersion is not null) metadata["resourceVersion"] = resourceVersion;
        return new JsonObject { ["metadata"] = metadata, ["type"] = "kubernetes.io/tls", ["data"] = data };
    }

    private static string? Value(KubernetesObject secret, string key)
    {
        try
        {
            return secret.Text("data", key) is { } text ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
