using System.Security.Cryptography;
using System.Text;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Challenges;
using WafOperator.Proxy.Identity;

namespace WafOperator.Proxy.Tests.Challenges;

public sealed class ChallengeTests
{
    private static readonly string OneKey = Convert.ToBase64String(SHA256.HashData("one"u8));
    private static readonly string OtherKey = Convert.ToBase64String(SHA256.HashData("other"u8));

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void APass_HoldsForAsLongAsThePolicySays_InItsOwnNetwork()
    {
        var program = Program(new ChallengePolicy { Keys = [OneKey], PassFor = TimeSpan.FromHours(1) });
        var pass = program.PassOf(ChallengeRung.Refresh, Client("192.0.2.7"));

        Assert.Equal(ChallengeRung.Refresh, Shown(program, "192.0.2.7", pass));
        Assert.Equal(ChallengeRung.Refresh, Shown(program, "192.0.2.200", pass));
        Assert.Equal(ChallengeRung.None, Shown(program, "192.0.3.7", pass));
        Assert.Equal(ChallengeRung.None, Shown(program, "2001:db8::7", pass));
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(ChallengeRung.Refresh, Shown(program, "192.0.2.7", pass));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(ChallengeRung.None, Shown(program, "192.0.2.7", pass));
    }

    [Fact]
    public void Replicas_TakeEachOthersPasses_AlsoWhileTheKeyChanges()
    {
        var before = Program(new ChallengePolicy { Keys = [OneKey] });
        var during = Program(new ChallengePolicy { Keys = [OneKey, OtherKey] });
        var after = Program(new ChallengePolicy { Keys = [OtherKey, OneKey] });
        var stranger = Program(new ChallengePolicy());

        var old = before.PassOf(ChallengeRung.Work, Client("192.0.2.7"));
        var fresh = after.PassOf(ChallengeRung.Work, Client("192.0.2.7"));

        Assert.All([before, during, after], program =>
            Assert.Equal(ChallengeRung.Work, Shown(program, "192.0.2.7", old)));
        Assert.All([during, after], program =>
            Assert.Equal(ChallengeRung.Work, Shown(program, "192.0.2.7", fresh)));
        Assert.Equal(ChallengeRung.None, Shown(stranger, "192.0.2.7", old));
    }

    [Fact]
    public void APassThatWasChanged_InAnyByte_IsNone()
    {
        var program = Program(new ChallengePolicy { Keys = [OneKey] });
        var pass = program.PassOf(ChallengeRung.Cookie, Client("192.0.2.7"));

        for (var i = 0; i < pass.Length; i++)
        {
            var changed = new StringBuilder(pass) { [i] = pass[i] is 'A' ? 'B' : 'A' }.ToString();
            Assert.Equal(ChallengeRung.None, Shown(program, "192.0.2.7", changed));
        }

        foreach (var junk in (string[])["", "x", pass + "A", pass[1..], new string('A', 5000), "ü"])
            Assert.Equal(ChallengeRung.None, Shown(program, "192.0.2.7", junk));
    }

    [Fact]
    public void ATicket_IsForItsClientItsPlaceAndItsTime_AndNoPass()
    {
        var program = Program(new ChallengePolicy { Keys = [OneKey] });
        var ticket = program.TicketFor(ChallengeRung.Cookie, Client("192.0.2.7"), "/a?b=c");

        Assert.Equal(CheckOutcome.Passed, Check("/a?b=c", "192.0.2.7", ticket));
        Assert.Equal(CheckOutcome.NoCookie, Check("/a?b=c", "192.0.2.7", null));
        Assert.Equal(CheckOutcome.NoTicket, Check("/other", "192.0.2.7", ticket));
        Assert.Equal(CheckOutcome.NoTicket, Check("/a?b=c", "198.51.100.7", ticket));
        Assert.Equal(ChallengeRung.None, Shown(program, "192.0.2.7", ticket));
        _time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(CheckOutcome.NoTicket, Check("/a?b=c", "192.0.2.7", ticket));

        CheckOutcome Check(string target, string client, string? cookie) => program.Check(
            new ChallengeAnswer(ticket, cookie, "", target), Client(client), out _);
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("https://evil.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/a\r\nSet-Cookie: x=y")]
    [InlineData("")]
    public void APlaceThatIsNoPathOfThisSite_IsNeverGoneTo(string target)
    {
        var program = Program(new ChallengePolicy { Keys = [OneKey] });
        var ticket = program.TicketFor(ChallengeRung.Cookie, Client("192.0.2.7"), target);

        Assert.Equal(CheckOutcome.NoTicket, program.Check(
            new ChallengeAnswer(ticket, ticket, "", target), Client("192.0.2.7"), out _));
    }

