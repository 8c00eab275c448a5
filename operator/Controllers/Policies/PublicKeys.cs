using System.Collections.Concurrent;
using System.Text;
using WafOperator.Controllers.Models;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Policies;

/// <summary>
/// PEM public keys for signatures: those that the installation trusts, and, where unsigned packages are allowed, those of
/// Secrets that ModelVersions name (key <c>publicKey</c>). Secrets are read by name, remembered for a minute (an absent
/// one for some seconds, and a known one for as long as the server does not answer).
/// </summary>
public sealed class PublicKeys(KubernetesClient client, TimeProvider time, PackageTrust trust)
{
    private const string Field = "publicKey";
    private static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AbsentRememberedFor = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<NamespacedName, (string? Pem, DateTimeOffset Until)> _remembered = new();

    /// <summary>The name under which <see cref="ReadAsync"/> gives the keys for a signature.</summary>
    public static string NameOf(ModelSignature signature) => signature.PublicKeySecret ?? "";

    public static IEnumerable<string> NamesOf(params ModelSignature?[] signatures) =>
        signatures.OfType<ModelSignature>().Select(NameOf).Distinct();

    /// <summary>The keys for signatures, by the Secret they name; "" for those that name none.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadAsync(
        string ns, IEnumerable<string> secrets, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in secrets)
        {
            var own = name.Length > 0 && trust.AllowsUnsigned
                ? await ReadAsync(new NamespacedName(ns, name), cancellationToken) : null;
            if (trust.KeysFor(own) is { } pem) keys[name] = pem;
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
