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
        var result = await Authenticator(new Reviewer()).AuthenticateAsync(header, CancellationToken.None);

        Assert.Null(result.Caller);
        Assert.Equal(status, result.StatusCode);
        Assert.DoesNotContain("broken", result.Refusal!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authenticate_OfAServiceAccount_GivesItsNamespace()
    {
        var result = await Authenticator(new Reviewer()).AuthenticateAsync("Bearer shop", CancellationToken.None);

        Assert.Equal(new Caller("shop", "default"), result.Caller);
    }

    [Fact]
    public async Task Authenticate_Again_AsksTheApiServerOnce()
    {
        var reviewer = new Reviewer();
        var authenticator = Authenticator(reviewer);
        for (var i = 0; i < 5; i++) await authenticator.AuthenticateAsync("Bearer shop", CancellationToken.None);

        Assert.Equal(1, reviewer.Calls);
    }

    [Fact]
    public async Task Authenticate_AfterTheApiServerWasUnreachable_AsksAgain()
    {
        var reviewer = new Reviewer();
        var authenticator = Authenticator(reviewer);
        await authenticator.AuthenticateAsync("Bearer broken", CancellationToken.None);
        await authenticator.AuthenticateAsync("Bearer broken", CancellationToken.None);

        Assert.Equal(2, reviewer.Calls);
    }

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
                "user" => new TokenReviewResult(true, "kubernetes-admin", null),
                "broken" => throw new HttpRequestException("connection refused (broken)"),
                _ => new TokenReviewResult(false, null, "unknown token"),
            });
        }
    }
}
