using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using WafOperator.Features;
using WafOperator.Protocols;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Tests.Endpoints;

/// <summary>The compact body over real connections, and parity with what sidecars compute themselves.</summary>
[Collection("server")]
public sealed class CompactTests(ServerFixture fixture)
{
    private static readonly string[] Values =
    [
        "", "a", "hello world", "1 union select name from users --", "<script>alert(1)</script>",
        "../../../../etc/passwd", new string('x', 239), new string('y', 241), "%3Cimg src=x onerror=alert(1)%3E",
        string.Concat(Enumerable.Repeat("the quick brown fox jumps over the lazy dog; ", 60)),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Logits_EqualThoseOfTheSidecarsKernel(bool http2)
    {
        var package = ServerFixture.Package();
        var kernel = PayloadCnn.Read(package.Files["kernel.bin"].Span, out _)!;
        using var client = ServerFixture.Client(fixture.Server.Address, http2);

        var logits = await AskAsync(client, package.Digest, Values);

        for (var i = 0; i < Values.Length; i++)
        {
            var (bytes, flags) = Normalized(Values[i]);
            Assert.Equal(kernel.Logit(bytes, flags, new CnnWorkspace()), logits[i], 1e-4f);
        }
    }

    [Fact]
    public async Task AValue_ScoresTheSameAloneAndInAnyBatch()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        var digest = ServerFixture.Package().Digest;
        var together = await AskAsync(client, digest, Values);
        var alone = new List<float>();
        foreach (var value in Values) alone.Add((await AskAsync(client, digest, [value]))[0]);
        var crowd = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(client, digest, Values)));

        for (var i = 0; i < Values.Length; i++)
        {
            Assert.Equal(alone[i], together[i], 1e-5f);
            Assert.All(crowd, logits => Assert.Equal(alone[i], logits[i], 1e-5f));
        }
    }

    [Fact]
    public async Task AnotherPackageUnderTheName_IsRefused()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var answer = await PostAsync(client, Body(ServerFixture.Package("1.0.0").Digest, Values));

        await RefusedAsync(answer, HttpStatusCode.Conflict, InferenceErrorCode.DigestMismatch);
    }

    public static TheoryData<string, Func<byte[], byte[]>> Malformed => new()
    {
        { "empty", _ => [] },
        { "another magic", b => [(byte)'X', .. b[1..]] },
        { "another version", b => [.. b[..4], 2, .. b[5..]] },
        { "reserved byte", b => [.. b[..5], 1, .. b[6..]] },
        { "no values", b => [.. b[..6], 0, 0, .. b[8..]] },
        { "more values than bytes", b => [.. b[..6], 200, 0, .. b[8..]] },
        { "fewer values than bytes", b => [.. b[..6], 1, 0, .. b[8..]] },
        { "cut inside a value", b => b[..^1] },
        { "cut in front of a value", b => b[..(CompactRequest.HeaderBytes + 2)] },
        { "a byte too many", b => [.. b, 0] },
        { "only half a header", b => b[..20] },
    };

    [Theory, MemberData(nameof(Malformed))]
    public async Task AMalformedBody_IsRefusedWithTheReason(string name, Func<byte[], byte[]> change)
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var answer = await PostAsync(client, change(Body(ServerFixture.Package().Digest, Values)));

        Assert.NotEmpty(name);
        await RefusedAsync(answer, HttpStatusCode.BadRequest, InferenceErrorCode.Malformed);
    }

    [Fact]
    public async Task AnyBytes_NeverFailTheServer()
    {
        const int seed = 7;
        var random = new Random(seed);
        using var client = ServerFixture.Client(fixture.Server.Address);
        var good = Body(ServerFixture.Package().Digest, Values);
        for (var i = 0; i < 300; i++)
        {
            var bytes = (byte[])good.Clone();
            for (var n = random.Next(1, 8); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            using var answer = await PostAsync(client, bytes[..random.Next(bytes.Length + 1)]);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.Conflict,
                $"seed {seed}, round {i}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task ValuesUpToTheBound_AreScored_AndOneMoreIsRefused()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        var digest = ServerFixture.Package().Digest;
        var most = Enumerable.Repeat("a", CompactRequest.ValuesMax).ToArray();

        Assert.Equal(CompactRequest.ValuesMax, (await AskAsync(client, digest, most)).Length);
        var body = Body(digest, most);
        body = [.. body, .. body.AsSpan(CompactRequest.HeaderBytes, CompactRequest.ValueHeaderBytes + 1)];
        body[6]++;
        using var answer = await PostAsync(client, body);
        await RefusedAsync(answer, HttpStatusCode.BadRequest, InferenceErrorCode.Malformed);
    }

    [Fact]
    public async Task TokensBeyondTheBoundOfARequest_AreRefused()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        var longest = Enumerable.Repeat(new string('a', CompactRequest.ValueBytesMax), 40).ToArray();

        using var answer = await PostAsync(client, Body(ServerFixture.Package().Digest, longest));

        await RefusedAsync(answer, HttpStatusCode.RequestEntityTooLarge, InferenceErrorCode.TooLarge);
    }

    [Fact]
    public async Task ADeadlineThatHasPassed_IsNotComputed()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var request = Request(Body(ServerFixture.Package().Digest, Values));
        request.Headers.Add(InferenceProtocol.DeadlineHeader, "0");

        using var answer = await client.SendAsync(request);

        await RefusedAsync(answer, HttpStatusCode.GatewayTimeout, InferenceErrorCode.DeadlineExceeded);
    }

    [Theory]
    [InlineData(InferenceProtocol.DeadlineHeader, "soon")]
    [InlineData(InferenceProtocol.DeadlineHeader, "-1")]
    [InlineData(InferenceProtocol.PriorityHeader, "2")]
    [InlineData(InferenceProtocol.PriorityHeader, "x")]
    public async Task AWrongHeader_IsRefused(string name, string value)
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var request = Request(Body(ServerFixture.Package().Digest, Values));
        request.Headers.Add(name, value);

        using var answer = await client.SendAsync(request);

        await RefusedAsync(answer, HttpStatusCode.BadRequest, InferenceErrorCode.Malformed);
    }

    internal static byte[] Body(string digest, IReadOnlyList<string> values)
    {
        var writer = new ArrayBufferWriter<byte>();
        CompactRequest.Begin(writer, digest);
        foreach (var value in values)
        {
            var (bytes, flags) = Normalized(value);
            CompactRequest.Add(writer, bytes, (int)flags);
        }

        var body = writer.WrittenSpan.ToArray();
        CompactRequest.SetCount(body, values.Count);
        return body;
    }

    internal static HttpRequestMessage Request(
        byte[] body, string model = "payload-cnn", string version = "1.1.0") => new()
    {
        Method = HttpMethod.Post,
        RequestUri = new Uri(InferenceProtocol.InferPath(model, version), UriKind.Relative),
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = new ByteArrayContent(body)
        {
            Headers = { ContentType = new MediaTypeHeaderValue(InferenceProtocol.CompactMediaType) },
        },
    };

    internal static async Task<float[]> AskAsync(HttpClient client, string digest, IReadOnlyList<string> values)
    {
        using var answer = await PostAsync(client, Body(digest, values));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var logits = new float[values.Count];
        Assert.Null(CompactResponse.Read(await answer.Content.ReadAsByteArrayAsync(), logits));
        return logits;
    }

    internal static async Task RefusedAsync(HttpResponseMessage answer, HttpStatusCode status, InferenceErrorCode code)
    {
        var error = await answer.Content.ReadFromJsonAsync(ProtocolJson.Default.Of<InferenceError>());
        Assert.Equal((status, code), (answer.StatusCode, error!.Code));
        Assert.NotEmpty(error.Error);
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, byte[] body)
    {
        using var request = Request(body);
        request.Version = client.DefaultRequestVersion;
        return await client.SendAsync(request);
    }

    private static (byte[] Bytes, ValueFlags Flags) Normalized(string value)
    {
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        var length = ValueNormalizer.Normalize(System.Text.Encoding.UTF8.GetBytes(value), buffer, out var flags);
        return (buffer[..length], flags);
    }
}
