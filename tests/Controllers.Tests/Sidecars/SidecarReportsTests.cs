using System.Collections.Immutable;
using WafOperator.Controllers.Sidecars;
using WafOperator.Controllers.Tests.Models;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Status;

namespace WafOperator.Controllers.Tests.Sidecars;

public sealed class SidecarReportsTests
{
    private static readonly NamespacedName Pod = new("shop", "shop-1");

    private readonly Dictionary<NamespacedName, PodView> _pods = new() { [Pod] = View("uid-1") };
    private readonly FakeTimeProvider _time = new();
    private readonly SidecarReports _reports;

    public SidecarReportsTests() =>
        _reports = new SidecarReports(_pods.GetValueOrDefault, new SidecarReportOptions(), _time);

    [Fact]
    public void AReport_CountsForItsPod_UntilItIsOld()
    {
        Assert.Equal(ReportOutcome.Taken, _reports.Accept(Pod, "uid-1", Status("r1")));
        Assert.Equal("r1", _reports.Find(_pods[Pod])!.Status.Revision);

        _time.Advance(TimeSpan.FromSeconds(31));

        Assert.Null(_reports.Find(_pods[Pod]));
    }

    [Theory]
    [InlineData("shop", "shop-2", "uid-1", "no such pod")]
    [InlineData("bank", "shop-1", "uid-1", "another namespace's pod")]
    [InlineData("shop", "shop-1", "uid-0", "a pod of that name before")]
    public void AReportOfAnybodyElse_IsRefused(string ns, string name, string uid, string who)
    {
        Assert.True(
            _reports.Accept(new NamespacedName(ns, name), uid, Status("r1")) is ReportOutcome.NotASidecar, who);
        Assert.Null(_reports.Find(_pods[Pod]));
    }

    [Fact]
    public void AReportOfAPodWithoutAnInjectedSidecar_IsRefused()
    {
        _pods[Pod] = View("uid-1") with { Captured = null };

        Assert.Equal(ReportOutcome.NotASidecar, _reports.Accept(Pod, "uid-1", Status("r1")));
    }

