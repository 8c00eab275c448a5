using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Certificates;

/// <summary>What the HTTPS ports serve with, and what clients trust: all that replicas need. No key of an
/// authority.</summary>
/// <param name="Serving">Certificate and key.</param>
/// <param name="Bundle">PEM bundle that clients trust.</param>
public sealed record ServingState(KeyedCertificate Serving, string Bundle);

/// <summary>
/// The two Secrets that hold a <see cref="CertificateState"/>: the serving one (keys as in <c>kubernetes.io/tls</c>,
/// with the bundle in
/// <c>ca.crt</c>), which every replica reads, and the authority's, which the leader alone does. Whoever gets hold of a
/// serving pod's Secret
/// can pass for the operator until the certificate ends, and can sign nothing.
/// </summary>
public static class CertificateSecret
{
    /// <summary>Name of the authority's Secret.</summary>
    public const string AuthorityName = "waf-operator-authority";

    private static readonly string[] AuthorityKeys = ["ca.key", "ca-next.key"];

    /// <summary>The serving certificate and its bundle; null when the Secret holds none (a Secret of others may have
    /// no bundle).</summary>
    public static ServingState? ReadServing(KubernetesObject? secret) => secret is not null
        && KeyedCertificate.TryRead(Value(secret, "tls.crt"), Value(secret, "tls.key")) is { } serving
            ? new ServingState(serving, Value(secret, "ca.crt") ?? "") : null;

    /// <summary>
    /// The whole state out of both. Authorities in the serving Secret are of an earlier version of the operator, which
    /// knew one Secret only;
    /// the present one never writes them there, so that they are the newest where they are. Null without an authority
    /// or a serving certificate.
    /// </summary>
    public static CertificateState? Read(KubernetesObject? authority, KubernetesObject? serving)
    {
        var source = HasAuthorityKey(serving) ? serving : authority;
        if (source is null || ReadServing(serving) is not { } state) return null;
        var signing = KeyedCertificate.TryRead(Value(source, "ca.crt"), Value(source, "ca.key"));
        var next = KeyedCertificate.TryRead(Value(source, "ca-next.crt"), Value(source, "ca-next.key"));
        return signing is null ? null : new CertificateState(signing, next, Value(source, "ca-previous.crt"),
            state.Serving);
    }

    /// <summary>The authority's Secret is as it should be.</summary>
    public static bool HoldsAuthority(KubernetesObject? secret, CertificateState state) => secret is not null
        && AuthorityData(state).All(entry => Value(secret, entry.Key) == entry.Value)
        && (state.NextAuthority is not null || Value(secret, "ca-next.key") is null)
        && (state.PreviousAuthorityPem is not null || Value(secret, "ca-previous.crt") is null);

    /// <summary>The serving Secret is as it should be, and has no key of an authority.</summary>
    public static bool HoldsServing(KubernetesObject? secret, CertificateState state) =>
        !HasAuthorityKey(secret) && ReadServing(secret) == new ServingState(state.Serving, state.Bundle);

    /// <summary>The authority's Secret to write; with the read version, so that two writers never overwrite each
    /// other.</summary>
    public static JsonObject WriteAuthority(NamespacedName key, CertificateState state, string? resourceVersion) =>
        Body(key, "Opaque", AuthorityData(state), resourceVersion);

    /// <summary>The serving Secret to write.</summary>
    public static JsonObject WriteServing(NamespacedName key, CertificateState state, string? resourceVersion) => Body(
        key, "kubernetes.io/tls",
        new()
        {
            ["ca.crt"] = state.Bundle, ["tls.crt"] = state.Serving.CertificatePem, ["tls.key"] = state.Serving.KeyPem,
        },
        resourceVersion);

    private static Dictionary<string, string> AuthorityData(CertificateState state)
    {
        var data = new Dictionary<string, string>
        {
            ["ca.crt"] = state.Authority.CertificatePem, ["ca.key"] = state.Authority.KeyPem,
        };
        if (state.NextAuthority is { } next) (data["ca-next.crt"], data["ca-next.key"]) = (next.CertificatePem,
            next.KeyPem);
        if (state.PreviousAuthorityPem is { } previous) data["ca-previous.crt"] = previous;
        return data;
    }

    private static bool HasAuthorityKey(KubernetesObject? secret) =>
        secret is not null && AuthorityKeys.Any(key => Value(secret, key) is not null);

    private static JsonObject Body(
        NamespacedName key, string type, Dictionary<string, string> data, string? resourceVersion)
    {
        var metadata = new JsonObject { ["namespace"] = key.Namespace, ["name"] = key.Name };
        if (resourceVersion is not null) metadata["resourceVersion"] = resourceVersion;
        return new JsonObject
        {
            ["metadata"] = metadata,
            ["type"] = type,
            ["data"] = new JsonObject(data.Select(entry => KeyValuePair.Create<string, JsonNode?>(
                entry.Key, Convert.ToBase64String(Encoding.UTF8.GetBytes(entry.Value))))),
        };
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
}
