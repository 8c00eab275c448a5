using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Models.Server.Hosting;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Tests.Endpoints;

/// <summary>
/// Whole requests asked over real connections, of a small transformer with random weights: its examples hold every
/// output that training computed.
/// </summary>
[Collection("server")]
public sealed class WholeRequestCallTests(ServerFixture fixture) : IAsyncLifetime
{
    private const double Tolerance = 1e-3;

    private readonly string _folder = ServerFixture.Folder();
    private InferenceServer _server = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllBytesAsync(Path.Combine(_folder, "sample.tar"), WholeSample.Archive());
        _server = await fixture.StartAsync(ServerFixture.Options(_folder));
        _client = ServerFixture.Client(_server.Address);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task EveryGoldenRequest_IsAnsweredAsInTraining_AloneAndInACrowd()
    {
        var golden = WholeSample.Golden();
        Assert.True(golden.Count >= 50);

        var together = await Task.WhenAll(golden.Select(line => AskAsync(WholeSample.BodyOf(line))));

        for (var i = 0; i < golden.Count; i++)
        {
            var (line, numbers) = (golden[i], together[i]);
            Assert.Equal(line["logit"]!.GetValue<double>(), numbers[0], Tolerance);
            Assert.Equal(line["uncertainty"]!.GetValue<double>(), numbers[1], Tolerance);
            Assert.Equal(line["family"]!.GetValue<string>(), WholeSample.Manifest.Families[(int)numbers[2]]);
            Assert.Equal(line["type"]!.GetValue<string>(), WholeSample.Manifest.Types[(int)numbers[3]]);
            Assert.Equal(line["uri"]!.GetValue<string>() == "/endless", numbers[4] > 0);
            var alone = await AskAsync(WholeSample.BodyOf(line));
            Assert.Equal(alone[0], numbers[0], 1e-5f);
        }
    }

    /// <summary>How rungs of a pool are compared: packages cannot name their own digest.</summary>
    [Fact]
    public async Task ByV2_TheyAreTakenAsATensor_WithTheDigestLeftOut()
    {
        var golden = WholeSample.Golden().Take(20).ToList();
        var bodies = golden.Select(line => Convert.FromBase64String(line["compact"]!.GetValue<string>())).ToList();

        using var answer = await PostV2Async(bodies, "requests");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var outputs = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["outputs"]!.AsArray();
        Assert.Equal(["logit", "score", "uncertainty"], outputs.Select(o => o!["name"]!.GetValue<string>()));
        var logits = outputs[0]!["data"]!.AsArray().Select(n => n!.GetValue<double>()).ToList();
        Assert.Equal(golden.Count, logits.Count);
        for (var i = 0; i < logits.Count; i++)
            Assert.Equal(golden[i]["logit"]!.GetValue<double>(), logits[i], Tolerance);
    }

    [Fact]
    public async Task ByV2_MoreThanTheBound_AreRefused()
    {
        var body = Convert.FromBase64String(WholeSample.Golden()[0]["compact"]!.GetValue<string>());
        using var answer = await PostV2Async([.. Enumerable.Repeat(body, 65)], "requests");

        await CompactTests.RefusedAsync(answer, HttpStatusCode.RequestEntityTooLarge, InferenceErrorCode.TooLarge);
    }

    [Fact]
    public async Task TheServersStatus_SaysHowFarItIsFromTraining()
    {
        var page = new Uri(InferenceProtocol.StatusPath, UriKind.Relative);
        var status = await _client.GetFromJsonAsync<JsonObject>(page);
        var model = status!["models"]!.AsArray().Single(m => m!["model"]!.GetValue<string>() == WholeSample.Name)!;

        Assert.InRange(model["goldenDifferenceMax"]!.GetValue<double>(), 0, Tolerance);
    }