    [Fact]
    public void APageThatWaits_IsAnsweredTooSoon_AndAsksAgain()
    {
        var program = Program(new ChallengePolicy { Keys = [OneKey] });
        var ticket = program.TicketFor(ChallengeRung.Refresh, Client("192.0.2.7"), "/");
        var answer = new ChallengeAnswer(ticket, ticket, "", "/");

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(CheckOutcome.NotDone, program.Check(answer, Client("192.0.2.7"), out _));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(CheckOutcome.Passed, program.Check(answer, Client("192.0.2.7"), out var rung));
        Assert.Equal(ChallengeRung.Refresh, rung);
    }

    [Fact]
    public void Work_IsAsMuchAsThePolicySays()
    {
        var program = Program(new ChallengePolicy { Keys = [OneKey], WorkBits = 10 });
        var ticket = program.TicketFor(ChallengeRung.Work, Client("192.0.2.7"), "/");
        var tries = 0;
        while (Zeros($"{ticket}.{tries}") < 10) tries++;

        Assert.Equal(CheckOutcome.Passed, Check($"{tries}"));
        foreach (var wrong in (string[])["", $"{tries - 1}", $"{tries}x", $" {tries}", new string('1', 30)])
            Assert.Equal(CheckOutcome.NotDone, Check(wrong));

        CheckOutcome Check(string number) => program.Check(
            new ChallengeAnswer(ticket, ticket, number, "/"), Client("192.0.2.7"), out _);

        static int Zeros(string text)
        {
            var hash = SHA256.HashData(Encoding.ASCII.GetBytes(text));
            return hash[0] != 0 ? 0 : hash[1] >= 64 ? 8 + (hash[1] < 128 ? 1 : 0) : 10;
        }
    }

    [Fact]
    public void APage_IsSmall_SpeaksTheReadersLanguage_AndWritesFieldsAsText()
    {
        var parts = new ChallengePageParts(
            "/.well-known/waf-challenge?t=x&to=%2F", "x", 15,
            [new("a\"><script>", "</textarea>\r\n1 < 2"), new("ü", "")], "id");
        var page = ChallengePage.Write(parts, "de-CH, en;q=0.5");

        Assert.InRange(Encoding.UTF8.GetByteCount(page), 1_000, 10_000);
        Assert.Contains("lang=\"de\"", page, StringComparison.Ordinal);
        Assert.Contains("value=\"&lt;/textarea&gt;&#13;&#10;1 &lt; 2\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("a\"><script>", page, StringComparison.Ordinal);
        Assert.Contains("lang=\"en\"", ChallengePage.Write(parts, "xx, deutsch"), StringComparison.Ordinal);
    }

    private ChallengeProgram Program(ChallengePolicy policy) => new(policy, _time);

    private static ChallengeRung Shown(ChallengeProgram program, string client, string pass)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", "/", "HTTP/1.1");
        request.AddHeader("Host", "shop");
        request.AddHeader("Cookie", $"a=b; {ChallengeProgram.PassCookie}={pass}");
        request.EndHeaders();
        return program.ShownBy(Client(client), request);
    }

    private static Address Client(string text)
    {
        Assert.True(Address.TryParse(text, out var address));
        return address;
    }
}
