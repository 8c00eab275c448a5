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
    private readonly KeyReader? _name;
    private readonly LoginCounter[] _counters;
    private readonly FailureTable _known;

    public LoginState(LoginPolicy login, long ticksPerSecond, ReplicaSharing sharing)
    {
        Login = login;
        Sharing = sharing;
        _prefix = login.PathPrefix is "/" ? null : [PathPrefix.Folded(login.PathPrefix)];
        _method = Encoding.ASCII.GetBytes(login.Method);
        _name = login.UserName is { } name ? new KeyReader(RateLimitKeyKind.Parameter, name, sharing.Hashes) : null;
        // Something counts 1/e after the table's period, and half after ln 2 of it.
        _known = new FailureTable((long)(KnownFor.TotalSeconds / Math.Log(2) * ticksPerSecond), KeysMax);
        (FailureLimit?, string)[] limits =
            [(login.PerClient, "client"), (login.PerUser, "user"), (login.PerNetwork, "network")];
        _counters =
        [
            .. limits.Where(limit => limit.Item1 is not null).Select(limit => new LoginCounter(
                limit.Item1!, limit.Item2,
                Math.Max(1, (long)(limit.Item1!.Period.TotalSeconds * ticksPerSecond)), KeysMax)),
        ];
    }

    /// <summary>How replicas count; another connection to the same Redis changes nothing that was counted.</summary>
    public ReplicaSharing Sharing { get; set; }

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
        var own = KeyReader.ClientKey(client, Sharing.Hashes);
        foreach (var counter in _counters)
        {
            var (limit, table, who) = (counter.Limit, counter.Table, counter.Who);
            if (who is not "user")
            {
                Take(table.WaitOf(KeyOf(who, client, own), PartOf(limit), limit.Share, now), who);
                continue;
            }

            foreach (var name in names)
            {
                // Others' failures do not lock a user out of where it signed in before.
                if (names.Length == 1 && _known.Read(name ^ own, now).Successes > LoginCounter.Faded) continue;
                Take(table.WaitOf(name, PartOf(limit), limit.Share, now), who);
            }
        }

        return longest;

        void Take(long wait, string who)
        {
            if (wait > longest.Wait) longest = (wait, who);
        }
    }

    /// <summary>
    /// Counts an attempt that was answered. A success is one of a user: of several names in a request nobody knows
    /// whose it was, and a user who signs in again and again makes nobody's failures fewer.
    /// </summary>
    public void Count(Address client, CanonicalRequest request, LoginOutcome outcome, long now)
    {
        if (outcome is LoginOutcome.Unknown) return;
        Span<UInt128> names = stackalloc UInt128[KeyReader.ValuesMax];
        names = names[..(_name?.Read(client, request, names) ?? 0)];
        var own = KeyReader.ClientKey(client, Sharing.Hashes);
        if (outcome is LoginOutcome.Failure)
        {
            foreach (var counter in _counters)
            {
                if (counter.Who is not "user")
                {
                    counter.Table.Add(KeyOf(counter.Who, client, own), isFailure: true, now);
                    continue;
                }

                foreach (var name in names) counter.Table.Add(name, isFailure: true, now);
            }

            return;
        }

        if (names.Length > 1) return;
        foreach (var counter in _counters)
        {
            // Without names a client is one user of its network, and of itself none.
            if (names.IsEmpty && counter.Who is not "network") continue;
            var key = counter.Who is "user" ? names[0] : KeyOf(counter.Who, client, own);
            counter.Succeeded(key, names.IsEmpty || counter.Who is "user" ? own : names[0], now);
        }

        if (names.Length == 1) _known.Add(names[0] ^ own, isFailure: false, now);
    }

    /// <summary>What an answer says; failures go before successes.</summary>
    public LoginOutcome OutcomeOf(int status, IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        if (Shows(Login.Failure, status, headers, body)) return LoginOutcome.Failure;
        // What was not found or not understood was no attempt.
        if (Login.Success.IsEmpty()) return status is >= 200 and < 400 ? LoginOutcome.Success : LoginOutcome.Unknown;
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
    private int PartOf(FailureLimit limit) => Math.Max(1, (limit.Failures + Sharing.Parts - 1) / Sharing.Parts);

    private UInt128 KeyOf(string who, Address client, UInt128 own) => who is "client" ? own
        : KeyReader.ClientKey(client.Network(client.IsV6 ? NetworkV6 : NetworkV4), Sharing.Hashes);
}
