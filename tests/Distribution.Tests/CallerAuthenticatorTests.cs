using System.Net;
using WafOperator.Distribution.Callers;

namespace WafOperator.Distribution.Tests;

public sealed class CallerAuthenticatorTests
{
    [Theory]
    [InlineData(null, 401)]
    [InlineData("Basic dXNlcg==", 401)]
    [InlineData("Bearer ", 401)]
    [InlineData("Bearer unknown", 401)]
    [InlineData("Bearer user", 403)]
    [InlineData("Bearer broken", 503)]
    public async Task Authenticate_OfWhatIsNoServiceAccount_RefusesWithAReason(string? header, int status)
    {
        var result = await Authenticator(new Reviewer()).AuthenticateAsync(header, Peer, CancellationToken.None);

        Assert.Null(result.Caller);
        Assert.Equal(status, result.StatusCode);
        Assert.DoesNotContain("broken", result.Refusal!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authenticate_OfAServiceAccount_GivesItsNamespace()
    {
        var result = await Authenticator(new Reviewer()).AuthenticateAsync("Bearer shop", Peer, CancellationToken.None);

        Assert.Equal(new Caller("shop", "default"), result.Caller);
    }

    [Fact]
    public async Task Authenticate_Again_AsksTheApiServerOnce()
    {
        var reviewer = new Reviewer();
        var authenticator = Authenticator(reviewer);
        for (var i = 0; i < 5; i++) await authenticator.AuthenticateAsync("Bearer shop", Peer, CancellationToken.None);

        Assert.Equal(1, reviewer.Calls);
    }

    [Fact]
    public async Task Authenticate_AfterTheApiServerWasUnreachable_AsksAgain()
    {
        var reviewer = new Reviewer();
        var authenticator = Authenticator(reviewer);
        await authenticator.AuthenticateAsync("Bearer broken", Peer, CancellationToken.None);
        await authenticator.AuthenticateAsync("Bearer broken", Peer, CancellationToken.None);

        Assert.Equal(2, reviewer.Calls);
    }

    /// <summary>Junk is not turned into questions to the API server, and does not keep good tokens out.</summary>
    [Fact]
    public async Task Authenticate_ManyJunkTokens_AsksForFewAndServesTheGoodOnes()
    {
        var reviewer = new Reviewer();
        var authenticator = Authenticator(reviewer);
        await authenticator.AuthenticateAsync("Bearer shop", Peer, CancellationToken.None);
        var statuses = new List<int>();
        for (var i = 0; i < 200; i++)
        {
            var junk = await authenticator.AuthenticateAsync($"Bearer junk{i}", Peer, CancellationToken.None);
            statuses.Add(junk.StatusCode);
        }

        Assert.InRange(reviewer.Calls, 2, 35);
        Assert.InRange(statuses.Count(status => status == 429), 165, 199);
        Assert.NotNull((await authenticator.AuthenticateAsync("Bearer shop", Peer, CancellationToken.None)).Caller);
        Assert.NotNull((await authenticator.AuthenticateAsync(
            "Bearer bank", IPAddress.Parse("10.0.0.2"), CancellationToken.None)).Caller);
    }

    /// <summary>Many pods behind one address: each token is good, so none costs anything.</summary>
    [Fact]
    public async Task Authenticate_ManyGoodTokensOfOnePeer_AreAllServed()
    {
        var authenticator = Authenticator(new Reviewer());
        for (var i = 0; i < 300; i++)
        {
            var result = await authenticator.AuthenticateAsync($"Bearer pod{i}", Peer, CancellationToken.None);
            Assert.Equal(new CallerPod($"pod{i}", $"uid-pod{i}"), result.Caller!.Pod);
        }
    }

    private static readonly IPAddress Peer = IPAddress.Parse("10.0.0.1");

    private static CallerAuthenticator Authenticator(ITokenReviewer reviewer) => new(reviewer, TimeProvider.System);

    internal sealed class Reviewer : ITokenReviewer
    {
        public int Calls { get; private set; }

        public Task<TokenReviewResult> ReviewAsync(string token, CancellationToken cancellationToken)
        {
            Calls++;
            return Task.FromResult(token switch
            {
                "shop" => new TokenReviewResult(true, "system:serviceaccount:shop:default", null),
                "bank" => new TokenReviewResult(true, "system:serviceaccount:bank:default", null),
                _ when token.StartsWith("pod", StringComparison.Ordinal) => new TokenReviewResult(
                    true, "system:serviceaccount:shop:default", null, new CallerPod(token, "uid-" + token)),
                "bankpod" => new TokenReviewResult(
                    true, "system:serviceaccount:bank:default", null, new CallerPod(token, "uid-" + token)),
                "console" => new TokenReviewResult(true, "system:serviceaccount:system:console", null),
                "other-of-system" => new TokenReviewResult(true, "system:serviceaccount:system:other", null),
                "user" => new TokenReviewResult(true, "kubernetes-admin", null),
                "broken" => throw new HttpRequestException("connection refused (broken)"),
                _ => new TokenReviewResult(false, null, "unknown token"),
            });
        }
    }
}
