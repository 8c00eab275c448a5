using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Inference;

namespace WafOperator.Pools;

/// <summary>
/// The secret that the keys of all pools are made of, as every replica has it from a Secret in the operator's
/// namespace. Replaced by one
/// write; thread-safe.
/// </summary>
public sealed class PoolKeys
{
    private volatile PoolSecret? _secret;

    /// <summary>False until the Secret was read once; documents about pools wait for it.</summary>
    public bool IsKnown => _secret is not null;

    /// <summary>Takes what the Secret holds. An unusable one changes nothing.</summary>
    public void Update(KubernetesObject? secret) => _secret = PoolSecret.Read(secret) ?? _secret;

    /// <summary>Keys of a pool that its servers take, the one that sidecars use first; empty before the Secret was
    /// read.</summary>
    public IReadOnlyList<string> Of(NamespacedName pool) => _secret is not { } secret ? []
        : [.. secret.Keys.Select(key => PoolAccess.KeyOf(key, pool.Namespace, pool.Name))];

    /// <summary>
    /// Keys by which sidecars of a policy sign what clients have shown, made of the same secret and changed with it;
    /// none says anything of another, nor of a pool's. Empty before the Secret was read.
    /// </summary>
    public IReadOnlyList<string> ChallengeKeysOf(NamespacedName policy) => _secret is not { } secret ? []
        :
        [
            .. secret.Keys.Select(key => Convert.ToBase64String(HMACSHA256.HashData(
                key, Encoding.UTF8.GetBytes($"waf-challenge-key/v1\n{policy.Namespace}\n{policy.Name}")))),
        ];
}

/// <summary>
/// What the Secret holds. A new key is taken by servers first, and used by sidecars once all have it; the one before
/// stays until the next.
/// </summary>
/// <param name="Signing">The key in use.</param>
/// <param name="Since">When the newest key was made.</param>
/// <param name="Next">Taken already, used soon; null outside a change.</param>
/// <param name="Previous">Still taken; null before the first change.</param>
public sealed record PoolSecret(byte[] Signing, DateTimeOffset Since, byte[]? Next, byte[]? Previous)
{
    /// <summary>How long a key is in use.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(30);

    /// <summary>Time for a key to reach all servers of all pools: their long polls answer within seconds.</summary>
    public static readonly TimeSpan Propagation = TimeSpan.FromMinutes(10);

    private const int KeyBytes = 32;

    /// <summary>Those that are taken, the one in use first.</summary>
    public IEnumerable<byte[]> Keys => new[] { Signing, Next, Previous }.OfType<byte[]>();

    /// <summary>What should be, from what is (the same object when nothing changes), and when to look again.</summary>
    public static (PoolSecret Secret, DateTimeOffset LookAgain) Rotate(PoolSecret? current, DateTimeOffset now)
    {
        if (current is null || current.Since > now + Life) return (new(NewKey(), now, null, null), now + Life);
        if (current.Next is { } next && now >= current.Since + Propagation)
            return (new(next, current.Since, null, current.Signing), current.Since + Life);
        if (current.Next is not null) return (current, current.Since + Propagation);
        return now >= current.Since + Life
            ? (current with { Since = now, Next = NewKey() }, now + Propagation)
            : (current, current.Since + Life);
    }

    /// <summary>What a Secret holds; null when it holds nothing usable.</summary>
    public static PoolSecret? Read(KubernetesObject? secret)
    {
        var signing = Key(secret, "key");
        return signing is not null && Bytes(secret, "since") is { } since
            && DateTimeOffset.TryParse(Encoding.UTF8.GetString(since),
                CultureInfo.InvariantCulture, out var at)
                ? new(signing, at, Key(secret, "key-next"), Key(secret, "key-previous")) : null;
    }

    /// <summary>The object to write; with the read version, so that two writers never overwrite each other.</summary>
    public JsonObject Write(NamespacedName name, string? resourceVersion)
    {
        var data = new JsonObject
        {
            ["key"] = Convert.ToBase64String(Signing),
            ["since"] = Convert.ToBase64String(
                Encoding.UTF8.GetBytes(Since.ToString("O", CultureInfo.InvariantCulture))),
        };
        if (Next is not null) data["key-next"] = Convert.ToBase64String(Next);
        if (Previous is not null) data["key-previous"] = Convert.ToBase64String(Previous);
        var metadata = new JsonObject { ["namespace"] = name.Namespace, ["name"] = name.Name };
        if (resourceVersion is not null) metadata["resourceVersion"] = resourceVersion;
        return new JsonObject { ["metadata"] = metadata, ["type"] = "Opaque", ["data"] = data };
    }

    /// <summary>Never shows a key.</summary>
    public override string ToString() => $"pool keys since {Since:u}";

    private static byte[] NewKey() => RandomNumberGenerator.GetBytes(KeyBytes);

    private static byte[]? Key(KubernetesObject? secret, string name) =>
        Bytes(secret, name) is { Length: KeyBytes } key ? key : null;

    private static byte[]? Bytes(KubernetesObject? secret, string name)
    {
        if (secret?.Text("data", name) is not { } text) return null;
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}
