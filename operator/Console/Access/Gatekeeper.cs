using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using WafOperator.Console.Store;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Access;

/// <summary>
/// Who asks and what they may see, remembered for ten seconds so that a page is not thirty questions to the API server.
/// Tokens are neither kept nor logged, only their hash. Bad tokens are remembered apart, so that they push no good one
/// out; an address that sends many of them, and a user who asks about many namespaces, is answered without asking, and
/// few questions are asked at once. Thread-safe.
/// </summary>
public sealed class Gatekeeper(
    IReadOnlyList<ITokenSource> sources, IAccessRules rules, IEventStore store, TimeProvider time)
{
    /// <summary>Namespaces that are asked about for somebody who may not see all.</summary>
    public const int NamespacesMax = 200;

    private const int TokenLengthMax = 16_384;
    private const int NameLengthMax = 63;

    /// <summary>Questions to the API server at once.</summary>
    private const int QuestionsMax = 16;

    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(10);

    /// <summary>A token that was good is asked about again whoever else sends bad ones from its address.</summary>
    private static readonly TimeSpan KnownFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ShortMemory<SignInResult> _accepted = new(10_000, RememberedFor);
    private readonly ShortMemory<SignInResult> _refused = new(5_000, RememberedFor);
    private readonly ShortMemory<bool> _known = new(10_000, KnownFor);
    private readonly ShortMemory<bool> _rights = new(10_000, RememberedFor);
    private readonly ShortMemory<Walk> _walks = new(2_000, KnownFor);
    private readonly ReviewAllowance _tokens = ReviewAllowance.OfTokens(time);
    private readonly ReviewAllowance _questions = new(time, 5 * NamespacesMax, TimeSpan.FromMilliseconds(20));

    /// <summary>Holds one for each question that is being asked; who finds it full waits in line.</summary>
    private readonly Channel<bool> _asking = Channel.CreateBounded<bool>(QuestionsMax);

    /// <summary>Looks at a bearer token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="peer">Who sent it, as the connection says.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="AccessUnavailableException">Those who know cannot be asked.</exception>
    public async Task<SignInResult> SignInAsync(string? token, IPAddress? peer, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(token)) return SignInResult.Refused(401, "send a bearer token");
        if (token.Length > TokenLengthMax) return SignInResult.Refused(401, "the token is too long");
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        var now = time.GetUtcNow();
        if (_accepted.TryFind(key, now, out var accepted)) return accepted;
        if (_refused.TryFind(key, now, out var refused)) return refused;
        var address = ReviewAllowance.KeyOf(peer);
        var isKnown = _known.TryFind(key, now, out _);
        if (!isKnown && !_tokens.TryTake(address))
            return SignInResult.Refused(429, "too many invalid tokens came from this address; try again later");
        SignInResult result;
        try
        {
            result = await AskAsync(() => ReadAsync(token, cancellationToken), cancellationToken);
        }
        catch (Exception)
        {
            // Nobody said that the token is invalid.
            if (!isKnown) _tokens.Return(address);
            throw;
        }

        if (result.Viewer is null)
        {
            _refused.Add(key, result, now);
            return result;
        }

        if (!isKnown) _tokens.Return(address);
        _known.Add(key, true, now);
        _accepted.Add(key, result, now);
        return result;
    }

    /// <summary>Whether a user may, in a namespace or in all of them.</summary>
    /// <exception cref="AccessUnavailableException">Those who know cannot be asked, or were asked too much.</exception>
    public async Task<bool> MayAsync(Viewer viewer, ConsoleRight right, string? ns, CancellationToken cancellationToken)
    {
        // What can be no namespace has no events, and is no question.
        if (ns is { Length: 0 or > NameLengthMax } || ns?.All(IsNameCharacter) is false) return false;
        var key = string.Join('\0', viewer.Groups.Prepend(viewer.Name).Prepend(ns ?? "*").Prepend(right.ToString()));
        var now = time.GetUtcNow();
        if (_rights.TryFind(key, now, out var known)) return known;
        if (!_questions.TryTake(viewer.Name))
            throw new AccessUnavailableException("too many rights were asked about; try again later", null);
        var may = await AskAsync(() => rules.MayAsync(viewer, right, ns, cancellationToken), cancellationToken);
        _rights.Add(key, may, now);
        return may;
    }

    /// <summary>
    /// What a user may see of the store: all, or namespaces that have events. Of many, some are asked about at a time:
    /// those that the user was found to see, and further ones each time, until it is known of all.
    /// </summary>
    public async Task<AccessScope> ScopeOfAsync(Viewer viewer, CancellationToken cancellationToken)
    {
        if (await MayAsync(viewer, ConsoleRight.SeeEvents, null, cancellationToken)) return AccessScope.All;
        var key = string.Join('\0', viewer.Groups.Prepend(viewer.Name));
        var now = time.GetUtcNow();
        _walks.TryFind(key, now, out var walk);
        var goesOn = walk is not null && now - walk.At >= RememberedFor;
        var start = walk is null ? "" : goesOn ? walk.End : walk.Start;
        var found = await store.NamespacesAsync(start, NamespacesMax + 1, cancellationToken);
        var isLast = found.Count <= NamespacesMax;
        var asked = found.Take(NamespacesMax).ToList();
        var seen = new List<string>();
        foreach (var ns in asked.Union(walk?.Granted ?? [], StringComparer.Ordinal))
        {
            if (await MayAsync(viewer, ConsoleRight.SeeEvents, ns, cancellationToken)) seen.Add(ns);
        }

        var isWhole = isLast || walk?.IsWhole is true;
        _walks.Add(
            key,
            new Walk(start, isLast ? "" : asked[^1], walk is null || goesOn ? now : walk.At, isWhole,
                [.. seen.Take(NamespacesMax)]),
            now);
        return AccessScope.Of(seen) with { IsPartial = !isWhole || seen.Count > NamespacesMax };
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

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-';

    private async Task<SignInResult> ReadAsync(string token, CancellationToken cancellationToken)
    {
        foreach (var source in sources)
        {
            if (await source.ReadAsync(token, cancellationToken) is { } result) return result;
        }

        return SignInResult.Refused(401, "the token is none that is taken here");
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> question, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await _asking.Writer.WriteAsync(true, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AccessUnavailableException("too many are being asked about at present; try again", null);
        }

        try
        {
            return await question();
        }
        finally
        {
            _asking.Reader.TryRead(out _);
        }
    }

    /// <summary>How far it is known which namespaces a user sees.</summary>
    /// <param name="Start">Behind this name those begin that were asked about last.</param>
    /// <param name="End">The last of them; empty behind the last of all.</param>
    /// <param name="At">When that began.</param>
    /// <param name="IsWhole">All were asked about within the hour.</param>
    /// <param name="Granted">Those that the user sees.</param>
    private sealed record Walk(
        string Start, string End, DateTimeOffset At, bool IsWhole, IReadOnlyList<string> Granted);
}
