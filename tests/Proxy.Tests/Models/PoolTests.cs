using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>A sidecar whose network runs in a pool: the real server, killed and started again under load.</summary>
public sealed class PoolTests
{
    private const string Attack = "/search?q=1%27%20UNION%20SELECT%20name%2C%20password%20FROM%20users--%20-";

    /// <summary>Refused by the gate alone, with or without a pool.</summary>
    private const string PlainAttack = "/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E";

    [Fact]
    public async Task ThePool_DecidesWhatTheGateLeavesOpen()
    {
        var address = PoolProcess.FreeAddress();
        using var pool = await PoolProcess.StartAsync(address);
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, Policy(address), models: PoolProcess.Packages);
        using var client = sidecar.Client();

        for (var i = 0; i < 60; i++) await client.GetAsync(new Uri($"/search?q={Uncertain(i)}", UriKind.Relative));
        using var attack = await client.GetAsync(new Uri(Attack, UriKind.Relative));

        Assert.Equal(HttpStatusCode.Forbidden, attack.StatusCode);
        Assert.All(sidecar.Sidecar.Status().Models, m => Assert.Equal("Loaded", m.State));
        var metrics = await MetricsAsync(sidecar);
        Assert.True(metrics["waf_pool_calls_total{outcome=\"Answered\"}"] > 0);
        Assert.Equal(1, metrics["waf_pool_circuit{state=\"Closed\"}"]);
    }

    [Fact]
    public async Task ThePoolDyingUnderLoad_LosesNoRequest_AndItsReturnIsNoticed()
    {
        var address = PoolProcess.FreeAddress();
        var pool = await PoolProcess.StartAsync(address);
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, Policy(address), models: PoolProcess.Packages);
        using var client = sidecar.Client();
        var statuses = new ConcurrentDictionary<HttpStatusCode, int>();
        var sent = 0;
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var number = Interlocked.Increment(ref sent);
                var target = number % 10 == 0 ? $"{PlainAttack}&n={number}" : $"/search?q={Uncertain(number)}";
                using var answer = await client.GetAsync(new Uri(target, UriKind.Relative));
                Assert.Equal(number % 10 == 0 ? HttpStatusCode.Forbidden : HttpStatusCode.OK, answer.StatusCode);
                statuses.AddOrUpdate(answer.StatusCode, 1, (_, n) => n + 1);
            }
        })).ToArray();
        await UntilAsync(sidecar, m => m["waf_pool_calls_total{outcome=\"Answered\"}"] > 50, load);

        pool.Kill();
        await UntilAsync(sidecar, m => m["waf_pool_calls_total{outcome=\"CircuitOpen\"}"] > 20, load);
        var answeredBefore = (await MetricsAsync(sidecar))["waf_pool_calls_total{outcome=\"Answered\"}"];
        using var returned = await PoolProcess.StartAsync(address);
        await UntilAsync(sidecar, m => m["waf_pool_calls_total{outcome=\"Answered\"}"] > answeredBefore + 50, load);
        await stop.CancelAsync();

        // An exception in one of these is a request that was lost.
        await Task.WhenAll(load);
        Assert.Equal(sent, statuses.Values.Sum());
        Assert.True((await MetricsAsync(sidecar))["waf_incidents_total{kind=\"pool_unavailable\"}"] > 0);
        pool.Dispose();
    }

    /// <summary>The server here has no key: it stands for whoever answers at the pool's address.</summary>
    [Fact]
    public async Task APoolWithoutTheKey_IsNotBelieved()
    {
        var address = PoolProcess.FreeAddress();
        using var pool = await PoolProcess.StartAsync(address);
        await using var upstream = await TestUpstream.StartAsync();
        var policy = Policy(address);
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address,
            policy with { Ml = policy.Ml! with { PoolKey = PoolAccess.KeyOf(new byte[32], "shop", "large") } },
            models: PoolProcess.Packages);
        using var client = sidecar.Client();

        for (var i = 0; i < 20; i++) await client.GetAsync(new Uri($"/search?q={Uncertain(i)}", UriKind.Relative));

        Assert.Contains(sidecar.Sidecar.Status().Models, m => m.State != "Loaded");
        Assert.Equal(0, (await MetricsAsync(sidecar)).GetValueOrDefault("waf_pool_calls_total{outcome=\"Answered\"}"));
    }

    [Theory]
    [InlineData(FailureMode.Open, HttpStatusCode.OK)]
    [InlineData(FailureMode.Closed, HttpStatusCode.ServiceUnavailable)]
    public async Task WithoutAPool_TheFailureModeDecides(FailureMode mode, HttpStatusCode expected)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = Policy(PoolProcess.FreeAddress());
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy with { FailureModes = policy.FailureModes with { Pool = mode } },
                models: PoolProcess.Packages);
        using var client = sidecar.Client();

        Assert.Equal(expected, (await client.GetAsync(new Uri("/search?q=green%20tea", UriKind.Relative))).StatusCode);
        // What the local models find is refused either way.
        var attack = await client.GetAsync(
            new Uri("/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E", UriKind.Relative));
        Assert.False(attack.IsSuccessStatusCode);
    }

    [Fact]
    public async Task AWronglySignedModel_IsNotAskedFor()
    {
        var address = PoolProcess.FreeAddress();
        using var pool = await PoolProcess.StartAsync(address);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var policy = Policy(address);
        var network = policy.Ml!.Models[1];
        var signed = network with
        {
            Baseline = network.Baseline! with
            {
                Signature = PackageSignature.Sign(
                    new PackageIdentity("payload-cnn", network.Baseline.Version, network.Baseline.Digest), other),
                PublicKeyPem = key.ExportSubjectPublicKeyInfoPem(),
            },
        };
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, policy with { Ml = policy.Ml with { Models = [policy.Ml.Models[0], signed] } },
            models: PoolProcess.Packages);

        var status = sidecar.Sidecar.Status().Models.Single(m => m.Model == "payload-cnn");

        Assert.Equal("Failed", status.State);
        Assert.Contains("does not fit", status.Message, StringComparison.Ordinal);
    }

    /// <summary>Text that a linear gate is unsure of; each another one, so that no answer is known already.</summary>
    private static string Uncertain(int number) =>
        Uri.EscapeDataString($"select {number} from the list and order by date -- or union station {number}");

    private static PolicyDocument Policy(Uri pool) => TestSidecar.Policy(InspectionMode.Enforce) with
    {
        Ml = new MlPolicy
        {
            Mode = InspectionMode.Enforce,
            PoolUrl = pool.OriginalString,
            // Long enough for a busy machine: what is measured here is not speed.
            LatencyBudget = TimeSpan.FromSeconds(2),
            CriticalThreshold = 0.98,
            Learning = new LearningPolicy { Mode = LearningKind.Off },
            Models =
            [
                new ModelAssignment
                {
                    Model = "gate", Baseline = new ModelBlob { Version = "1.1.0", Digest = PoolProcess.DigestOf(
                        "gate-1.1.0") },
                },
                new ModelAssignment
                {
                    Model = "payload-cnn",
                    Baseline = new ModelBlob
                    {
                        Version = "1.1.0", Digest = PoolProcess.DigestOf("payload-cnn-1.1.0"), InPool = true,
                    },
                },
            ],
        },
    };

    private static async Task UntilAsync(
        TestSidecar sidecar, Func<Dictionary<string, double>, bool> condition, Task[] load)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition(await MetricsAsync(sidecar)))
        {
            if (load.FirstOrDefault(t => t.IsFaulted) is { } failed) await failed;
            await Task.Delay(50, patience.Token);
        }
    }

    private static async Task<Dictionary<string, double>> MetricsAsync(TestSidecar sidecar)
    {
        using var client = TestSidecar.Client(sidecar.Admin);
        var text = await client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return text.Split('\n').Where(line => line.Length > 0 && line[0] != '#')
            .ToDictionary(line => line[..line.LastIndexOf(' ')],
                line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