    public static TheoryData<string, Func<byte[], byte[]>> Malformed => new()
    {
        { "only half a header", b => b[..20] },
        { "no method", b => b[..CompactWholeRequest.HeaderBytes] },
        { "another version", b => [.. b[..4], 2, .. b[5..]] },
        { "reserved byte", b => [.. b[..5], 1, .. b[6..]] },
        { "too many values", b => [.. b[..6], 255, 255, .. b[8..]] },
        { "more values than bytes", b => [.. b[..6], 200, 0, .. b[8..]] },
        { "a long method", b => [.. b[..40], 17, .. b[41..]] },
        { "no such section", b => [.. b[..First(b)], 4, .. b[(First(b) + 1)..]] },
        { "no such marker", b => [.. b[..(First(b) + 1)], 255, .. b[(First(b) + 2)..]] },
        { "cut inside a value", b => b[..^1] },
        { "a byte too many", b => [.. b, 0] },
        { "too long", b => [.. b, .. new byte[CompactWholeRequest.BodyBytesMax]] },
    };

    [Theory, MemberData(nameof(Malformed))]
    public async Task AMalformedBody_IsRefusedWithTheReason(string name, Func<byte[], byte[]> change)
    {
        using var answer = await PostAsync(change(WholeSample.BodyOf(WholeSample.Golden()[2])));

        Assert.NotEmpty(name);
        await CompactTests.RefusedAsync(answer, HttpStatusCode.BadRequest, InferenceErrorCode.Malformed);
    }

    [Fact]
    public async Task AnotherPackageUnderTheName_IsRefused()
    {
        var body = Convert.FromBase64String(WholeSample.Golden()[0]["compact"]!.GetValue<string>());
        using var answer = await PostAsync(body);

        await CompactTests.RefusedAsync(answer, HttpStatusCode.Conflict, InferenceErrorCode.DigestMismatch);
    }

    [Fact]
    public async Task AModelOfValues_TakesNoRequests_AndTheReverse()
    {
        var whole = WholeSample.BodyOf(WholeSample.Golden()[0]);
        using var request = CompactTests.Request(whole);
        using var first = await _client.SendAsync(request);
        using var second = await PostAsync(CompactTests.Body(WholeSample.Digest, ["a"]));

        await CompactTests.RefusedAsync(first, HttpStatusCode.BadRequest, InferenceErrorCode.ShapeMismatch);
        await CompactTests.RefusedAsync(second, HttpStatusCode.BadRequest, InferenceErrorCode.ShapeMismatch);
    }

    [Fact]
    public async Task AnyBytes_NeverFailTheServer()
    {
        const int seed = 11;
        var random = new Random(seed);
        var good = WholeSample.Golden().Take(8).Select(WholeSample.BodyOf).ToList();
        for (var i = 0; i < 300; i++)
        {
            var bytes = (byte[])good[i % good.Count].Clone();
            for (var n = random.Next(1, 8); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            using var answer = await PostAsync(bytes[..random.Next(bytes.Length + 1)]);
            Assert.True(
                answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.Conflict,
                $"seed {seed}, round {i}: {answer.StatusCode}");
        }
    }

    /// <summary>Where the first value of a body begins.</summary>
    private static int First(byte[] body) =>
        CompactWholeRequest.HeaderBytes + 1 + body[CompactWholeRequest.HeaderBytes];

    private async Task<float[]> AskAsync(byte[] body)
    {
        using var answer = await PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var numbers = new float[CompactWholeRequest.AnswerNumbers];
        Assert.Null(CompactResponse.Read(await answer.Content.ReadAsByteArrayAsync(), numbers));
        return numbers;
    }

    private async Task<HttpResponseMessage> PostAsync(byte[] body)
    {
        using var request = CompactTests.Request(body, WholeSample.Name, WholeSample.Manifest.Version);
        return await _client.SendAsync(request);
    }

    private async Task<HttpResponseMessage> PostV2Async(List<byte[]> bodies, string input)
    {
        var header = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["inputs"] = new JsonArray(new JsonObject
            {
                ["name"] = input, ["datatype"] = "BYTES", ["shape"] = new JsonArray(bodies.Count),
                ["parameters"] = new JsonObject { ["binary_data_size"] = bodies.Sum(b => b.Length + sizeof(int)) },
            }),
        }.ToJsonString());
        byte[] body = [.. header, .. bodies.SelectMany(b => (byte[])[.. BitConverter.GetBytes(b.Length), .. b])];
        using var request = CompactTests.Request(body, WholeSample.Name, WholeSample.Manifest.Version);
        request.Content!.Headers.ContentType = new("application/octet-stream");
        request.Headers.Add(InferenceProtocol.InferenceHeaderLength, $"{header.Length}");
        return await _client.SendAsync(request);
    }
}
