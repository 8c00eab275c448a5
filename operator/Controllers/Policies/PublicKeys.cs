using System.Collections.Concurrent;
using System.Text;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Policies;

/// <summary>
/// PEM public keys out of Secrets that ModelVersions name (key <c>publicKey</c>). Read by name, remembered for a minute
/// (an absent one for some seconds, and a known one for as long as the server does not answer); a Secret that is
/// absent or may not be read is left out, and the compiler says so.
/// </summary>
public sealed class PublicKeys(KubernetesClient client, TimeProvider time)
{
    private const string Field = "publicKey";
    private static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AbsentRememberedFor = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<NamespacedName, (string? Pem, DateTimeOffset Until)> _remembered = new();

    /// <summary>The keys that could be read, by the name of their Secret.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadAsync(
        string ns, IEnumerable<string> secrets, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in secrets)
        {
            if (await ReadAsync(new NamespacedName(ns, name), cancellationToken) is { } pem) keys[name] = pem;
        }

        return keys;
    }

    private async Task<string?> ReadAsync(NamespacedName secret, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_remembered.TryGetValue(secret, out var known) && known.Until > now) return known.Pem;
        string? pem = null;
        try
        {
            var found = await client.TryGetAsync(BuiltIn.Secrets, secret, cancellationToken);
            if (found?.Text("data", Field) is { } text) pem = Encoding.UTF8.GetString(Convert.FromBase64String(text));
        }
        catch (Exception failure) when (failure is FormatException or KubernetesApiException)
        {
            // Absent for the compiler, which reports it on the policy.
            if (failure is KubernetesApiException { IsTransient: true }) pem = known.Pem;
        }

        _remembered[secret] = (pem, now + (pem is null ? AbsentRememberedFor : RememberedFor));
        return pem;
    }
}
