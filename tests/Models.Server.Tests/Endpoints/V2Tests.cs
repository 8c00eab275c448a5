using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Tests.Endpoints;

/// <summary>The Open Inference Protocol V2, as its clients speak it.</summary>
[Collection("server")]
public sealed class V2Tests(ServerFixture fixture)
{
    private const string Dense = "/v2/models/dense/infer";

    [Theory]
    [InlineData("/v2/health/live")]
    [InlineData("/v2/health/ready")]
    [InlineData("/v2/models/dense/ready")]
    [InlineData("/v2/models/payload-cnn/versions/1.0.0/ready")]
    public async Task HealthAndReadiness_AreOk(string path)
    {
        using var client = ServerFixture.Client(fixture.Server.Address, http2: false);

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Metadata_NamesTensorsVersionsAndThePackage()
    {
        var root = await GetAsync("/v2/models/payload-cnn");

        Assert.Equal("payload-cnn", root.GetProperty("name").GetString());
        Assert.Equal(
            ["1.5.0", "1.1.0", "1.0.0"], root.GetProperty("versions").EnumerateArray().Select(v => v.GetString()));
        Assert.Equal("INT64", root.GetProperty("inputs")[0].GetProperty("datatype").GetString());
        Assert.Equal(ServerFixture.Package("1.5.0").Digest, root.GetProperty("digest").GetString());
        Assert.Equal("payload-cnn", root.GetProperty("manifest").GetProperty("kind").GetString());
        var server = await GetAsync("/v2");
        Assert.Contains("binary_tensor_data", server.GetProperty("extensions").EnumerateArray().Select(e =>
            e.GetString()));
    }

    [Theory]
    [InlineData("""{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,0,0,1]}]}""")]
    [InlineData("""{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[[1,2,3],[0,0,1]]}]}""")]
    [InlineData("""
        {"id":"7","inputs":[{"data":[1,2,3,0,0,1],"datatype":"FP32","name":"x","shape":[2,3]}],"outputs":[{"name":"y"}]}
        """)]
    public async Task Tensors_AreComputed(string body)
    {
        var (status, root) = await PostAsync(Dense, body);

        Assert.Equal(HttpStatusCode.OK, status);
        var output = root.GetProperty("outputs")[0];
        Assert.Equal([2L, 2L], output.GetProperty("shape").EnumerateArray().Select(v => v.GetInt64()));
        // relu([1+4-9+0.5, -1+1+12-0.25]) and relu([-3+0.5, 4-0.25])
        Assert.Equal([0f, 11.75f, 0f, 3.75f], output.GetProperty("data").EnumerateArray().Select(v => v.GetSingle()));
        Assert.Equal(body.Contains("\"id\"", StringComparison.Ordinal), root.TryGetProperty("id", out var id)
            && id.GetString() == "7");
    }

    [Fact]
    public async Task BinaryTensors_TravelBehindTheJson_BothWays()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        var json = """
            {"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","parameters":{"binary_data_size":24}}],
             "outputs":[{"name":"y","parameters":{"binary_data":true}}]}
            """;
        float[] elements = [1, 2, 3, 0, 0, 1];
        using var content = new ByteArrayContent(
            [.. Encoding.UTF8.GetBytes(json), .. MemoryMarshal.AsBytes(elements.AsSpan())]);
        content.Headers.Add(InferenceProtocol.InferenceHeaderLength, $"{json.Length}");

        using var answer = await client.PostAsync(new Uri(Dense, UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        var length = int.Parse(answer.Headers.GetValues(InferenceProtocol.InferenceHeaderLength).Single(), null);
        using var root = JsonDocument.Parse(bytes.AsMemory(0, length));
        Assert.Equal(16, root.RootElement.GetProperty(
            "outputs")[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.Equal([0f, 11.75f, 0f, 3.75f], MemoryMarshal.Cast<byte, float>(bytes.AsSpan(length)).ToArray());
    }

    [Fact]
    public async Task Values_AreNormalisedAndScored()
    {
        var (status, root) = await PostAsync(
            "/v2/models/payload-cnn/versions/1.1.0/infer",
            """
            {"inputs":[{"name":"values","datatype":"BYTES","shape":[2],
             "data":["1%20UNION%20SELECT name FROM users--","green tea"]}]}
            """);

        Assert.Equal(HttpStatusCode.OK, status);
        var scores = root.GetProperty("outputs")[1].GetProperty("data");
        Assert.Equal("score", root.GetProperty("outputs")[1].GetProperty("name").GetString());
        Assert.True(scores[0].GetDouble() > 0.9);
        Assert.True(scores[1].GetDouble() < 0.1);
    }

    [Fact]
    public async Task RawTokensAndValues_GiveTheSameLogit()
    {
        var tokens = new int[256];
        var length = Features.CnnTokenizer.Tokenize("hello"u8, Features.ValueFlags.None, tokens);
        var (_, raw) = await PostAsync(
            "/v2/models/payload-cnn/infer",
            Input("tokens", $"[1,{length}]", "INT64", $"[{string.Join(',', tokens[..length])}]"));
        var (_, value) = await PostAsync(
            "/v2/models/payload-cnn/infer",
            """
            {"inputs":[{"name":"values","datatype":"BYTES","shape":[1],"data":["hello"]}],"outputs":[{"name":"logit"}]}
            """);

        Assert.Equal(
            raw.GetProperty("outputs")[0].GetProperty("data")[0].GetSingle(),
            value.GetProperty("outputs")[0].GetProperty("data")[0].GetSingle(), 1e-5f);
        Assert.Equal([1L, 16L], raw.GetProperty("outputs")[1].GetProperty("shape").EnumerateArray().Select(v =>
            v.GetInt64()));
    }

    public static TheoryData<string, int, InferenceErrorCode> Wrong => new()
    {
        { "", 400, InferenceErrorCode.Malformed },
        { "[]", 400, InferenceErrorCode.Malformed },
        { "{}", 400, InferenceErrorCode.Malformed },
        { "{\"inputs\":[]}", 400, InferenceErrorCode.Malformed },
        { "{\"inputs\":[{}]}", 400, InferenceErrorCode.Malformed },
        { "{\"inputs\":{}}", 400, InferenceErrorCode.Malformed },
        { Input("x", "[1,3]", "FP32", "[1,2,3]") + "x", 400, InferenceErrorCode.Malformed },
        { Input("x", "[1,3]", "FP32", "[1,2,\"3\"]"), 400, InferenceErrorCode.Malformed },
        { Input("x", "[1,3]", "FP32", "7"), 400, InferenceErrorCode.Malformed },
        { Input("x", "[1,3]", "STRING", "[1,2,3]"), 400, InferenceErrorCode.Malformed },
        { Input("x", "[1,3]", "FP32", "[1,2]"), 400, InferenceErrorCode.ShapeMismatch },
        { Input("x", "[1,3]", "FP32", "[1,2,3,4]"), 400, InferenceErrorCode.ShapeMismatch },
        { Input("x", "[1,4]", "FP32", "[1,2,3,4]"), 400, InferenceErrorCode.ShapeMismatch },
        { Input("x", "[3]", "FP32", "[1,2,3]"), 400, InferenceErrorCode.ShapeMismatch },
        { Input("x", "[0,3]", "FP32", "[]"), 400, InferenceErrorCode.ShapeMismatch },
        { Input("x", "[-1,3]", "FP32", "[]"), 400, InferenceErrorCode.ShapeMismatch },
        { Input("x", "[1,3]", "INT64", "[1,2,3]"), 400, InferenceErrorCode.ShapeMismatch },
        { Input("q", "[1,3]", "FP32", "[1,2,3]"), 400, InferenceErrorCode.ShapeMismatch },
        {
            "{\"outputs\":[{\"name\":\"q\"}]," + Input(
                "x", "[1,3]", "FP32", "[1,2,3]")[1..], 400, InferenceErrorCode.ShapeMismatch
        },
        { Input("x", "[1000000000,1000000000,1000000000]", "FP32", "[]"), 413, InferenceErrorCode.TooLarge },
        { Input("x", "[1048577]", "FP32", "[]"), 413, InferenceErrorCode.TooLarge },
        { Input("x", "[1,1,1,1,1,1,1,1,1]", "FP32", "[1]"), 413, InferenceErrorCode.TooLarge },
        { Input(new string('x', 129), "[1,3]", "FP32", "[1,2,3]"), 413, InferenceErrorCode.TooLarge },
        { Input("x", "[1,3]", "FP32", new string('[', 40) + new string(']', 40)), 400, InferenceErrorCode.Malformed },
        {
            "{\"inputs\":[" + string.Join(',', Enumerable.Repeat(One("x", "[1,3]", "FP32", "[1,2,3]"), 17)) + "]}", 413,
            InferenceErrorCode.TooLarge
        },
    };

    [Theory, MemberData(nameof(Wrong))]
    public async Task AWrongRequest_IsRefusedWithTheReason(string body, int status, InferenceErrorCode code)
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(Dense, UriKind.Relative), content);

        await CompactTests.RefusedAsync(answer, (HttpStatusCode)status, code);
    }

    [Theory]
    [InlineData("[1048576]", 400)] // at the bound of elements: read, and then not the model's shape
    [InlineData("[1,1,1,1,1,1,1,1]", 400)] // at the bound of dimensions
    public async Task ARequestAtABound_IsReadOn(string shape, int status)
    {
        var count = shape == "[1048576]" ? 1_048_576 : 1;
        var (answered, _) = await PostAsync(
            Dense, Input("x", shape, "FP32", "[" + string.Join(',', Enumerable.Repeat("1", count)) + "]"));

        Assert.Equal((HttpStatusCode)status, answered);
    }

    [Theory]
    [InlineData("GET", "/v2/models/dense/infer", 405, InferenceErrorCode.MethodNotAllowed)]
    [InlineData("POST", "/v2/health/live", 405, InferenceErrorCode.MethodNotAllowed)]
    [InlineData("POST", "/v2/models/none/infer", 404, InferenceErrorCode.ModelUnknown)]
    [InlineData("POST", "/v2/models/dense/versions/9.9.9/infer", 404, InferenceErrorCode.ModelUnknown)]
    [InlineData("GET", "/v2/models/none", 404, InferenceErrorCode.ModelUnknown)]
    [InlineData("GET", "/v2/models/none/ready", 404, InferenceErrorCode.ModelUnknown)]
    [InlineData("GET", "/", 404, InferenceErrorCode.NotFound)]
    [InlineData("GET", "/v2/a/b/c/d/e/f/g/h/i/j/k", 404, InferenceErrorCode.NotFound)]
    public async Task AWrongPath_IsRefused(string method, string path, int status, InferenceErrorCode code)
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var request = new HttpRequestMessage(new HttpMethod(method), path)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var answer = await client.SendAsync(request);

        await CompactTests.RefusedAsync(answer, (HttpStatusCode)status, code);
    }

    [Fact]
    public async Task AnotherMediaType_IsRefused()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var content = new StringContent("<x/>", Encoding.UTF8, "application/xml");
        using var answer = await client.PostAsync(new Uri(Dense, UriKind.Relative), content);

        await CompactTests.RefusedAsync(
            answer, HttpStatusCode.UnsupportedMediaType, InferenceErrorCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ABodyOverTheBound_IsRefused(bool hasLength)
    {
        using var client = ServerFixture.Client(fixture.Server.Address, http2: false);
        using var content = new StreamContent(new MemoryStream(new byte[(8 << 20) + 1]));
        // Who asks first is told before it sends.
        client.DefaultRequestHeaders.ExpectContinue = hasLength;
        client.DefaultRequestHeaders.TransferEncodingChunked = !hasLength;
        using var answer = await client.PostAsync(new Uri(Dense, UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task TheRepository_ListsLoadsAndUnloads()
    {
        var before = await IndexAsync();
        Assert.Contains(("dense", "1.0.0", "READY"), before);

        Assert.Equal(HttpStatusCode.OK, (await PostAsync("/v2/repository/models/dense/unload", "")).Status);
        Assert.DoesNotContain(("dense", "1.0.0", "READY"), await IndexAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(Dense, Input("x", "[1,3]", "FP32", "[1,2,3]"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/v2/repository/models/none/load", "{}")).Status);
        Assert.Equal(
            HttpStatusCode.OK, (await PostAsync(
                "/v2/repository/models/dense/load", "{\"parameters\":{\"version\":\"1.0.0\"}}")).Status);

        Assert.Equal(before, await IndexAsync());
    }

    [Fact]
    public async Task AServerThatIsNotAskedTo_ChangesNothing()
    {
        await using var server = await fixture.StartAsync(
            ServerFixture.Options(ServerFixture.Folder()) with { AllowsRepositoryChanges = false });
        using var client = ServerFixture.Client(server.Address);
        foreach (var path in new[] { "load", "unload" })
        {
            using var answer = await client.PostAsync(
                new Uri($"/v2/repository/models/dense/{path}", UriKind.Relative), null);
            await CompactTests.RefusedAsync(answer, HttpStatusCode.Forbidden, InferenceErrorCode.Forbidden);
        }
    }

    [Fact]
    public async Task Metrics_TellStagesOutcomesAndQueueDelay()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        await PostAsync(Dense, Input("x", "[1,3]", "FP32", "[1,2,3]"));
        await PostAsync(Dense, "{}");

        var text = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative));

        foreach (var name in new[]
        {
            InferenceProtocol.QueueDelayMetric, "waf_pool_queue_length", "waf_pool_read_seconds_bucket",
                "waf_pool_queue_seconds_sum",
            "waf_pool_compute_seconds_count", "waf_pool_requests_total{outcome=\"ok\"}",
                "waf_pool_requests_total{outcome=\"Malformed\"}",
            "waf_pool_dropped_total{reason=\"deadline\"}", "waf_pool_models{state=\"READY\"} 4", "waf_pool_ready 1",
                "waf_pool_build_info{",
        })
        {
            Assert.Contains(name, text, StringComparison.Ordinal);
        }
    }

    /// <summary>What a scraper gets is what the list promises: nothing missing, nothing renamed.</summary>
    [Fact]
    public async Task Metrics_NamesAndTypes_AreThoseOfTheList()
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        var lines = (await client.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n');
        var list = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "metrics.txt"))
            .Select(line => line.Split(' ')).Where(words => words[0] is "inference" or "every");
        Assert.Equal(
            list.Select(words => $"# TYPE {words[2].Split('{')[0]} {words[1]}").Order(StringComparer.Ordinal),
            lines.Where(line => line.StartsWith("# TYPE waf_", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
    }

    private static string One(string name, string shape, string datatype, string data) =>
        $$"""{"name":"{{name}}","shape":{{shape}},"datatype":"{{datatype}}","data":{{data}}}""";

    private static string Input(string name, string shape, string datatype, string data) =>
        $$"""{"inputs":[{{One(name, shape, datatype, data)}}]}""";

    private async Task<List<(string?, string?, string?)>> IndexAsync()
    {
        var (_, root) = await PostAsync("/v2/repository/index", "{\"ready\":true}");
        return [.. root.EnumerateArray().Select(e => (
            e.GetProperty(
                "name").GetString(), e.GetProperty("version").GetString(), e.GetProperty("state").GetString()))];
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        return JsonDocument.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative))).RootElement;
    }

    private async Task<(HttpStatusCode Status, JsonElement Root)> PostAsync(string path, string body)
    {
        using var client = ServerFixture.Client(fixture.Server.Address);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }
}
