using System.Security.Cryptography;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Challenges;

/// <summary>What came of a client's answer.</summary>
internal enum CheckOutcome
{
    /// <summary>It has shown what it was asked for.</summary>
    Passed,

    /// <summary>It did not bring the cookie back.</summary>
    NoCookie,

    /// <summary>It came sooner than the page said, or its work is none: it is asked again.</summary>
    NotDone,

    /// <summary>Its ticket is not ours, of another client or place, or too old.</summary>
    NoTicket,
}

/// <summary>
/// Who is asked for what, and what an answer is worth. Keeps nothing about clients: a bot gains nothing by asking often
/// and costs no memory. Thread-safe.
/// </summary>
internal sealed class ChallengeProgram
{
    /// <summary>Where answers go.</summary>
    public const string CheckPath = "/.well-known/waf-challenge";

    /// <summary>Cookie with what a client has shown.</summary>
    public const string PassCookie = "waf-pass";

    /// <summary>Cookie by which a client shows that it keeps cookies.</summary>
    public const string TryCookie = "waf-try";

    private static readonly byte[] PassName = "waf-pass"u8.ToArray();
    private static readonly byte[] CheckBytes = "/.well-known/waf-challenge"u8.ToArray();

    /// <summary>Clocks of replicas differ, and browsers round.</summary>
    private static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(ChallengePage.WaitSeconds - 0.5);

    private readonly ChallengeTokens _tokens;
    private readonly TimeProvider _time;
    private readonly TimeSpan _passFor;

    public ChallengeProgram(ChallengePolicy policy, TimeProvider time)
    {
        var keys = policy.Keys.Select(Convert.FromBase64String)
            .Where(key => key.Length == ChallengeTokens.KeyBytes).ToList();
        // Without an operator there is one replica, and a key of its own will do.
        if (keys.Count == 0) keys.Add(RandomNumberGenerator.GetBytes(ChallengeTokens.KeyBytes));
        _tokens = new ChallengeTokens(keys);
        _time = time;
        _passFor = policy.PassFor;
        Bits = policy.WorkBits;
    }

    /// <summary>Leading zero bits of the work.</summary>
    public int Bits { get; }

    /// <summary>How long a pass holds.</summary>
    public TimeSpan PassFor => _passFor;

    /// <summary>The request is an answer.</summary>
    public static bool IsCheck(CanonicalRequest request) => request[request.NormalPath].SequenceEqual(CheckBytes);

    /// <summary>What the client has shown before.</summary>
    public ChallengeRung ShownBy(Address client, CanonicalRequest request)
    {
        var shown = ChallengeRung.None;
        foreach (ref readonly var cookie in request.Cookies)
        {
            if (!request[cookie.Name].SequenceEqual(PassName)) continue;
            var rung = _tokens.ReadPass(request[cookie.Value], client, _time.GetUtcNow());
            if (rung > shown) shown = rung;
        }

        return shown;
    }

    /// <summary>A ticket for where the client wants to go.</summary>
    public string TicketFor(ChallengeRung rung, Address client, string target) => _tokens.Ticket(
        new ChallengeTicket(rung, _time.GetUtcNow(), rung is ChallengeRung.Work ? Bits : 0), client, target);

    /// <summary>A pass for what a client has shown.</summary>
    public string PassOf(ChallengeRung rung, Address client) =>
        _tokens.Pass(rung, client, _time.GetUtcNow() + _passFor);

    /// <summary>What an answer is worth.</summary>
    /// <param name="answer">What came with it.</param>
    /// <param name="client">Who it is.</param>
    /// <param name="rung">What was shown.</param>
    public CheckOutcome Check(in ChallengeAnswer answer, Address client, out ChallengeRung rung)
    {
        rung = ChallengeRung.None;
        var now = _time.GetUtcNow();
        if (!ChallengeAnswer.IsLocal(answer.Target)
            || _tokens.ReadTicket(answer.Ticket, client, answer.Target, now) is not { } ticket)
            return CheckOutcome.NoTicket;
        rung = ticket.Rung;
        if (answer.Cookie != answer.Ticket) return CheckOutcome.NoCookie;
        var isDone = ticket.Rung switch
        {
            ChallengeRung.Refresh => now - ticket.IssuedAt >= WaitMin,
            ChallengeRung.Work => ChallengeTokens.IsWork(answer.Ticket!, answer.Number, ticket.Bits),
            _ => true,
        };
        return isDone ? CheckOutcome.Passed : CheckOutcome.NotDone;
    }
}

/// <summary>What a client brings to the check.</summary>
/// <param name="Ticket">The ticket in the address.</param>
/// <param name="Cookie">The ticket in the cookie.</param>
/// <param name="Number">Result of the work.</param>
/// <param name="Target">Where it wanted to go.</param>
internal readonly record struct ChallengeAnswer(string? Ticket, string? Cookie, string Number, string Target)
{
    private const int TargetLengthMax = 8_192;

    /// <summary>
    /// A path of this site and nothing that a browser takes for another one; it is bound to the ticket besides.
    /// </summary>
    public static bool IsLocal(string target) => target.Length is > 0 and <= TargetLengthMax && target[0] == '/'
        && !target.StartsWith("//", StringComparison.Ordinal) && !target.StartsWith("/\\", StringComparison.Ordinal)
        && !target.AsSpan().ContainsAnyExceptInRange('\x21', '\x7e');
}
