using System.Runtime.InteropServices;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;
using WafOperator.Scoring.Pool;

namespace WafOperator.Scoring.Tests.Pool;

/// <summary>
/// The cascade with a model in a pool. The pool's answers are computed by the same network's managed kernel, so that
/// a model in the pool must decide as it does in the sidecar.
/// </summary>
public sealed class PoolScoringTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    private static readonly ExclusionProgram NoExclusions = new([]);

    private static readonly string[] Values =
    [
        "green tea", "select a gift from the list", "1' UNION SELECT username FROM users-- -", "O'Brien",
            "a < b && c > d",
        "<svg/onload=alert(1)>", "drop table", "; cat /etc/passwd", "union station", "../images/logo.png",
            "${jndi:ldap://x}",
        "function(){return 1}", "SELECT your seat and order from the menu", "javascript:void(0)", "{{7*7}}",
    ];

    private readonly RequestScorer _scorer = new(new PredictionCache(1 << 10));

    [Fact]
    public async Task AModelInThePool_DecidesAsItDoesInTheSidecar()
    {
        var local = models.Program(models.Policy());
        var remote = await ProgramAsync(Policy(["gate"], ["payload-cnn"]));
        var asked = 0;
        foreach (var value in Values)
        {
            var request = ReleasedModels.Search(value);
            var expected = new RequestScorer(new PredictionCache(1 << 10)).Score(local, NoExclusions, request, Facts());
            var questions = _scorer.Collect(remote, NoExclusions, request, Facts());
            asked += questions?.Models.Sum(m => m.Count) ?? 0;
            var actual = _scorer.Score(remote, NoExclusions, request, Facts(), questions is null
                ? null : Answer(questions));

            Assert.Equal(expected.Outcome, actual.Outcome);
            Assert.Equal(expected.Risk, actual.Risk);
            Assert.Equal(expected.Score, actual.Score, 1e-5);
        }

        Assert.InRange(asked, 1, Values.Length);
    }

    [Fact]
    public async Task WithoutAnAnswer_TheLocalModelsDecide_AndTheOutcomeSaysSo()
    {
        var gateOnly = models.Program(models.Policy() with { Models = [models.Assignment("gate")] });
        var remote = await ProgramAsync(Policy(["gate"], ["payload-cnn"]));
        var missed = 0;
        foreach (var value in Values)
        {
            var request = ReleasedModels.Search(value);
            var expected = _scorer.Score(gateOnly, NoExclusions, request, Facts());
            var questions = _scorer.Collect(remote, NoExclusions, request, Facts());
            var actual = _scorer.Score(remote, NoExclusions, request, Facts(), new PoolAnswers());

            Assert.Equal(questions is null ? ScoringOutcome.Scored : ScoringOutcome.PoolUnavailable, actual.Outcome);
            Assert.Equal(expected.Score, actual.Score, 1e-9);
            missed += questions is null ? 0 : 1;
        }

        Assert.True(missed > 0);
    }

    [Fact]
    public async Task AnAnswer_IsKept_AndNotAskedForAgain()
    {
        var remote = await ProgramAsync(Policy(["gate"], ["payload-cnn"]));
        var request = await UncertainAsync(remote);
        var questions = _scorer.Collect(remote, NoExclusions, request, Facts())!;
        var first = _scorer.Score(remote, NoExclusions, request, Facts(), Answer(questions));

        Assert.Null(_scorer.Collect(remote, NoExclusions, request, Facts()));
        var second = _scorer.Score(remote, NoExclusions, request, Facts());
        Assert.Equal((first.Score, ScoringOutcome.Scored), (second.Score, second.Outcome));
    }

    [Fact]
    public async Task AThirdStage_IsAskedOnlyWhatTheLocalNetworkLeavesOpen()
    {
        var two = await ProgramAsync(Policy(["gate"], ["payload-cnn"]));
        var policy = Policy(["gate", "payload-cnn"], ["large"]);
        var three = await ProgramAsync(policy);
        var (askedByTwo, askedByThree) = (0, 0);
        foreach (var value in Values)
        {
            var request = ReleasedModels.Search(value);
            askedByTwo += _scorer.Collect(two, NoExclusions, request, Facts())?.Models[0].Count ?? 0;
            askedByThree += _scorer.Collect(three, NoExclusions, request, Facts())?.Models[0].Count ?? 0;
        }

        Assert.InRange(askedByThree, 0, askedByTwo);
    }

    [Fact]
    public async Task Collecting_CountsNothing()
    {
        var policy = Policy(["gate"], ["payload-cnn"]);
        var assignment = policy.Models[1];
        policy = policy with
        {
            Models = [policy.Models[0], assignment with { Candidate = Blob(
                "1.1.0"), CandidateWeightPercent = 50, RolloutSalt = "s" }],
        };
        var program = await ProgramAsync(policy);
        var request = await UncertainAsync(program);

        var questions = _scorer.Collect(program, NoExclusions, request, Facts())!;

        Assert.Equal(
            0, program.Tallies.Single().Read().BaselineDecided + program.Tallies.Single().Read().CandidateDecided);
        // Both versions are asked; only the one that decides may not be kept waiting.
        Assert.Equal(2, questions.Models.Count);
        Assert.Single(questions.Models, m => m.IsDeciding);
        _scorer.Score(program, NoExclusions, request, Facts(), Answer(questions));
        Assert.Equal(
            1, program.Tallies.Single().Read().BaselineDecided + program.Tallies.Single().Read().CandidateDecided);
    }

    [Fact]
    public async Task ACandidateThatThePoolDoesNotAnswerFor_IsCountedAsFailing()
    {
        var policy = Policy(["gate"], ["payload-cnn"]);
        policy = policy with
        {
            Models = [policy.Models[0], policy.Models[1] with { Candidate = Blob("1.1.0"), RolloutSalt = "s" }],
        };
        var program = await ProgramAsync(policy);
        var request = await UncertainAsync(program);
        var questions = _scorer.Collect(program, NoExclusions, request, Facts())!;
        var answers = new PoolAnswers();
        Answer(questions.Models.Single(m => m.IsDeciding), answers);

        var result = _scorer.Score(program, NoExclusions, request, Facts(), answers);

        Assert.Equal(ScoringOutcome.Scored, result.Outcome);
        Assert.Equal((0L, 1L), (program.Tallies.Single().Read().BaselineErrors,
            program.Tallies.Single().Read().CandidateErrors));
    }

    [Fact]
    public async Task Weighted_WithoutThePool_WeighsTheRest()
    {
        var policy = Policy(["gate"], ["payload-cnn"]) with { Ensemble = EnsembleKind.Weighted };
        var program = await ProgramAsync(policy);
        var gate = await ProgramAsync(policy with { Models = [policy.Models[0]] });
        var request = ReleasedModels.Search("1' UNION SELECT username, password FROM users-- -");

        var without = _scorer.Score(program, NoExclusions, request, Facts(), new PoolAnswers());

        Assert.Equal(_scorer.Score(gate, NoExclusions, request, Facts()).Score, without.Score, 1e-9);
        Assert.Equal(ScoringOutcome.PoolUnavailable, without.Outcome);
    }

    [Fact]
    public async Task AFamilyWhosePoolWasNeverReached_IsAPoolThatIsAway()
    {
        var program = await ProgramAsync(Policy(["gate"], ["payload-cnn"]), new NoPool());

        Assert.Equal(ModelGaps.Pool, program.Gaps);
        Assert.Equal(ScoringOutcome.PoolUnavailable, _scorer.Score(
            program, NoExclusions, ReleasedModels.Search("tea"), Facts()).Outcome);
    }

    [Fact]
    public async Task Questions_AreBounded_AndEachValueIsAskedOnce()
    {
        var remote = await ProgramAsync(Policy([], ["payload-cnn"]));
        var request = new CanonicalRequest();
        var query = string.Join('&', Enumerable.Range(0, 200).Select(i => $"a{i}=x%20y{i % 150}%20z"));
        request.Begin("GET", "/search?" + query, "HTTP/1.1");
        request.EndHeaders();
        request.EndBody();

        var question = Assert.Single(_scorer.Collect(remote, NoExclusions, request, Facts())!.Models);

        Assert.Equal(PoolQuestions.ValuesMax, question.Count);
        Assert.Null(CompactRequest.Check(question.ToBody(), CompactRequest.ValuesMax, out var digest, out var count));
        Assert.Equal((question.Model.Digest, PoolQuestions.ValuesMax), (digest, count));
    }

    private static ScoringFacts Facts() => new() { Route = "" };

    private async Task<CanonicalRequest> UncertainAsync(ScoringProgram program)
    {
        await Task.CompletedTask;
        return Values.Select(ReleasedModels.Search).First(r =>
            _scorer.Collect(program, NoExclusions, r, Facts()) is not null);
    }

    private MlPolicy Policy(string[] local, string[] inPool)
    {
        var assignments = local.Select(models.Assignment)
            .Concat(inPool.Select(family => new ModelAssignment { Model = family, Baseline = Blob("1.0.0") }));
        return models.Policy() with { Models = [.. assignments], PoolUrl = "http://pool.example:8500" };
    }

    private ModelBlob Blob(string version) => new()
    {
        Version = version, Digest = version == "1.0.0"
            ? models.Blob("payload-cnn").Digest + "" : "sha256:" + new string('b', 64),
        InPool = true,
    };

    private async Task<ScoringProgram> ProgramAsync(MlPolicy policy, IRemoteModels? pool = null)
    {
        // Local families come first: the same digest may be asked for from both sides.
        var library = new ModelLibrary(
            [new FolderPackageSource(models.Folder, PackageLimits.Default)],
            new ValueModelLoader(PackageLimits.Default, _ => { }), TimeProvider.System, pool ?? new KernelPool(models));
        var renamed = policy with
        {
            Models = [.. policy.Models.Select(m => m.Baseline is { InPool: true } b && policy.Models.Count == 3
                ? m with { Baseline = b with { Digest = "sha256:" + new string('c', 64) } } : m)],
        };
        await library.PrepareAsync(renamed, CancellationToken.None);
        return ScoringProgram.Build(renamed, library, null, null);
    }

    private PoolAnswers Answer(PoolQuestions questions)
    {
        var answers = new PoolAnswers();
        foreach (var question in questions.Models) Answer(question, answers);
        return answers;
    }

    private void Answer(PoolQuestion question, PoolAnswers answers)
    {
        var kernel = KernelPool.KernelOf(models);
        var logits = new List<float>();
        var reader = new CompactValueReader(question.ToBody());
        while (reader.Next()) logits.Add(kernel.Logit(reader.Value, (ValueFlags)reader.Flags, new CnnWorkspace()));
        question.Answer(answers, CollectionsMarshal.AsSpan(logits), 1);
    }

    /// <summary>A pool that serves the released network under any name.</summary>
    private sealed class KernelPool(ReleasedModels models) : IRemoteModels
    {
        public void Use(string poolUrl, string? poolKey)
        {
        }

        public static PayloadCnn KernelOf(ReleasedModels models) =>
            PayloadCnn.Read(PackageOf(models).Files["kernel.bin"].Span, out _)!;

        public Task<ModelLoading> DescribeAsync(
            string poolUrl, string family, ModelBlob blob, CancellationToken cancellationToken) =>
            Task.FromResult(new ModelLoading(
                new RemoteValueModel(
                    PackageOf(models).Manifest with { Name = family, Version = blob.Version }, blob.Digest), null));

        private static ModelPackage PackageOf(ReleasedModels models) =>
            ModelPackageReader.Read(models.Archive("payload-cnn"), null, PackageLimits.Default).Package!;
    }

    private sealed class NoPool : IRemoteModels
    {
        public void Use(string poolUrl, string? poolKey)
        {
        }

        public Task<ModelLoading> DescribeAsync(
            string poolUrl, string family, ModelBlob blob, CancellationToken cancellationToken) =>
            Task.FromResult(new ModelLoading(null, "the pool cannot be reached"));
    }
}
