using System.Text;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Outside;
using WafOperator.Resources;

namespace WafOperator.Controllers.Models;

/// <summary>
/// Reads credentials out of Secrets that say of themselves that they are for artifacts and for which hosts. Any other
/// Secret is refused in the same words as one that is not there. Never kept, never logged.
/// </summary>
public sealed class ArtifactCredentials(KubernetesClient client)
{
    /// <summary>Type of such a Secret, or a label with the value <c>true</c>.</summary>
    public const string Marker = ApiGroup.Name + "/artifact-credentials";

    /// <summary>Annotation (or key <c>host</c>) with the hosts they are for, separated by commas.</summary>
    public const string HostAnnotation = ApiGroup.Name + "/host";

    private static readonly ArtifactSecret None = new();

    /// <summary>The credentials for a host, none when none are named, or a refusal.</summary>
    /// <param name="wanted">The artifact that names a Secret.</param>
    /// <param name="target">Where they would go.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public async Task<ArtifactSecret> ReadAsync(
        WantedArtifact wanted, Uri target, CancellationToken cancellationToken)
    {
        if (wanted.Artifact.CredentialsSecret is not { } name) return None;
        var key = new NamespacedName(wanted.Namespace, name);
        var secret = await ReadOrNullAsync(key, cancellationToken);
        return secret is null ? Unusable(key, target) : Of(secret, target) ?? Unusable(key, target);
    }

    /// <summary>Credentials of a Secret for a host, or null when it is not meant for that (pure).</summary>
    internal static ArtifactSecret? Of(KubernetesObject secret, Uri target)
    {
        if (secret.Text("type") != Marker && secret.Metadata.Labels.GetValueOrDefault(Marker) != "true") return null;
        string? Value(string key) =>
            secret.Text("data", key) is { } text ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : null;
        var hosts = secret.Metadata.Annotations.GetValueOrDefault(HostAnnotation) ?? Value("host") ?? "";
        var found = new ArtifactSecret
        {
            Hosts = [.. hosts.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
            Authorization = Value("token") is { } token ? $"Bearer {token.Trim()}"
                : Value("username") is { } user
                    ? "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Value("password")}")) : null,
            AccessKey = Value("accessKey"),
            SecretKey = Value("secretKey"),
            SessionToken = Value("sessionToken"),
        };
        return found.IsFor(target) ? found : null;
    }

    private async Task<KubernetesObject?> ReadOrNullAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        try
        {
            return await client.TryGetAsync(BuiltIn.Secrets, key, cancellationToken);
        }
        catch (KubernetesApiException refused) when (refused.IsForbidden)
        {
            return null;
        }
    }

    private static ArtifactSecret Unusable(NamespacedName key, Uri target) => new()
    {
        Refusal = $"Secret {key} cannot be used for {target.Host}: it must be there, readable for the operator, of "
            + $"type {Marker} (or with that label \"true\"), and its annotation {HostAnnotation} must name the host",
    };
}

/// <summary>Credentials of a source.</summary>
public sealed record ArtifactSecret
{
    /// <summary>Why there are none although some are named.</summary>
    public string? Refusal { get; init; }

    /// <summary>Value of the Authorization header.</summary>
    public string? Authorization { get; init; }

    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    /// <summary>Of a temporary access key.</summary>
    public string? SessionToken { get; init; }

    /// <summary><c>name</c>, <c>name:port</c> or <c>*.domain</c>.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>True when the Secret names the host.</summary>
    public bool IsFor(Uri target)
    {
        var host = OutsideRules.NameOf(target);
        return Hosts.Select(h => h.ToLowerInvariant()).Any(named =>
            named == host || named == $"{host}:{target.Port}" || (named.StartsWith("*.", StringComparison.Ordinal)
                && host.EndsWith(named[1..], StringComparison.Ordinal) && host.Length > named.Length - 1));
    }

    // Never shown.
    public override string ToString() => "credentials";
}
