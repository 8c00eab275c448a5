using System.Net;
using WafOperator.Models.Server.Tests.Endpoints;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Tests.Repository;

/// <summary>A server of a pool with a key answers nobody who has none.</summary>
public sealed partial class PoolFollowerTests
{
    private static readonly string Key = PoolAccess.KeyOf(new byte[32], "shop", "large");

    [Fact]
    public async Task ANeighbour_WithoutTheKey_GetsNeitherScoresNorAPlaceInTheQueue()
    {
        var package = ServerFixture.Released("1.0.0");
        Publish([Key], Model(package, "payload-cnn", "1.0.0", isRequired: true));
        await using var server = await StartAsync();
        await UntilAsync(() => server.Status().NotReady is null);
        using var client = ServerFixture.Client(server.Address);
        var body = CompactTests.Body(ServerFixture.Package("1.0.0").Digest, ["hello"]);
        var path = InferenceProtocol.InferPath("payload-cnn", "1.0.0");
        var (access, foreign) = (PoolAccess.Of([Key])!, PoolAccess.Of([PoolAccess.KeyOf(new byte[32], "other",
            "large")])!);
        var now = DateTimeOffset.UtcNow;

        foreach (var header in new[]
        {
            null, "v1.1.x.y", foreign.Call("POST", path, body, now).Header,
            access.Call("POST", path, "another body"u8, now).Header, access.Call("GET", path, body, now).Header,
            access.Call("POST", path, body, now.AddMinutes(-5)).Header,
        })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(client, path, body, header)).Status);
        }

        var call = access.Call("POST", path, body, now);
        var (status, answer, proof) = await AskAsync(client, path, body, call.Header);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(call.IsAnswer(proof, 200, answer));
        var metrics = await client.GetStringAsync(new Uri(InferenceProtocol.MetricsPath, UriKind.Relative));
        Assert.Contains("waf_pool_requests_total{outcome=\"ok\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("waf_pool_requests_total{outcome=\"Unauthorized\"} 6\n", metrics, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri("/v2/models/payload-cnn",
            UriKind.Relative))).StatusCode);
        foreach (var open in new[] { InferenceProtocol.LivePath, InferenceProtocol.ReadyPath,
            InferenceProtocol.StatusPath })
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(open, UriKind.Relative))).StatusCode);
    }

    /// <summary>Bodies of strangers are not read: they would take the room that callers with a key need.</summary>
    [Fact]
    public async Task ManyLongBodies_OfANeighbour_HoldNothing()
    {
        Publish([Key], Model(ServerFixture.Released("1.0.0"), "payload-cnn", "1.0.0", isRequired: true));
        await using var server = await StartAsync();
        await UntilAsync(() => server.Status().NotReady is null);
        using var client = ServerFixture.Client(server.Address);
        var path = InferenceProtocol.InferPath("payload-cnn", "1.0.0");

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(client, path,
            new byte[512 << 10], null)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Unauthorized, answer.Status));
        var metrics = await client.GetStringAsync(new Uri(InferenceProtocol.MetricsPath, UriKind.Relative));
        Assert.Contains("waf_pool_held_bytes 0", metrics, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, byte[] Body, string? Proof)> AskAsync(
        HttpClient client, string path, byte[] body, string? header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
        {
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new(InferenceProtocol.CompactMediaType);
        if (header is not null) request.Headers.Add(PoolAccess.CallHeader, header);
        using var response = await client.SendAsync(request);
        var proof = response.Headers.TryGetValues(PoolAccess.AnswerHeader, out var values) ? values.Single() : null;
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(), proof);
    }
}
