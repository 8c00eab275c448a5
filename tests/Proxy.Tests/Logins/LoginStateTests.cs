using System.Text;
using Microsoft.AspNetCore.Http;
using WafOperator.Http;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Identity;
using WafOperator.Proxy.Logins;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Tests.Logins;

public sealed class LoginStateTests
{
    private static readonly LoginPolicy Login = new()
    {
        PathPrefix = "/login", UserName = "user", Failure = new LoginSigns { Statuses = [Status(401)] },
    };

    private static readonly FailureLimit Five = new()
    {
        Failures = 5, Period = TimeSpan.FromMinutes(10), Share = 0.5,
    };

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(401, null, "", "Failure")]
    [InlineData(422, null, "", "Failure")]
    [InlineData(200, null, "<p>Wrong password, try again", "Failure")]
    [InlineData(200, "X-Login: failed-twice", "", "Failure")]
    [InlineData(200, "X-Login: fine", "", "Unknown")]
    [InlineData(302, "Location: /account", "", "Success")]
    [InlineData(302, "Location: /login?again", "", "Unknown")]
    [InlineData(204, null, "", "Success")]
    [InlineData(200, null, "hello ann", "Success")]
    [InlineData(302, "Location: /account", "Wrong password", "Failure")]
    public void AnAnswer_IsReadByStatusHeaderAndBody(int status, string? header, string body, string outcome)
    {
        var state = State(Login with
        {
            Success = new LoginSigns
            {
                Statuses = [Status(204)], Header = "Location", HeaderContains = "/account", BodyContains = "hello",
            },
            Failure = new LoginSigns
            {
                Statuses = [Status(401), Status(422)], Header = "X-Login", HeaderContains = "failed",
                BodyContains = "Wrong password",
            },
        });
        var headers = new HeaderDictionary();
        if (header?.Split(": ") is [var name, var value]) headers[name] = value;

        Assert.True(state.ReadsBody);
        Assert.Equal(outcome, state.OutcomeOf(status, headers, Encoding.UTF8.GetBytes(body)).ToString());
    }

    [Theory]
    [InlineData(200, "Success")]
    [InlineData(401, "Failure")]
    [InlineData(302, "Success")]
    [InlineData(400, "Unknown")]
    [InlineData(404, "Unknown")]
    [InlineData(503, "Unknown")]
    public void WithoutSignsOfSuccess_AnAnswerThatIsNoErrorIsOne(int status, string outcome) =>
        Assert.Equal(outcome, State(Login).OutcomeOf(status, new HeaderDictionary(), default).ToString());

    [Fact]
    public void OnlyTheMethodAndPathOfThePolicy_AreLogins()
    {
        var state = State(Login with { Method = "PUT" });

        Assert.True(state.Covers(Request("PUT", "/login/step2")));
        Assert.True(state.Covers(Request("PUT", "/x/..%2flogin")));
        Assert.False(state.Covers(Request("POST", "/login")));
        Assert.False(state.Covers(Request("PUT", "/loginx")));
    }

    [Fact]
    public void FailuresOfAName_FromManyClients_AreLimited_AndItsOwnerIsNotLockedOut()
    {
        var program = Program(Login with { PerUser = Five });
        Attempt(program, "192.0.2.1", "ann", 200);
        for (var i = 0; i < 7; i++) Attempt(program, $"198.51.{i}.1", "ann", 401);

        Assert.False(Attempt(program, "203.0.113.1", "ann", 401));
        Assert.True(Attempt(program, "192.0.2.1", "ann", 200));
        Assert.True(Attempt(program, "203.0.113.1", "bob", 200));
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.True(Attempt(program, "203.0.113.1", "ann", 200));
    }

    [Fact]
    public void FailuresOfANetwork_AreLimited_UnlessMostSucceed()
    {
        var program = Program(Login with { PerNetwork = Five });
        for (var i = 0; i < 5; i++) Assert.True(Attempt(program, $"192.0.2.{i}", $"user{i}", 401));

        Assert.False(Attempt(program, "192.0.2.77", "ann", 200));
        Assert.True(Attempt(program, "192.0.3.77", "ann", 200));

        var office = Program(Login with { PerNetwork = Five });
        for (var i = 0; i < 20; i++) Assert.True(Attempt(office, $"192.0.2.{i}", $"user{i}", i % 3 == 0 ? 401 : 200));
    }

    /// <summary>An account of one's own, signed in to between guesses, buys none.</summary>
    [Theory]
    [InlineData("/login?user=mallory", 200)]
    [InlineData("/login?user=ann&user=mallory", 200)]
    [InlineData("/login/nothing?user=ann", 404)]
    public void WhatIsNoGuess_DoesNotMakeGuessesFewer(string between, int status)
    {
        foreach (var limited in (LoginPolicy[])[
            Login with { PerClient = Five }, Login with { PerUser = Five }, Login with { PerNetwork = Five }])
        {
            var program = Program(limited);
            var guesses = 0;
            for (var i = 0; i < 20; i++)
            {
                Answer(program, "192.0.2.1", between, status);
                if (Attempt(program, "192.0.2.1", "ann", 401)) guesses++;
            }

            Assert.InRange(guesses, 4, 6);
        }
    }

    /// <summary>Applications take the first or the last of many, and mostly no notice of case and blanks.</summary>
    [Theory]
    [InlineData("user=r{0}a&user=r{0}b&user=r{0}c&user=r{0}d&user=r{0}e&user=r{0}f&user=r{0}g&user=r{0}h&user=ann")]
    [InlineData("user=ann&user=r{0}b&user=r{0}c&user=r{0}d&user=r{0}e&user=r{0}f&user=r{0}g&user=r{0}h&user=r{0}i")]
    [InlineData("user={1}")]
    public void AName_CannotBeHidden_NorSpeltAnew(string query)
    {
        string[] spellings = ["ann", "Ann", "%20ann", "ANN%20", "aNn%0a", "%EF%BD%81nn", "an%EF%BC%AE", "ann%00"];
        var program = Program(Login with { PerUser = Five });
        var guesses = 0;
        for (var i = 0; i < 40; i++)
        {
            var target = "/login?" + query.Replace("{0}", $"{i}", StringComparison.Ordinal)
                .Replace("{1}", spellings[i % spellings.Length], StringComparison.Ordinal);
            if (Answer(program, $"198.51.{i}.1", target, 401)) guesses++;
        }

        Assert.InRange(guesses, 4, 6);
    }

    [Fact]
    public void SuccessesOfAUser_FromSeveralClients_CountForIt_WhateverOtherUsersDo()
    {
        var program = Program(Login with { PerUser = Five });
        for (var i = 0; i < 8; i++)
        {
            Attempt(program, $"192.0.2.{i}", "bob", 200);
            Attempt(program, $"192.0.2.{i}", "ann", 200);
        }

        for (var i = 0; i < 7; i++) Assert.True(Attempt(program, $"198.51.{i}.1", "ann", 401));
        for (var i = 0; i < 3; i++) Attempt(program, $"198.51.1{i}.1", "ann", 401);

        Assert.False(Attempt(program, "203.0.113.1", "ann", 401));
        Assert.True(Attempt(program, "203.0.113.1", "bob", 401));
    }

    [Fact]
    public void AnotherConnectionToTheSameRedis_ChangesNothing()
    {
        var policy = Login with { PerClient = Five };
        var program = Program(policy);
        for (var i = 0; i < 5; i++) Attempt(program, "192.0.2.1", "ann", 401);
        var renewed = new LoginProgram(
            [policy], _time, new ReplicaSharing(LimitSharing.Divided, new ReplicaCount(), null), program);

        Assert.False(Attempt(renewed, "192.0.2.1", "ann", 401));
    }

    [Fact]
    public void ADryRun_OnlyTells()
    {
        var program = Program(Login with { PerClient = Five, DryRun = true });
        for (var i = 0; i < 8; i++) Assert.True(Attempt(program, "192.0.2.1", "ann", 401));

        var request = Request("POST", "/login?user=ann");
        var outcome = program.Judge(program.Find(request)!, Client("192.0.2.1"), request);
        Assert.Equal("login failures of this client", outcome.DryRunLimit);
    }

    [Fact]
    public void AReload_KeepsFailures_AndReplicasGiveTheirPart()
    {
        var policy = Login with { PerClient = Five };
        var program = Program(policy);
        for (var i = 0; i < 5; i++) Attempt(program, "192.0.2.1", "ann", 401);
        var same = new LoginProgram([policy with { }], _time, ReplicaSharing.None, program);
        var fifth = new LoginProgram(
            [policy], _time, new ReplicaSharing(LimitSharing.Divided, new ReplicaCount { Count = 5 }, null), null);

        Assert.False(Attempt(same, "192.0.2.1", "ann", 401));
        Assert.True(Attempt(fifth, "192.0.2.1", "ann", 401));
        Assert.False(Attempt(fifth, "192.0.2.1", "ann", 401));
    }

    private LoginState State(LoginPolicy policy) => new(policy, _time.TimestampFrequency, ReplicaSharing.None);

    private LoginProgram Program(LoginPolicy policy) => new([policy], _time, ReplicaSharing.None, null);

    /// <summary>True when the attempt may be made; then it is answered.</summary>
    private static bool Attempt(LoginProgram program, string client, string user, int status) =>
        Answer(program, client, $"/login?user={user}", status);

    private static bool Answer(LoginProgram program, string client, string target, int status)
    {
        var request = Request("POST", target);
        var state = program.Find(request)!;
        if (program.Judge(state, Client(client), request).Limit is not null) return false;
        program.Count(state, Client(client), request, new LoginAnswer(status, new HeaderDictionary(), default));
        return true;
    }

    private static StatusCost Status(int status) => new() { From = status, To = status };

    private static Address Client(string text)
    {
        Assert.True(Address.TryParse(text, out var address));
        return address;
    }

    private static CanonicalRequest Request(string method, string target)
    {
        var request = new CanonicalRequest();
        request.Begin(method, target, "HTTP/1.1");
        request.AddHeader("Host", "shop");
        request.EndHeaders();
        return request;
    }
}
