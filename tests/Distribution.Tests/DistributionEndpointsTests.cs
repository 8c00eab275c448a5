using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using WafOperator.Distribution.Blobs;
using WafOperator.Distribution.Callers;
using WafOperator.Distribution.Policies;
using WafOperator.Protocols;
using WafOperator.Protocols.Policies;

namespace WafOperator.Distribution.Tests;

/// <summary>The calls over a real socket.</summary>
public sealed class DistributionEndpointsTests : IAsyncLifetime, IDisposable
{
    private readonly PolicyStore _policies = new(TimeProvider.System);
    private readonly PolicyStore _pools = new(TimeProvider.System);
    private readonly PolicyStore _replicas = new(TimeProvider.System);
    private readonly string _folder = Directory.CreateTempSubdirectory("waf-blobs").FullName;
    private readonly Statuses _statuses = new();
    private readonly HashSet<(string Namespace, string Digest)> _owned = [];
    private readonly HttpClient _http = new();
    private WebApplication _app = null!;
    private BlobStore _blobs = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _blobs = new BlobStore(_folder, 1 << 20);
        var callers = new CallerAuthenticator(new CallerAuthenticatorTests.Reviewer(), TimeProvider.System);
        var console = new Caller("system", "console");
        new DistributionEndpoints(_policies, _pools, callers) { Replicas = _replicas, Console = console }.Map(_app);
        new BlobEndpoint(_blobs, (ns, digest) => _owned.Contains((ns, digest)), callers)
        {
            Console = (console, digest => _owned.Any(blob => blob.Digest == digest)),
        }.Map(_app);
        new StatusEndpoint(callers, _statuses, TimeSpan.FromSeconds(2)).Map(_app);
        await _app.StartAsync();
        _http.BaseAddress = new Uri(_app.Urls.First());
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "shop");
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Policy_OfOnesOwnNamespace_IsServedWithItsRevisionAsETag()
    {
        _policies.Publish(new("shop", "front"), new("r1", "{\"name\":\"front\"}"u8.ToArray()));

        var answer = await _http.GetAsync("/v1/namespaces/shop/policies/front");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("\"r1\"", answer.Headers.ETag!.Tag);
        Assert.Equal("{\"name\":\"front\"}", await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Whoever may ask for a judgement must not come by what a policy holds for its own pods only.</summary>
    [Fact]
    public async Task Judging_IsForTheConsoleAlone_AndWithoutSecrets()
    {
        var document = PolicyRevision.Seal(new PolicyDocument
        {
            Namespace = "bank", Name = "front", Mode = InspectionMode.Enforce,
            RateLimits = [new RateLimit { Name = "all", Requests = 1 }],
            Sharing = new SharingPolicy { Redis = new RedisPolicy { Password = "s3cret-redis" } },
            Ml = new MlPolicy { PoolUrl = "http://pool", PoolKey = "s3cret-pool" },
        });
        var json = JsonSerializer.SerializeToUtf8Bytes(document, ProtocolJson.Default.PolicyDocument);
        Assert.Equal(2, Regex.Count(System.Text.Encoding.UTF8.GetString(json), "s3cret"));
        _policies.Publish(new("bank", "front"), new(document.Revision, json));
        const string path = "/v1/namespaces/bank/judging/front";

        foreach (var other in new[] { "shop", "bank", "podA", "other-of-system" })
            Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(other, path)).StatusCode);
        var answer = await AskAsync("console", path);
        Assert.Equal((HttpStatusCode.OK, $"\"{document.Revision}\""), (answer.StatusCode, answer.Headers.ETag!.Tag));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
        var judging = JsonSerializer.Deserialize(text, ProtocolJson.Default.PolicyDocument)!;
        Assert.Equal(judging.Revision, PolicyRevision.Compute(judging));
        Assert.Equal((0, DecisionLogLevel.All), (judging.RateLimits.Count, judging.Logging.Decisions));
        Assert.Equal(
            HttpStatusCode.NotModified, (await AskAsync("console", $"{path}?revision={document.Revision}")).StatusCode);
        _policies.MarkSynced();
        Assert.Equal(
            HttpStatusCode.NotFound, (await AskAsync("console", "/v1/namespaces/bank/judging/none")).StatusCode);
        // Its policies as they are stay those of their namespace.
        Assert.Equal(
            HttpStatusCode.Forbidden, (await AskAsync("console", "/v1/namespaces/bank/policies/front")).StatusCode);
    }

    [Fact]
    public async Task Blobs_OfAllNamespaces_AreTheConsoles()
    {
        var digest = await PutAsync(_blobs, "weights"u8.ToArray());
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("console", $"/v1/blobs/{digest}")).StatusCode);
        _owned.Add(("bank", digest));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("console", $"/v1/blobs/{digest}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("other-of-system", $"/v1/blobs/{digest}")).StatusCode);
    }

    private async Task<HttpResponseMessage> AskAsync(string token, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await _http.SendAsync(request);
    }

    [Fact]
    public async Task Policy_WithTheRevisionInForce_IsNotModified()
    {
        _policies.Publish(new("shop", "front"), new("r1", "{}"u8.ToArray()));

        var answer = await _http.GetAsync("/v1/namespaces/shop/policies/front?revision=r1&wait=0");

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Fact]
    public async Task Policy_OfAnotherNamespace_IsForbidden()
    {
        _policies.Publish(new("bank", "front"), new("r1", "{}"u8.ToArray()));

        Assert.Equal(HttpStatusCode.Forbidden, (await _http.GetAsync("/v1/namespaces/bank/policies/front")).StatusCode);
    }

    [Fact]
    public async Task Pool_IsServedToItsOwnNamespaceOnly()
    {
        _pools.Publish(new("shop", "large"), new("r1", "{\"pool\":\"large\"}"u8.ToArray()));
        _pools.Publish(new("bank", "large"), new("r1", "{}"u8.ToArray()));

        var answer = await _http.GetAsync("/v1/namespaces/shop/pools/large");

        Assert.Equal("\"r1\"", answer.Headers.ETag!.Tag);
        Assert.Equal("{\"pool\":\"large\"}", await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Forbidden, (await _http.GetAsync("/v1/namespaces/bank/pools/large")).StatusCode);
    }

    [Fact]
    public async Task Replicas_AreServedToTheirOwnNamespaceOnly_AndMissingWhereNothingIsDivided()
    {
        _replicas.Publish(new("shop", "front"), new("3", "{\"replicas\":3}"u8.ToArray()));
        _replicas.Publish(new("bank", "front"), new("2", "{}"u8.ToArray()));
        _replicas.MarkSynced();

        var answer = await _http.GetAsync("/v1/namespaces/shop/replicas/front");

        Assert.Equal("\"3\"", answer.Headers.ETag!.Tag);
        Assert.Equal("{\"replicas\":3}", await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Forbidden, (await _http.GetAsync("/v1/namespaces/bank/replicas/front")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("/v1/namespaces/shop/replicas/other")).StatusCode);
    }

    [Fact]
    public async Task Pool_AskedForWithTheRevisionInForce_IsAnsweredWhenTheModelsChange()
    {
        _pools.Publish(new("shop", "large"), new("r1", "{}"u8.ToArray()));
        var waiting = _http.GetAsync("/v1/namespaces/shop/pools/large?revision=r1&wait=30");

        _pools.Publish(new("shop", "large"), new("r2", "{\"models\":[]}"u8.ToArray()));

        Assert.Equal("\"r2\"", (await waiting).Headers.ETag!.Tag);
    }

    [Fact]
    public async Task Policy_BeforeTheOperatorKnowsThem_IsUnavailableAndAfterwardsNotFound()
    {
        Assert.Equal(
            HttpStatusCode.ServiceUnavailable, (await _http.GetAsync("/v1/namespaces/shop/policies/none")).StatusCode);
        _policies.MarkSynced();
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("/v1/namespaces/shop/policies/none")).StatusCode);
    }

    [Fact]
    public async Task AnyCall_WithoutAToken_IsUnauthorizedWithAProblemDocument()
    {
        using var anonymous = new HttpClient { BaseAddress = _http.BaseAddress };

        var answer = await anonymous.GetAsync("/v1/blobs/sha256:" + new string('0', 64));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Blob_IsServedByDigestWholeAndInRanges()
    {
        var digest = await PutAsync(_blobs, "hello world"u8.ToArray());
        _owned.Add(("shop", digest));

        Assert.Equal("hello world", await _http.GetStringAsync($"/v1/blobs/{digest}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/blobs/{digest}");
        request.Headers.Range = new RangeHeaderValue(6, null);
        var part = await _http.SendAsync(request);
        Assert.Equal("world", await part.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Blob_OfAnotherNamespace_IsAnsweredLikeNone()
    {
        var digest = await PutAsync(_blobs, "the other's weights"u8.ToArray());
        _owned.Add(("bank", digest));

        var others = await _http.GetAsync($"/v1/blobs/{digest}");
        var none = await _http.GetAsync("/v1/blobs/sha256:" + new string('0', 64));

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (others.StatusCode, none.StatusCode));
        Assert.Equal(
            Regex.Replace(await none.Content.ReadAsStringAsync(), "traceId\":\"[^\"]*", ""),
            Regex.Replace(await others.Content.ReadAsStringAsync(), "traceId\":\"[^\"]*", ""));
    }

    [Fact]
    public async Task BlobStore_WhenFull_KeepsWhatIsInUse()
    {
        var store = new BlobStore(Path.Combine(_folder, "pinned"), 100);
        var used = await PutAsync(store, new byte[60]);

        await Assert.ThrowsAsync<InvalidDataException>(
            () => store.PutAsync(new byte[50], null, digest => digest == used, CancellationToken.None));

        Assert.True(store.Contains(used));
        Assert.Equal(60, store.LengthOf(used));
    }

    [Theory]
    [InlineData("pod7", "{}", HttpStatusCode.Accepted)]
    [InlineData("shop", "{}", HttpStatusCode.Forbidden)]
    [InlineData("unknown", "{}", HttpStatusCode.Unauthorized)]
    public async Task Status_IsTakenFromTheTokensPodOnly(string token, string body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/status") { Content = new StringContent(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

        Assert.Equal(expected, (await _http.SendAsync(request)).StatusCode);
        if (expected is not HttpStatusCode.Accepted)
        {
            Assert.Empty(_statuses.Taken);
            return;
        }

        var pushed = Assert.Single(_statuses.Taken);
        Assert.Equal(
            ("shop", new CallerPod("pod7", "uid-pod7"), false), (pushed.Namespace, pushed.Pod, pushed.IsRelayed));
    }

    [Fact]
    public async Task Status_OverTheLimit_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/status")
        {
            Content = new ByteArrayContent(new byte[StatusEndpoint.StatusBytesMax + 1]),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "pod7");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _http.SendAsync(request)).StatusCode);
        Assert.Empty(_statuses.Taken);
    }

    /// <summary>
    /// Many that hold a long status back hold up none that comes at once, and are let go before long.
    /// </summary>
    [Fact]
    public async Task SlowStatuses_HoldUpNoOther_AndAreLetGo()
    {
        var slow = Enumerable.Range(0, 80).Select(_ => SlowPost.SendAsync(
            _http.BaseAddress!, "pod7", StatusEndpoint.StatusBytesMax, 16 << 10)).ToList();
        await Task.Delay(500);

        using var other = await PostAsync("bankpod", new StringContent("{}"));
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);

        var answers = await Task.WhenAll(slow).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.All(answers, answer => Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal));
    }

    /// <summary>One namespace that sends much at once is sent away before others find no room.</summary>
    [Fact]
    public async Task LongStatusesOfANamespace_LeaveRoomForOthers()
    {
        var slow = Enumerable.Range(0, 80).Select(_ => SlowPost.SendAsync(
            _http.BaseAddress!, "pod7", StatusEndpoint.StatusBytesMax, 500 << 10)).ToList();
        await Task.Delay(500);

        using var other = await PostAsync("bankpod", new ByteArrayContent(new byte[400 << 10]));
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);

        var answers = await Task.WhenAll(slow).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Contains(answers, answer => answer.StartsWith("HTTP/1.1 503", StringComparison.Ordinal));
    }

    private async Task<HttpResponseMessage> PostAsync(string token, HttpContent content)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/status") { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await _http.SendAsync(request);
    }

    [Theory]
    [InlineData("/v1/blobs/sha256:..%2f..%2fetc%2fpasswd")]
    [InlineData("/v1/blobs/..%2f..%2fetc%2fpasswd")]
    [InlineData("/v1/blobs/sha256:ABCDEF")]
    public async Task Blob_UnderANameThatIsNoDigest_IsNotFound(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(path)).StatusCode);

    [Fact]
    public async Task BlobStore_WhenFull_DropsTheOldestAndRefusesWhatNeverFits()
    {
        var store = new BlobStore(Path.Combine(_folder, "small"), 100);
        var first = await PutAsync(store, new byte[60]);
        var second = await PutAsync(store, Enumerable.Repeat((byte)1, 60).ToArray());

        Assert.False(store.Contains(first));
        Assert.True(store.Contains(second));
        await Assert.ThrowsAsync<InvalidDataException>(() => PutAsync(store, new byte[101]));
    }

    private static Task<string> PutAsync(BlobStore store, byte[] content) =>
        store.PutAsync(content, null, static _ => false, CancellationToken.None);

    private sealed class Statuses : IStatusSink
    {
        public List<PushedStatus> Taken { get; } = [];

        public Task<PushAnswer> AcceptAsync(PushedStatus status, CancellationToken cancellationToken)
        {
            Taken.Add(status);
            return Task.FromResult(new PushAnswer(202));
        }
    }
}
