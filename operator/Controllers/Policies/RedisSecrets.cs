using System.Collections.Concurrent;
using System.Text;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Policies.Compilation;

namespace WafOperator.Controllers.Policies;

/// <summary>
/// Secrets that say of themselves that sidecars may have them. Read by name, remembered for a minute (an absent one for
/// some seconds, and a known one for as long as the server does not answer); any other Secret is as good as absent.
/// </summary>
public sealed class RedisSecrets(KubernetesClient client, TimeProvider time)
{
    /// <summary>A changed Secret is noticed within this time.</summary>
    public static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan AbsentRememberedFor = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<NamespacedName, (RedisSecret Secret, DateTimeOffset Until)> _remembered = [];

    /// <summary>What the Secret holds, or why it cannot be used.</summary>
    public async Task<RedisSecret> ReadAsync(NamespacedName name, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var isKnown = _remembered.TryGetValue(name, out var known);
        if (isKnown && known.Until > now) return known.Secret;
        var secret = RedisSecret.Missing(name.Name);
        try
        {
            if (await client.TryGetAsync(BuiltIn.Secrets, name, cancellationToken) is { } found) secret = Of(found);
        }
        catch (KubernetesApiException failure)
        {
            if (failure.IsTransient && isKnown) secret = known.Secret;
        }

        _remembered[name] = (secret, now + (secret.Problem is null ? RememberedFor : AbsentRememberedFor));
        return secret;
    }

    /// <summary>Reads a Secret (pure).</summary>
    internal static RedisSecret Of(KubernetesObject secret)
    {
        var name = secret.Metadata.Name;
        if (secret.Text("type") != RedisSecret.Marker
            && secret.Metadata.Labels.GetValueOrDefault(RedisSecret.Marker) != "true") return RedisSecret.Missing(name);
        return RedisSecret.Read(name, key =>
        {
            if (secret.Text("data", key) is not { } text) return null;
            var bytes = new byte[text.Length];
            return Convert.TryFromBase64String(text, bytes, out var length)
                ? Encoding.UTF8.GetString(bytes, 0, length) : null;
        });
    }
}
