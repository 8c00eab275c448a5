using System.Text;
using Microsoft.AspNetCore.Http;
using WafOperator.Behaviour.Limits;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Access;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.RateLimiting;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Logins;

/// <summary>What an answer to somebody who signs in says.</summary>
internal enum LoginOutcome { Unknown, Success, Failure }

/// <summary>One place where users sign in, with its counters. Thread-safe.</summary>
internal sealed class LoginState
{
    /// <summary>Keys that one counter remembers; 40 bytes each.</summary>
    private const int KeysMax = 16_384;

    private const int NetworkV4 = 24;
    private const int NetworkV6 = 48;

    /// <summary>How long a client is known under a name with which it succeeded.</summary>
    private static readonly TimeSpan KnownFor = TimeSpan.FromDays(30);

    private readonly byte[][]? _prefix;
    private readonly byte[] _method;
    private readonly ReplicaSharing _sharing;
    private readonly KeyReader? _name;
    private readonly (FailureLimit Limit, FailureTable Table, string Who)[] _counters;
    private readonly FailureTable _known;

    public LoginState(LoginPolicy login, long ticksPerSecond, ReplicaSharing sharing)
    {
        Login = login;
        _sharing = sharing;
        _prefix = login.PathPrefix is "/" ? null : [PathPrefix.Folded(login.PathPrefix)];
        _method = Encoding.ASCII.GetBytes(login.Method);
        _name = login.UserName is { } name ? new KeyReader(RateLimitKeyKind.Parameter, name, sharing.Hashes) : null;
        _known = new FailureTable((long)(KnownFor.TotalSeconds * ticksPerSecond), KeysMax);
        (FailureLimit?, string)[] limits =
            [(login.PerClient, "client"), (login.PerUser, "user"), (login.PerNetwork, "network")];
        _counters =
        [
            .. limits.Where(limit => limit.Item1 is not null).Select(limit => (
                limit.Item1!,
                new FailureTable(
                    Math.Max(1, (long)(limit.Item1!.Period.TotalSeconds * ticksPerSecond)), KeysMax), limit.Item2)),
        ];
    }

    public LoginPolicy Login { get; }

    /// <summary>The body's beginning has to be looked at.</summary>
    public bool ReadsBody => Login.Success.BodyContains is not null || Login.Failure.BodyContains is not null;

    public bool Covers(CanonicalRequest request) => request[request.Method].SequenceEqual(_method)
        && (_prefix is null || PathPrefix.CoversAnyReading(_prefix, request));

    /// <summary>Ticks until this attempt may be made, and by whose failures; 0 when it may.</summary>
    public (long Wait, string Who) Judge(Address client, CanonicalRequest request, long now)
    {
        var longest = (Wait: 0L, Who: "");
        Span<UInt128> names = stackalloc UInt128[KeyReader.ValuesMax];
        names = names[..(_name?.Read(client, request, names) ?? 0)];
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        foreach (var (limit, table, who) in _counters)
        {
            if (who is not "user")
            {
                Take(table.WaitOf(KeyOf(who, client, own), PartOf(limit), limit.Share, now), who);
                continue;
            }

            foreach (var name in names)
            {
                // Others' failures do not lock a user out of where it signed in before.
                if (_known.Read(name ^ own, now).Successes > 0.5) continue;
                Take(table.WaitOf(name, PartOf(limit), limit.Share, now), who);
            }
        }

        return longest;

        void Take(long wait, string who)
        {
            if (wait > longest.Wait) longest = (wait, who);
        }
    }

    /// <summary>Counts an attempt that was answered.</summary>
    public void Count(Address client, CanonicalRequest request, LoginOutcome outcome, long now)
    {
        if (outcome is LoginOutcome.Unknown) return;
        Span<UInt128> names = stackalloc UInt128[KeyReader.ValuesMax];
        names = names[..(_name?.Read(client, request, names) ?? 0)];
        var own = KeyReader.ClientKey(client, _sharing.Hashes);
        var isFailure = outcome is LoginOutcome.Failure;
        foreach (var (_, table, who) in _counters)
        {
            if (who is not "user") table.Add(KeyOf(who, client, own), isFailure, now);
            else foreach (var name in names) table.Add(name, isFailure, now);
        }

        if (isFailure) return;
        foreach (var name in names) _known.Add(name ^ own, isFailure: false, now);
    }

    /// <summary>What an answer says; failures go before successes.</summary>
    public LoginOutcome OutcomeOf(int status, IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        if (Shows(Login.Failure, status, headers, body)) return LoginOutcome.Failure;
        if (Login.Success.IsEmpty()) return status < 500 ? LoginOutcome.Success : LoginOutcome.Unknown;
        return Shows(Login.Success, status, headers, body) ? LoginOutcome.Success : LoginOutcome.Unknown;
    }

    private static bool Shows(LoginSigns signs, int status, IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        foreach (var range in signs.Statuses)
        {
            if (status >= range.From && status <= range.To) return true;
        }

        if (signs.Header is { } header && headers.TryGetValue(header, out var values)
            && (signs.HeaderContains is not { } part
                || values.Any(value => value?.Contains(part, StringComparison.OrdinalIgnoreCase) is true))) return true;
        return signs.BodyContains is { } text && body.IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }

    /// <summary>This replica's part, where limits are divided.</summary>
    private int PartOf(FailureLimit limit) => Math.Max(1, (limit.Failures + _sharing.Parts - 1) / _sharing.Parts);

    private UInt128 KeyOf(string who, Address client, UInt128 own) => who is "client" ? own
        : KeyReader.ClientKey(client.Network(client.IsV6 ? NetworkV6 : NetworkV4), _sharing.Hashes);
}
