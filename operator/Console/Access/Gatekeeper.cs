using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Console.Store;

namespace WafOperator.Console.Access;

/// <summary>
/// Who asks and what they may see, remembered for ten seconds so that a page is not thirty questions to the API server.
/// Tokens are neither kept nor logged, only their hash. Thread-safe.
/// </summary>
public sealed class Gatekeeper(
    IReadOnlyList<ITokenSource> sources, IAccessRules rules, IEventStore store, TimeProvider time)
{
    /// <summary>Namespaces that are asked about for somebody who may not see all.</summary>
    public const int NamespacesMax = 200;

    private const int RememberedMax = 10_000;
    private const int TokenLengthMax = 16_384;
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, (SignInResult Result, DateTimeOffset Until)> _tokens = new();
    private readonly ConcurrentDictionary<string, (bool May, DateTimeOffset Until)> _rights = new();

    /// <summary>Looks at a bearer token.</summary>
    /// <exception cref="AccessUnavailableException">Those who know cannot be asked.</exception>
    public async Task<SignInResult> SignInAsync(string? token, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(token)) return SignInResult.Refused(401, "send a bearer token");
        if (token.Length > TokenLengthMax) return SignInResult.Refused(401, "the token is too long");
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        var now = time.GetUtcNow();
        if (_tokens.TryGetValue(key, out var known) && known.Until > now) return known.Result;
        SignInResult? result = null;
        foreach (var source in sources)
        {
            result = await source.ReadAsync(token, cancellationToken);
            if (result is not null) break;
        }

        result ??= SignInResult.Refused(401, "the token is none that is taken here");
        Remember(_tokens, key, (result, now + RememberedFor), now, static entry => entry.Item2);
        return result;
    }

    /// <summary>Whether a user may, in a namespace or in all of them.</summary>
    public async Task<bool> MayAsync(Viewer viewer, ConsoleRight right, string? ns, CancellationToken cancellationToken)
    {
        var key = string.Join('\0', viewer.Groups.Prepend(viewer.Name).Prepend(ns ?? "*").Prepend(right.ToString()));
        var now = time.GetUtcNow();
        if (_rights.TryGetValue(key, out var known) && known.Until > now) return known.May;
        var may = await rules.MayAsync(viewer, right, ns, cancellationToken);
        Remember(_rights, key, (may, now + RememberedFor), now, static entry => entry.Item2);
        return may;
    }

    /// <summary>What a user may see of the store: all, or namespaces that have events.</summary>
    public async Task<AccessScope> ScopeOfAsync(Viewer viewer, CancellationToken cancellationToken)
    {
        if (await MayAsync(viewer, ConsoleRight.SeeEvents, null, cancellationToken)) return AccessScope.All;
        var seen = new List<string>();
        foreach (var ns in await store.NamespacesAsync(NamespacesMax, cancellationToken))
        {
            if (await MayAsync(viewer, ConsoleRight.SeeEvents, ns, cancellationToken)) seen.Add(ns);
        }

        return AccessScope.Of(seen);
    }

    /// <summary>The same for one namespace that was asked for: nothing when it may not be seen, as if it had no
    /// events.</summary>
    public async Task<AccessScope> ScopeOfAsync(Viewer viewer, string? ns, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(ns)) return await ScopeOfAsync(viewer, cancellationToken);
        var may = await MayAsync(viewer, ConsoleRight.SeeEvents, null, cancellationToken)
            || await MayAsync(viewer, ConsoleRight.SeeEvents, ns, cancellationToken);
        return AccessScope.Of(may ? [ns] : []);
    }

    private static void Remember<T>(
        ConcurrentDictionary<string, T> memory, string key, T value, DateTimeOffset now, Func<T, DateTimeOffset> until)
    {
        if (memory.Count >= RememberedMax)
        {
            foreach (var (old, entry) in memory)
            {
                if (until(entry) <= now) memory.TryRemove(old, out _);
            }

            if (memory.Count >= RememberedMax) memory.Clear();
        }

        memory[key] = value;
    }
}