    [Fact]
    public void ReportsOfOnePod_TooOften_AreNotTaken()
    {
        _reports.Accept(Pod, "uid-1", Status("r1"));
        Assert.Equal(ReportOutcome.TooSoon, _reports.Accept(Pod, "uid-1", Status("r2")));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ReportOutcome.Taken, _reports.Accept(Pod, "uid-1", Status("r2")));
    }

    [Fact]
    public void News_AreToldOfThePodsOwnNamespace()
    {
        var told = new List<NamespacedName>();
        _reports.Observed += told.Add;

        _reports.Accept(Pod, "uid-1", Status("r1") with { Namespace = "bank", Policy = "main" });
        _time.Advance(TimeSpan.FromSeconds(2));
        _reports.Accept(Pod, "uid-1", Status("r1") with { Namespace = "bank", Policy = "main" });

        Assert.Equal([new NamespacedName("shop", "main")], told);
    }

    /// <summary>Whatever a pod says, sums over pods stay within bounds and texts short.</summary>
    [Fact]
    public void Clamp_OfAnything_IsWithinBounds()
    {
        var random = new Random(5);
        long[] extremes = [long.MinValue, -1, 0, 1, StatusBounds.CountMax, long.MaxValue];
        long Any() => extremes[random.Next(extremes.Length)];
        for (var round = 0; round < 500; round++)
        {
            var status = StatusBounds.Clamp(new SidecarStatus
            {
                Revision = new string('r', random.Next(0, 5_000)),
                Requests = new RequestCounters { Total = Any(), Blocked = Any(), WouldBlock = Any() },
                ExclusionHits = Enumerable.Range(0, random.Next(5_000)).ToDictionary(i => $"e{i}", _ => Any()),
                Rollouts = [.. Enumerable.Range(0, random.Next(100)).Select(_ => new RolloutCounters
                {
                    Model = "gate", BaselineDigest = "a", CandidateDigest = "b", PairsB0C0 = Any(), PairsB0C1 = Any(),
                    AttackB0C0 = Any(), AttackB0C1 = Any(), CandidateErrors = Any(), BaselineLatency = new long[100],
                })],
                Learning = new LearningReport { Requests = Any(), AppliedThreshold = double.NaN },
                Vocabulary = [.. Enumerable.Range(0, random.Next(1_000)).Select(_ => new SeenValue
                {
                    Value = new string('v', random.Next(5_000)), Requests = Any(), Clients = (int)Any(),
                })],
            }, _ => true);

            Assert.All(
                status.Rollouts.SelectMany(r => new[] { r.PairsB0C0, r.PairsB0C1, r.AttackB0C0, r.CandidateErrors })
                    .Concat(status.ExclusionHits.Values).Append(status.Requests.Total)
                    .Append(status.Learning!.Requests),
                count => Assert.InRange(count, 0, StatusBounds.CountMax));
            Assert.All(status.Rollouts, r => Assert.True(r.AttackB0C0 <= r.PairsB0C0 && r.AttackB0C1 <= r.PairsB0C1));
            Assert.True(status.Vocabulary.Count <= SeenValue.ValuesMax * Enum.GetValues<SeenKind>().Length);
            Assert.All(status.Vocabulary, seen => Assert.True(seen.Value.Length <= 253
                && seen.Requests is >= 0 and <= StatusBounds.CountMax && seen.Clients is >= 0 and <= 32));
            Assert.True(status.Rollouts.Count <= 32 && status.ExclusionHits.Count <= 2_000);
            Assert.True(status.Revision!.Length <= 253 && status.Learning!.AppliedThreshold is null);
        }
    }

    [Fact]
    public void WhatIsCountedWithApiSchemas_HasBounds_ForAllOfThemTogether()
    {
        var report = new ApiSchemaReport
        {
            Name = new string('n', 900), Document = new string('d', 900), Requests = long.MaxValue,
            Operations = new long[9_000],
            Findings = [.. Enumerable.Range(0, 900).Select(_ => new ApiFindingReport(-9, new string('r', 900), -1))],
            Shadows = [.. Enumerable.Range(0, 900).Select(_ => new ApiShadowReport(new string('p', 900), 1, 7))],
        };
        var status = StatusBounds.Clamp(new() { ApiSchemas = [.. Enumerable.Repeat(report, 90)] }, _ => true);

        Assert.Equal(16, status.ApiSchemas!.Count);
        Assert.All(status.ApiSchemas, api => Assert.Equal((6, 6), (api.Findings.Count, api.Shadows.Count)));
        var api = status.ApiSchemas[0];
        Assert.Equal((253, 253, StatusBounds.CountMax, 500),
            (api.Name.Length, api.Document.Length, api.Requests, api.Operations.Count));
        var finding = api.Findings[0];
        Assert.Equal((-1, 32, 0L), (finding.Operation, finding.Reason.Length, finding.Requests));
        Assert.Equal((128, 1L, 1L), (api.Shadows[0].Path.Length, api.Shadows[0].Requests, api.Shadows[0].Answered));
        Assert.InRange(StatusBounds.BytesOf(status), 16 * 500 * 8, 300_000);
    }

    /// <summary>Names that no exclusion has, and texts without end, take no room.</summary>
    [Fact]
    public void AReportOfInventedThings_TakesLittleRoom()
    {
        var status = StatusBounds.Clamp(
            new SidecarStatus
            {
                ExclusionHits = Enumerable.Range(0, 2_000).ToDictionary(i => $"{i}{new string('x', 240)}", _ => 1L)
                    .Append(KeyValuePair.Create("search", 7L)).ToDictionary(),
                Rollouts = [.. Enumerable.Range(0, 32).Select(_ => new RolloutCounters
                {
                    Model = Long(), BaselineDigest = Long(), CandidateDigest = Long(), Salt = Long(),
                })],
                Learning = new LearningReport { Sketches = new string('A', 400_000) },
            }, name => name == "search");

        Assert.Equal(("search", 7L), status.ExclusionHits.Select(hit => (hit.Key, hit.Value)).Single());
        Assert.InRange(StatusBounds.BytesOf(status), 1, 100_000);

        static string Long() => new('r', 10_000);
    }

    /// <summary>A namespace that says much keeps what coverage rests on, and takes nothing from others.</summary>
    [Fact]
    public void ReportsOfANamespace_AreBounded_AndTheRestIsCutShort()
    {
        var pods = Enumerable.Range(0, 40).Select(i => new NamespacedName("shop", $"p{i}"))
            .Append(new NamespacedName("bank", "p0")).ToDictionary(key => key, key => View("uid-1") with
            {
                Metadata = new ObjectMeta { Namespace = key.Namespace, Name = key.Name, Uid = "uid-1" },
            });
        var reports = new SidecarReports(
            pods.GetValueOrDefault, new SidecarReportOptions { NamespaceBytesMax = 100_000 }, _time);

        var outcomes = pods.Keys.Select(key => (key.Namespace, Outcome: reports.Accept(key, "uid-1", Talkative())))
            .ToList();

        Assert.InRange(outcomes.Count(o => o.Outcome is ReportOutcome.Taken), 2, 12);
        Assert.Equal(("bank", ReportOutcome.Taken), outcomes[^1]);
        Assert.All(outcomes, o => Assert.True(o.Outcome is ReportOutcome.Taken or ReportOutcome.TakenInPart));
        var last = reports.Find(pods[new NamespacedName("shop", "p39")])!.Status;
        Assert.Equal(("r1", 0), (last.Revision!, last.ExclusionHits.Count));
        // What went makes room again.
        _time.Advance(TimeSpan.FromMinutes(2));
        reports.Accept(new NamespacedName("bank", "p0"), "uid-1", Talkative());
        Assert.Equal(ReportOutcome.Taken, reports.Accept(new NamespacedName("shop", "p39"), "uid-1", Talkative()));

        static SidecarStatus Talkative() => Status("r1") with
        {
            ExclusionHits = Enumerable.Range(0, 50).ToDictionary(i => $"{i}{new string('x', 50)}", _ => 1L),
        };
    }

    private static SidecarStatus Status(string revision) => new() { Revision = revision, Policy = "main" };

    private static PodView View(string uid) => new()
    {
        Metadata = new ObjectMeta { Namespace = "shop", Name = "shop-1", Uid = uid },
        Phase = "Running",
        Captured = new CapturedPod { Listening = [15001], Redirected = [], Protected = [8080], Declared = [] },
    };
}
