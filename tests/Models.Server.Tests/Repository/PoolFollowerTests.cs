using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using WafOperator.Models.Server.Hosting;
using WafOperator.Models.Server.Repository;
using WafOperator.Models.Server.Tests.Endpoints;
using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;

namespace WafOperator.Models.Server.Tests.Repository;

/// <summary>A server in a pool: its document and packages come from an operator that the test plays.</summary>
[Collection("server")]
public sealed partial class PoolFollowerTests(ServerFixture fixture) : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new();
    private readonly string _state = Directory.CreateTempSubdirectory("waf-pool-").FullName;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile PoolDocument? _document;
    private WebApplication _operator = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _operator = builder.Build();
        _operator.MapGet("/v1/namespaces/shop/pools/large", GetPoolAsync);
        _operator.MapGet("/v1/blobs/{digest}", (string digest) =>
            _blobs.TryGetValue(digest, out var blob) ? Results.Bytes(blob) : Results.NotFound());
        await _operator.StartAsync();
    }

    public async Task DisposeAsync() => await _operator.DisposeAsync();

    [Fact]
    public async Task AServer_IsReadyWhenWhatIsRequiredIsLoaded()
    {
        await using var server = await StartAsync();
        Assert.Equal("no pool document was received yet", server.Status().NotReady);

        Publish(Model(ServerFixture.Released("1.0.0"), "payload-cnn", "1.0.0", isRequired: true));

        await UntilAsync(() => server.Status().NotReady is null);
        Assert.Equal(_document!.Revision, server.Status().Revision);
        using var client = ServerFixture.Client(server.Address);
        using var request = CompactTests.Request(
            CompactTests.Body(ServerFixture.Package("1.0.0").Digest, ["hello"]), version: "1.0.0");
        Assert.True((await client.SendAsync(request)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task ANewVersion_IsLoadedBeforeTheOldOneGoes_AndNoRequestFails()
    {
        var old = Model(ServerFixture.Released("1.0.0"), "payload-cnn", "1.0.0", isRequired: true);
        var next = Model(ServerFixture.Released("1.1.0"), "payload-cnn", "1.1.0", isRequired: true);
        Publish(old);
        await using var server = await StartAsync();
        await UntilAsync(() => server.Status().NotReady is null);
        using var client = ServerFixture.Client(server.Address);
        using var stop = new CancellationTokenSource();
        var load = Task.Run(async () =>
        {
            var failed = new List<string>();
            while (!stop.IsCancellationRequested)
            {
                using var content = new StringContent(
                    """{"inputs":[{"name":"values","datatype":"BYTES","shape":[1],"data":["hello"]}]}""",
                    Encoding.UTF8, "application/json");
                using var answer = await client.PostAsync(
                    new Uri("/v2/models/payload-cnn/infer", UriKind.Relative), content);
                if (!answer.IsSuccessStatusCode) failed.Add(await answer.Content.ReadAsStringAsync());
            }

            return failed;
        });

        Publish(next);
        await UntilAsync(() => server.Status().Models is [{ Version: "1.1.0", State: "READY" }]);
        await stop.CancelAsync();

        Assert.Empty(await load);
    }

    [Fact]
    public async Task ANewVersionThatCannotRun_LeavesTheOldOneServing()
    {
        Publish(Model(ServerFixture.DensePackage(), "dense", "1.0.0", isRequired: true));
        await using var server = await StartAsync();
        await UntilAsync(() => server.Status().NotReady is null);
        var broken = ServerFixture.DensePackage(
            version: "1.0.1", change: m => m with { Inputs = [m.Inputs[0] with { Shape = [-1, 4] }] });

        Publish(Model(broken, "dense", "1.0.1", isRequired: true));
        await UntilAsync(() => server.Status().Models.Any(m => m.State == "UNAVAILABLE"));

        Assert.Contains(server.Status().Models, m => m is { Version: "1.0.0", State: "READY" });
        Assert.Contains("dense 1.0.1", server.Status().NotReady, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACandidateThatCannotRun_IsListedWithTheReason_AndTakesNobodyOutOfService()
    {
        var wrong = ServerFixture.DensePackage(change: m => m with { Inputs = [m.Inputs[0] with { Shape = [-1, 4] }] });
        Publish(
            Model(ServerFixture.Released("1.1.0"), "payload-cnn", "1.1.0", isRequired: true),
            Model(wrong, "dense", "1.0.0", isRequired: false));
        await using var server = await StartAsync();

        await UntilAsync(() => server.Status().Models.Any(m => m is { Model: "dense", State: "UNAVAILABLE" }));

        Assert.Null(server.Status().NotReady);
        Assert.Contains("shape", server.Status().Models.First(m =>
            m.Model == "dense").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APackageThatWasSwappedOrWronglySigned_IsNotServed()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var swapped = Model(ServerFixture.DensePackage("swapped"), "swapped", "1.0.0", isRequired: true);
        _blobs[swapped.Package.Digest] = ServerFixture.DensePackage("other");
        var signed = Model(ServerFixture.DensePackage("signed"), "signed", "1.0.0", isRequired: true);
        signed = signed with
        {
            Package = signed.Package with
            {
                Signature = PackageSignature.Sign(
                    new PackageIdentity("signed", "1.0.0", signed.Package.Digest), other),
                PublicKeyPem = key.ExportSubjectPublicKeyInfoPem(),
            },
        };
        Publish(swapped, signed);
        await using var server = await StartAsync();

        await UntilAsync(() => server.Status().Models.Count(m => m.State == "UNAVAILABLE") == 2);

        Assert.Contains(
            "swapped", server.Status().NotReady + server.Status().Models[1].Model, StringComparison.Ordinal);
        Assert.Contains(server.Status().Models, m => m.Reason!.Contains("it was changed", StringComparison.Ordinal));
        Assert.Contains(server.Status().Models, m => m.Reason!.Contains("does not fit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ARestartWithoutTheOperator_ServesWhatItServedBefore()
    {
        Publish(Model(ServerFixture.Released("1.1.0"), "payload-cnn", "1.1.0", isRequired: true));
        await using (var first = await StartAsync()) await UntilAsync(() =>
            first.Status().NotReady is null && File.Exists(Path.Combine(_state, "pool.json")));
        await _operator.StopAsync();

        await using var second = await StartAsync();

        await UntilAsync(() => second.Status().NotReady is null);
    }

    [Fact]
    public async Task AForeignDocument_IsRefused()
    {
        _document = PoolDocument.Of("shop", "other", []);
        await using var server = await StartAsync();
        await Task.Delay(300);
        Assert.Null(server.Status().Revision);

        Publish(Model(ServerFixture.Released("1.1.0"), "payload-cnn", "1.1.0", isRequired: true));

        await UntilAsync(() => server.Status().NotReady is null);
    }

    private async Task GetPoolAsync(HttpContext context, string? revision, int wait)
    {
        var until = DateTime.UtcNow.AddSeconds(Math.Min(wait, 2));
        while (_document?.Revision == revision && _document is not null && DateTime.UtcNow < until)
        {
            var changed = _changed.Task;
            await Task.WhenAny(changed, Task.Delay(50));
        }

        if (_document is not { } document)
        {
            context.Response.StatusCode = 404;
            return;
        }

        context.Response.Headers.ETag = $"\"{document.Revision}\"";
        if (document.Revision == revision) context.Response.StatusCode = 304;
        else await context.Response.WriteAsync(JsonSerializer.Serialize(document, ProtocolJson.Default.PoolDocument));
    }

    private void Publish(params PoolModel[] models) => Publish([], models);

    private void Publish(string[] keys, params PoolModel[] models)
    {
        _document = PoolDocument.Of("shop", "large", models, keys);
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private PoolModel Model(byte[] archive, string model, string version, bool isRequired)
    {
        var digest = ModelPackageReader.DigestOf(archive);
        _blobs[digest] = archive;
        return new PoolModel
        {
            Model = model, Package = new ModelBlob { Version = version, Digest = digest, InPool = true },
                IsRequired = isRequired,
        };
    }

    private Task<InferenceServer> StartAsync() => fixture.StartAsync(new ServerOptions
    {
        Listen = new Uri("http://127.0.0.1:0"), Workers = 1, Pool = new PoolIdentity("shop", "large"),
        Operator = new OperatorAddress(new Uri(_operator.Urls.First() + "/"), null, null), StateDirectory = _state,
    });

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition()) await Task.Delay(20, patience.Token);
    }
}
