using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Policies;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Distribution.Tests;

/// <summary>The call as a sidecar makes it, over a real socket.</summary>
public sealed class LearningEndpointTests : IAsyncLifetime
{
    private readonly PolicyStore _learned = new(TimeProvider.System);
    private WebApplication _app = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        var callers = new CallerAuthenticator(new CallerAuthenticatorTests.Reviewer(), TimeProvider.System);
        new LearningEndpoint(_learned, callers).Map(_app);
        await _app.StartAsync();
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task GetLearning_IsServedOnceForEachRevision_AndMissingBefore()
    {
        var token = Path.GetTempFileName();
        await File.WriteAllTextAsync(token, "shop");
        using var client = new OperatorClient(new OperatorAddress(new Uri(_app.Urls.First()), token, null));

        Assert.Equal(DocumentAnswerKind.Missing, (await client.GetLearningAsync("shop", "front", null, default)).Kind);
        _learned.Publish(new("shop", "front"), new("r1", "AQ=="u8.ToArray()));
        var first = await client.GetLearningAsync("shop", "front", null, default);

        Assert.Equal((DocumentAnswerKind.Changed, "r1"), (first.Kind, first.Revision));
        Assert.Equal("AQ=="u8.ToArray(), first.Body);
        var again = await client.GetLearningAsync("shop", "front", "r1", default);
        Assert.Equal(DocumentAnswerKind.Unchanged, again.Kind);
        File.Delete(token);
    }

    [Theory]
    [InlineData("shop", "other", HttpStatusCode.Forbidden)]
    [InlineData(null, "shop", HttpStatusCode.Unauthorized)]
    public async Task GetLearning_OfAnotherNamespaceOrWithoutAToken_IsRefused(
        string? token, string ns, HttpStatusCode expected)
    {
        _learned.Publish(new(ns, "front"), new("r1", "AQ=="u8.ToArray()));
        using var http = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

        Assert.Equal(expected, (await http.GetAsync($"/v1/namespaces/{ns}/learning/front")).StatusCode);
    }
}
