using Microsoft.AspNetCore.Http;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Logins;

/// <summary>
/// The places of a policy where users sign in. Counters of a place that did not change live on across a reload.
/// Thread-safe.
/// </summary>
internal sealed class LoginProgram
{
    private readonly LoginState[] _states;
    private readonly TimeProvider _time;
    private readonly ReplicaSharing _sharing;

    public LoginProgram(
        IReadOnlyList<LoginPolicy> logins, TimeProvider time, ReplicaSharing sharing, LoginProgram? previous)
    {
        _time = time;
        _sharing = sharing;
        var same = previous?._sharing.Hashes.IsSame(sharing.Hashes) is true ? previous : null;
        _states =
        [
            .. logins.Select(login => Array.Find(same?._states ?? [], state => state.Login == login)
                ?? new LoginState(login, time.TimestampFrequency, sharing)),
        ];
        foreach (var state in _states) state.Sharing = sharing;
    }

    public bool IsEmpty => _states.Length == 0;

    /// <summary>The place that a request signs in at; null for all others.</summary>
    public LoginState? Find(CanonicalRequest request) => Array.Find(_states, state => state.Covers(request));

    /// <summary>Whether the attempt may be made, as rate limits say it.</summary>
    public RateOutcome Judge(LoginState state, Address client, CanonicalRequest request)
    {
        var (wait, who) = state.Judge(client, request, _time.GetTimestamp());
        if (wait == 0) return RateOutcome.Pass;
        var name = $"login failures of this {who}";
        return state.Login.DryRun ? RateOutcome.Pass with { DryRunLimit = name }
            : new RateOutcome(name, TimeSpan.FromSeconds((double)wait / _time.TimestampFrequency), null);
    }

    /// <summary>Counts what the application answered.</summary>
    public LoginOutcome Count(LoginState state, Address client, CanonicalRequest request, LoginAnswer answer)
    {
        var outcome = state.OutcomeOf(answer.Status, answer.Headers, answer.Body.Span);
        state.Count(client, request, outcome, _time.GetTimestamp());
        return outcome;
    }
}

/// <summary>What the application answered.</summary>
/// <param name="Status">Status.</param>
/// <param name="Headers">Headers.</param>
/// <param name="Body">Beginning of the body, if it was looked at.</param>
internal readonly record struct LoginAnswer(int Status, IHeaderDictionary Headers, ReadOnlyMemory<byte> Body);
