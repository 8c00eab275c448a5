using System.Net.Http.Headers;
using System.Text;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Models;

/// <summary>Reads credentials out of Secrets by name; never kept, never logged.</summary>
public sealed class ArtifactCredentials(KubernetesClient client)
{
    /// <summary>The credentials, or null when none are named or the Secret is not there.</summary>
    public async Task<ArtifactSecret?> ReadAsync(string ns, string? name, CancellationToken cancellationToken)
    {
        if (name is null) return null;
        if (await client.TryGetAsync(BuiltIn.Secrets, new NamespacedName(ns, name), cancellationToken)
            is not { } secret) return null;
        string? Value(string key) =>
            secret.Text("data", key) is { } text ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : null;
        AuthenticationHeaderValue? authorization = null;
        if (Value("token") is { } token) authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
        else if (Value("username") is { } user)
        {
            authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Value("password")}")));
        }

        return new ArtifactSecret(authorization, Value("accessKey"), Value("secretKey"));
    }
}
