using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Distribution.Callers;

/// <summary>Outcome of looking at a caller: who it is, or the status and words to refuse it with.</summary>
public sealed record CallerResult(Caller? Caller, int StatusCode, string? Refusal)
{
    internal static CallerResult Refused(int status, string words) => new(null, status, words);
}

/// <summary>
/// Turns a bearer token into a caller. Answers of the API server are remembered for a short time by the token's hash, so that
/// long polls do not become TokenReviews; the token itself is never kept or logged. Bad tokens are remembered apart, so
/// that they push no good one out, and a peer that sends many of them is answered without asking. Thread-safe.
/// </summary>
public sealed class CallerAuthenticator(ITokenReviewer reviewer, TimeProvider time)
{
    private const int RememberedMax = 10_000;
    private const int RefusalsRememberedMax = 1_000;
    private const int TokenLengthMax = 16_384;
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RefusalRememberedFor = TimeSpan.FromSeconds(5);

    private readonly Memory _accepted = new(RememberedMax, RememberedFor);
    private readonly Memory _refused = new(RefusalsRememberedMax, RefusalRememberedFor);
    private readonly ReviewAllowance _allowance = ReviewAllowance.OfTokens(time);

    /// <summary>Looks at an <c>Authorization</c> header.</summary>
    /// <param name="authorization">The header.</param>
    /// <param name="peer">Who sent it, as the connection says.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<CallerResult> AuthenticateAsync(
        string? authorization, IPAddress? peer, CancellationToken cancellationToken)
    {
        if (authorization is null || !authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return CallerResult.Refused(401, "send the pod's projected service-account token as a bearer token");
        var token = authorization["Bearer ".Length..].Trim();
        if (token.Length is 0 or > TokenLengthMax) return CallerResult.Refused(401, "the token is empty or too long");

        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        var now = time.GetUtcNow();
        if (_accepted.Find(key, now) is { } accepted) return accepted;
        if (_refused.Find(key, now) is { } refused) return refused;
        if (!_allowance.TryTake(ReviewAllowance.KeyOf(peer)))
            return CallerResult.Refused(429, "too many invalid tokens came from this address; try again later");
        TokenReviewResult review;
        try
        {
            review = await reviewer.ReviewAsync(token, cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return CallerResult.Refused(503, "the API server cannot be asked about the token at present; try again");
        }

        var result = Judge(review);
        if (review.IsAuthenticated) _allowance.Return(ReviewAllowance.KeyOf(peer));
        (result.Caller is null ? _refused : _accepted).Add(key, result, now);
        return result;
    }

    private static CallerResult Judge(TokenReviewResult review)
    {
        if (!review.IsAuthenticated)
            return CallerResult.Refused(401, $"the token was not accepted: {review.Error ?? "expired, or for another audience"}");
        var parts = review.Username?.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal) is true
            ? review.Username[ServiceAccountPrefix.Length..].Split(':')
            : [];
        return parts is [{ Length: > 0 } ns, { Length: > 0 } name]
            ? new CallerResult(new Caller(ns, name, review.Pod), 200, null)
            : CallerResult.Refused(403, "only service accounts are served");
    }

    /// <summary>Results by token for a while, a bounded number.</summary>
    private sealed class Memory(int max, TimeSpan keepFor)
    {
        private readonly ConcurrentDictionary<string, (CallerResult Result, DateTimeOffset Until)> _entries = new();

        public CallerResult? Find(string key, DateTimeOffset now) =>
            _entries.TryGetValue(key, out var known) && known.Until > now ? known.Result : null;

        public void Add(string key, CallerResult result, DateTimeOffset now)
        {
            if (_entries.Count >= max)
            {
                foreach (var (old, entry) in _entries)
                {
                    if (entry.Until <= now) _entries.TryRemove(old, out _);
                }

                if (_entries.Count >= max) _entries.Clear();
            }

            _entries[key] = (result, now + keepFor);
        }
    }
}
