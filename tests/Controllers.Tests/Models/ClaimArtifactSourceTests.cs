using System.Net;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Controllers.Tests.Outside;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Tests.ApiServer;
using WafOperator.Resources.Models;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>pvc:// on a real API server; the test does what Job controller and kubelet would.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class ClaimArtifactSourceTests(TestApiServer server)
{
    private static readonly ModelArtifact Artifact = new() { Digest = "sha256:" + new string('a', 64) };

    [Fact]
    public async Task Fetch_StartsAJobThatMountsTheClaimReadOnly_AndReadsFromItsPod()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        using var outside = TestOutside.WithPods(new Offer(Artifact.Digest));

        var first = await FetchAsync(client, outside, ns);
        Assert.True(first.IsUnderWay);
        var job = await client.GetAsync(
            BuiltIn.Jobs, ClaimReaderJob.KeyOf(ns, Artifact.Digest), CancellationToken.None);
        var spec = job.Json.GetProperty("spec").GetProperty("template").GetProperty("spec");
        var claim = spec.GetProperty("volumes")[0].GetProperty("persistentVolumeClaim");
        Assert.Equal(("models", true),
            (claim.GetProperty("claimName").GetString(), claim.GetProperty("readOnly").GetBoolean()));
        Assert.Contains(
            "/claim/team/gate.tar", spec.GetProperty("containers")[0].GetProperty("args").ToString(),
                StringComparison.Ordinal);

        Assert.True((await FetchAsync(client, outside, ns)).IsUnderWay);
        await RunPodAsync(client, ns, job.Metadata.Name);
        var read = await FetchAsync(client, outside, ns);
        Assert.Equal("a package"u8.ToArray(), (await read.Content!.ReadAsync(CancellationToken.None)).ToArray());
    }

    [Fact]
    public async Task Fetch_OfAFileThatIsNotThere_SaysSoInTheReadersWords_AndStartsAnew()
    {
        using var client = server.Client();
        var ns = await server.NamespaceAsync();
        using var outside = TestOutside.WithPods(new Offer(Artifact.Digest));
        await FetchAsync(client, outside, ns);
        var key = ClaimReaderJob.KeyOf(ns, Artifact.Digest);
        await RunPodAsync(client, ns, key.Name, "the claim has no such file");
        var failed = new JsonArray(new JsonObject { ["type"] = "Failed", ["status"] = "True" });
        await client.PatchAsync(
            BuiltIn.Jobs, key,
            Patch.MergeStatus(new JsonObject { ["status"] = new JsonObject { ["conditions"] = failed } }),
            CancellationToken.None);

        var ended = await FetchAsync(client, outside, ns);

        Assert.Equal(("the claim has no such file", false), (ended.Error, ended.IsFinal));
        Assert.Null(await client.TryGetAsync(BuiltIn.Jobs, key, CancellationToken.None));
    }

    [Theory]
    [InlineData("pvc://models")]
    [InlineData("pvc://models/%2e%2e%2fsecret")]
    public async Task Fetch_OfAPathOutsideOfTheClaim_IsRefused(string uri)
    {
        using var client = server.Client();
        using var outside = TestOutside.WithPods(new Offer(Artifact.Digest));
        var source = new ClaimArtifactSource(client, outside.Transport, "registry.local/sidecar");

        Assert.True((await source.FetchAsync(
            new WantedArtifact(new Uri(uri), "default", Artifact, 1_000), CancellationToken.None))
            .IsFinal);
    }

    private static Task<ArtifactFetch> FetchAsync(KubernetesClient client, TestOutside outside, string ns) =>
        new ClaimArtifactSource(client, outside.Transport, "registry.local/sidecar").FetchAsync(
            new WantedArtifact(new Uri("pvc://models/team/gate.tar"), ns, Artifact, 1_000), CancellationToken.None);

    private static async Task RunPodAsync(KubernetesClient client, string ns, string job, string? lastWords = null)
    {
        var labels = new JsonObject { ["wafoperator.dev/claim-reader"] = job };
        var container = new JsonObject { ["name"] = ClaimReaderJob.Container, ["image"] = "registry.local/sidecar" };
        await client.CreateAsync(
            BuiltIn.Pods,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["namespace"] = ns, ["name"] = job, ["labels"] = labels },
                ["spec"] = new JsonObject { ["containers"] = new JsonArray(container) },
            },
            CancellationToken.None);
        var status = new JsonObject { ["phase"] = lastWords is null ? "Running" : "Failed", ["podIP"] = "192.0.2.7" };
        if (lastWords is not null)
        {
            status["containerStatuses"] = new JsonArray(new JsonObject
            {
                ["name"] = ClaimReaderJob.Container, ["image"] = "x", ["imageID"] = "x", ["ready"] = false,
                ["restartCount"] = 0,
                ["state"] = new JsonObject
                {
                    ["terminated"] = new JsonObject { ["exitCode"] = 1, ["message"] = lastWords },
                },
            });
        }

        await client.PatchAsync(
            BuiltIn.Pods, new NamespacedName(ns, job), Patch.MergeStatus(new JsonObject { ["status"] = status }),
            CancellationToken.None);
    }

    /// <summary>The reader's port, at the address that the pod's status names.</summary>
    private sealed class Offer(string digest) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var isRight = request.RequestUri == new Uri($"http://192.0.2.7:16521/{digest}");
            return Task.FromResult(new HttpResponseMessage(isRight ? HttpStatusCode.OK : HttpStatusCode.NotFound)
            {
                Content = new ByteArrayContent("a package"u8.ToArray()),
            });
        }
    }
}
