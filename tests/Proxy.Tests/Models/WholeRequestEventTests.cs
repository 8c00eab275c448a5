using System.Net;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>
/// A model of whole requests behind the released ones in a running sidecar: what it decides, and what the event says.
/// Its weights are random; the manifest says what its answers are worth.
/// </summary>
public sealed class WholeRequestEventTests
{
    private const string Name = "transformer-sample";

    [Fact]
    public async Task WhatOnlyItFinds_IsBlocked_AndTheEventHoldsTypeAndWidth()
    {
        var found = await SendAsync(HttpStatusCode.Forbidden, probability: 0.97, uncertainFrom: 1_000);

        Assert.Equal((VerdictKind.Block, "Model", "critical"), (found.Verdict, found.Reason, found.Risk));
        var whole = Assert.Single(found.Models, m => m.Model == Name);
        Assert.StartsWith(whole.Family + "/", whole.Type, StringComparison.Ordinal);
        Assert.InRange(whole.Uncertainty!.Value, 1e-4, 1_000);
        Assert.All(found.Models.Where(m => m.Model != Name), m => Assert.Null(m.Uncertainty));
        Assert.DoesNotContain("uncertain", found.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RiskActionKind.Block, HttpStatusCode.Forbidden, "Model")]
    [InlineData(RiskActionKind.Log, HttpStatusCode.OK, "None")]
    public async Task WhatItIsUncertainOf_IsWhatThePolicySays(
        RiskActionKind action, HttpStatusCode status, string reason)
    {
        var found = await SendAsync(status, probability: 0.2, uncertainFrom: 0, action);

        Assert.Equal((reason, null), (found.Reason, found.Risk));
        Assert.NotNull(Assert.Single(found.Models, m => m.Model == Name).Uncertainty);
        if (action is RiskActionKind.Block) Assert.Contains("uncertain, ", found.Message, StringComparison.Ordinal);
    }

    /// <summary>The real server in a process of its own: it has the vocabulary and makes the rows.</summary>
    [Fact]
    public async Task InAPool_ItDecides_AndSaysTheSame()
    {
        var here = await SendAsync(HttpStatusCode.Forbidden, probability: 0.97, uncertainFrom: 1_000);
        var inPool = await SendAsync(
            HttpStatusCode.Forbidden, probability: 0.97, uncertainFrom: 1_000, isInPool: true);

        Assert.Equal((here.Verdict, here.Reason, here.Risk), (inPool.Verdict, inPool.Reason, inPool.Risk));
        var (first, second) = (
            Assert.Single(here.Models, m => m.Model == Name), Assert.Single(inPool.Models, m => m.Model == Name));
        Assert.Equal((first.Outcome, first.Score, first.Family, first.Type),
            (second.Outcome, second.Score, second.Family, second.Type));
        Assert.Equal(first.Uncertainty!.Value, second.Uncertainty!.Value, 1e-3);
    }

    private static async Task<SecurityEvent> SendAsync(
        HttpStatusCode status, double probability, double uncertainFrom,
        RiskActionKind uncertain = RiskActionKind.Allow, bool isInPool = false)
    {
        using var packages = new Folder(probability, uncertainFrom);
        var address = PoolProcess.FreeAddress();
        using var pool = isInPool ? await PoolProcess.OfAsync(address, packages.Path) : null;
        if (isInPool) packages.Blobs[Name] = packages.Blobs[Name] with { InPool = true };
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce) with
        {
            Ml = new MlPolicy
            {
                Mode = InspectionMode.Enforce, UncertainAction = uncertain, LatencyBudget = TimeSpan.FromSeconds(10),
                PoolUrl = isInPool ? address.OriginalString : null,
                Models = [.. packages.Blobs.Select(b => new ModelAssignment { Model = b.Key, Baseline = b.Value })],
            },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy, models: packages.Path);
        using var client = sidecar.Client();
        using var answer = await client.GetAsync("/search?q=green+tea,+100+g");

        Assert.Equal(status, answer.StatusCode);
        return Assert.Single(await sidecar.EventsAsync());
    }

    /// <summary>The released gate and network, and the sample with another manifest.</summary>
    private sealed class Folder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("waf-models-");

        public Folder(double probability, double uncertainFrom)
        {
            foreach (var name in new[] { "gate", "payload-cnn" })
                Add(name, "1.5.0", File.ReadAllBytes(System.IO.Path.Combine(Released(), $"{name}-1.5.0.tar")));
            var sample = File.ReadAllBytes(System.IO.Path.Combine(AppContext.BaseDirectory, "Models", $"{Name}.tar"));
            var package = ModelPackageReader.Read(
                sample, ModelPackageReader.DigestOf(sample), PackageLimits.Default).Package!;
            var manifest = package.Manifest with
            {
                Cascade = new()
                {
                    ModelWeight = 0, GateWeight = 0, Intercept = Math.Log(probability / (1 - probability)),
                },
                Thresholds = new Dictionary<string, double> { ["uncertain"] = uncertainFrom },
            };
            Add(Name, manifest.Version, ModelPackageWriter.Write(manifest, package.Files));
        }

        public string Path => _folder.FullName;

        public Dictionary<string, ModelBlob> Blobs { get; } = [];

        public void Dispose() => _folder.Delete(recursive: true);

        private void Add(string name, string version, byte[] archive)
        {
            File.WriteAllBytes(System.IO.Path.Combine(Path, $"{name}.tar"), archive);
            Blobs[name] = new ModelBlob { Version = version, Digest = ModelPackageReader.DigestOf(archive) };
        }

        private static string Released()
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!Directory.Exists(System.IO.Path.Combine(folder!.FullName, "models", "packages")))
                folder = folder.Parent;
            return System.IO.Path.Combine(folder.FullName, "models", "packages");
        }
    }
}
