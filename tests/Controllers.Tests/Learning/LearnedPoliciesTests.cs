using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Learning;
using WafOperator.Controllers.Sidecars;
using WafOperator.Kubernetes.Objects;
using WafOperator.Protocols.Learning;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Tests.Learning;

public sealed class LearnedPoliciesTests
{
    private static readonly NamespacedName Key = new("shop", "front");
    private readonly FakeTimeProvider _clock = new();
    private readonly Sink _sink = new();

    [Fact]
    public void Observe_OfTwoReplicas_SumsThemAndServesTheMergedSketch()
    {
        var learned = new LearnedPolicies(_sink, _clock);

        var status = learned.Observe(Key, Policy(minimum: 1_000), [Pod("a", 400, 1), Pod("b", 300, 0)]);

        Assert.NotNull(status);
        Assert.Equal((700, 70, 1, false), (status.Requests, status.Progress, status.WouldBlock, status.SafeToEnforce));
        Assert.Equal(700, LearnedScores.Read(_sink.Last)!.Requests);
        Assert.Equal(700, LearnedScores.Read(_sink.Last)!.All.Total);
    }

    [Fact]
    public void Observe_OfTheSameReportAgain_CountsItOnce()
    {
        var learned = new LearnedPolicies(_sink, _clock);
        for (var round = 0; round < 5; round++)
        {
            learned.Observe(Key, Policy(1_000), [Pod("a", 400, 0)]);
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(400, learned.Observe(Key, Policy(1_000), [Pod("a", 400, 0)])!.Requests);
    }

    [Fact]
    public void Observe_AfterAPodEnded_RemembersItForADay()
    {
        var learned = new LearnedPolicies(_sink, _clock);
        learned.Observe(Key, Policy(100), [Pod("old", 20_000, 0)]);
        _clock.Advance(TimeSpan.FromHours(1));

        var next = learned.Observe(Key, Policy(100), [Pod("new", 10, 0)])!;
        Assert.Equal((20_010, true), (next.Requests, next.SafeToEnforce));
        _clock.Advance(TimeSpan.FromHours(24));
        Assert.Equal(10, learned.Observe(Key, Policy(100), [Pod("new", 10, 0)])!.Requests);
    }

    [Fact]
    public void Observe_OfASidecarThatFollowsAnotherPolicy_LearnsNothing()
    {
        var pod = Pod("a", 400, 0);
        var learned = new LearnedPolicies(_sink, _clock);

        Assert.Null(learned.Observe(Key, Policy(100), [pod with { Status = pod.Status! with { Policy = "back" } }]));
        Assert.Null(_sink.Last);
    }

    [Fact]
    public void Observe_OfANonsenseSketch_KeepsTheOthers()
    {
        var bad = Pod("bad", 1, 0);
        bad = bad with { Status = bad.Status! with { Learning = bad.Status!.Learning! with { Sketches = "////" } } };

        var status = new LearnedPolicies(_sink, _clock).Observe(Key, Policy(100), [bad, Pod("good", 250, 0)]);

        Assert.Equal(250, status!.Requests);
    }

    [Fact]
    public void Observe_OfMorePodsThanRemembered_KeepsTheLatest()
    {
        var learned = new LearnedPolicies(_sink, _clock);
        for (var i = 0; i < LearnedPolicies.PodsMax + 50; i++)
        {
            learned.Observe(Key, Policy(100), [Pod($"pod-{i}", 1, 0)]);
            _clock.Advance(TimeSpan.FromSeconds(31));
        }

        Assert.Equal(LearnedPolicies.PodsMax, learned.Observe(Key, Policy(100), [])!.Requests);
    }

    [Fact]
    public void Remove_TakesWhatWasServedBack()
    {
        var learned = new LearnedPolicies(_sink, _clock);
        learned.Observe(Key, Policy(100), [Pod("a", 400, 0)]);
        learned.Remove(Key);

        Assert.Null(_sink.Last);
        Assert.Null(learned.Observe(Key, Policy(100), []));
    }

    private static WafPolicy Policy(int minimum) => new()
    {
        Spec = new WafPolicySpec { Ml = new MlSpec { Learning = new LearningSpec { MinimumRequests = minimum } } },
    };

    private static CoveredPodView Pod(string uid, int requests, long wouldBlock)
    {
        var sketch = new ScoreSketch();
        for (var i = 0; i < requests; i++) sketch.Add(0.2, (ulong)i * 0x9E3779B97F4A7C15);
        var scores = new LearnedScores { Requests = requests, WouldBlock = wouldBlock, All = sketch };
        return new CoveredPodView(
            new PodView { Metadata = new ObjectMeta { Name = uid, Namespace = "shop", Uid = uid } },
            new SidecarStatus
            {
                Policy = "front",
                Learning = new LearningReport
                {
                    Requests = requests, WouldBlock = wouldBlock, Sketches = scores.Write(),
                },
            });
    }

    private sealed class Sink : ILearningSink
    {
        public string? Last { get; private set; }

        public void Publish(NamespacedName policy, string learned) => Last = learned;

        public void Remove(NamespacedName policy) => Last = null;
    }
}
