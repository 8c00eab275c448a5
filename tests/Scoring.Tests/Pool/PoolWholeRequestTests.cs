using System.Text;
using System.Text.Json;
using WafOperator.Http;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;
using WafOperator.Scoring.Pool;
using WafOperator.Scoring.Tests.Packages;

namespace WafOperator.Scoring.Tests.Pool;

/// <summary>A model of whole requests in a pool: what is sent, and what its answers, or none, lead to.</summary>
public sealed class PoolWholeRequestTests(ReleasedModels models) : IClassFixture<ReleasedModels>
{
    private const string Name = SampleTransformer.Name;
    private const int CountEnd = 8;
    private const string Tea = "green tea, 100 g";

    private static readonly ExclusionProgram NoExclusions = new([]);

    private readonly RequestScorer _scorer = new(new PredictionCache(1 << 10));

    /// <summary>
    /// What training would have sent: so the pool makes the rows that training made. Training's reader takes the first
    /// 256 values of a form; those that follow are sent as well.
    /// </summary>
    [Fact]
    public void EveryGoldenRequest_IsSentAsTrainingReadIt()
    {
        var model = new RemoteRequestModel(SampleTransformer.Manifest, "sha256:" + new string('0', 64));
        var golden = Encoding.UTF8.GetString(SampleTransformer.Files["golden.jsonl"].Span)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(golden, line =>
        {
            var row = JsonDocument.Parse(line).RootElement;
            var request = new CanonicalRequest();
            RecordedRequest.Read(request, row);
            var reading = model.Begin(request[request.Method]);
            foreach (var part in new RequestParts(request)) reading.Add(request, part);

            var (expected, sent) = (row.GetProperty("compact").GetBytesFromBase64(), reading.ToBody());
            var isLonger = row.GetProperty("uri").GetString() == "/endless";
            Assert.Equal(isLonger, sent.Length > expected.Length);
            Assert.True(sent.AsSpan(CountEnd, expected.Length - CountEnd).SequenceEqual(expected.AsSpan(CountEnd)));
            Assert.Equal(isLonger, !sent.AsSpan(0, CountEnd).SequenceEqual(expected.AsSpan(0, CountEnd)));
            Assert.False(reading.IsCut);
            model.Return(reading);
        });
    }

    [Fact]
    public async Task ItsAnswer_DecidesAsThatOfTheSameModelHere()
    {
        var manifest = SampleTransformer.Saying(0.97);
        var program = await ProgramAsync(manifest);
        var (result, questions) = Score(program, Tea, Answer(logit: 1, width: 2));

        Assert.Equal((ScoringOutcome.Scored, RiskLevel.Critical), (result.Outcome, result.Risk));
        Assert.Equal(0.97, result.Score, 1e-9);
        Assert.Equal(2, result.Uncertainty, 1e-6);
        var whole = Whole(result);
        Assert.Equal(("Scored", "sqli", manifest.Types[1]), (whole.Outcome, whole.Family, whole.Type));
        Assert.True(Assert.Single(questions!.Models).IsDeciding);
    }

    [Fact]
    public async Task BelowItsBand_ItIsNotAsked()
    {
        var (result, questions) = Score(await ProgramAsync(SampleTransformer.Saying(0.97, low: 0.5)), Tea, null);

        Assert.Null(questions);
        Assert.Equal((ScoringOutcome.Scored, "Skipped"), (result.Outcome, Whole(result).Outcome));
    }

    [Fact]
    public async Task WithoutAnAnswer_TheOthersDecide_AndTheOutcomeSaysSo()
    {
        var (result, _) = Score(await ProgramAsync(SampleTransformer.Saying(0.97)), Tea, null);

        Assert.Equal((ScoringOutcome.PoolUnavailable, ModelGaps.Pool), (result.Outcome, result.Gaps));
        Assert.Equal((RiskLevel.None, "PoolUnavailable"), (result.Risk, Whole(result).Outcome));
    }

    /// <summary>A pool is not believed what its package could not have said.</summary>
    [Theory]
    [InlineData(1, -1, 0, 0, 0)] // no width
    [InlineData(1, 1, 6, -1, 0)] // a family too many
    [InlineData(1, 1, -1, -1, 0)]
    [InlineData(1, 1, 0.5, -1, 0)]
    [InlineData(1, 1, 0, 26, 0)] // a type too many
    [InlineData(1, 1, 0, -2, 0)]
    [InlineData(1, 1, 1, 0, 0)] // a type of another family
    [InlineData(1, 1, 0, 0, -1)]
    public async Task NumbersThatAreNone_AreNoAnswer(float logit, float width, float family, float type, float unread)
    {
        var program = await ProgramAsync(SampleTransformer.Saying(0.97));
        var (result, _) = Score(program, Tea, [logit, width, family, type, unread]);

        Assert.Equal((ScoringOutcome.PoolUnavailable, RiskLevel.None), (result.Outcome, result.Risk));
    }

    [Fact]
    public async Task TokensThatItDidNotRead_AreAGap()
    {
        var (result, _) = Score(await ProgramAsync(SampleTransformer.Saying(0.2)), Tea, Answer(unread: 5));

        Assert.Equal((ScoringOutcome.Partial, ModelGaps.Window), (result.Outcome, result.Gaps));
    }

    [Fact]
    public async Task WhatIsTooLongToBeSent_IsAGap_AndTheBodyIsBounded()
    {
        var body = string.Join('&', Enumerable.Range(0, 900).Select(i => $"f{i}={new string('x', 90)},+(and)+plums"));
        var program = await ProgramAsync(SampleTransformer.Saying(0.2));
        var request = SampleTransformer.Form(body);
        var questions = _scorer.Collect(program, NoExclusions, request, Facts())!;
        var question = Assert.Single(questions.Models);
        var answers = questions.NewAnswers();
        question.Answer(answers, Answer(), 1);
        var result = _scorer.Score(program, NoExclusions, request, Facts(), answers);

        Assert.InRange(question.ToBody().Length, 60_000, CompactWholeRequest.BodyBytesMax);
        Assert.Null(CompactWholeRequest.Check(question.ToBody(), out var digest));
        Assert.Equal(question.Model.Digest, digest);
        Assert.Equal(ModelGaps.Window, result.Gaps & ModelGaps.Window);
    }

    /// <summary>What a model here said while the questions were collected is not computed a second time.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1_000, 0)]
    public async Task BehindAModelHere_ItIsAskedWhereThatIsUncertain(double uncertainFrom, int asked)
    {
        var program = await BehindAModelHereAsync(uncertainFrom);
        var request = ReleasedModels.Search(Tea);
        var questions = _scorer.Collect(program, NoExclusions, request, Facts())!;
        var answers = questions.NewAnswers();
        foreach (var question in questions.Models) question.Answer(answers, Answer(), 1);
        var result = _scorer.Score(program, NoExclusions, request, Facts(), answers);

        Assert.Equal(asked, questions.Models.Count);
        Assert.Equal(asked == 1 ? 0.3 : 0.2, result.Score, 1e-6);
        Assert.Equal(ScoringOutcome.Scored, result.Outcome);
        Assert.Equal(asked == 1 ? "Scored" : "Skipped", Whole(result).Outcome);
        Assert.True(answers.TryGet(program.BaselineSet.Whole[0].Model, out _), "the first answer was kept");
    }

    [Fact]
    public async Task WhatAnExclusionLeavesOut_IsNotSent()
    {
        var exclusions = new ExclusionProgram(
        [
            new Exclusion
            {
                Name = "search", Path = "/search", Part = Protocols.Policies.PartKind.Parameter, PartName = "q",
                Models = [Name],
            },
        ]);
        var program = await ProgramAsync(SampleTransformer.Saying(0.2));
        var open = _scorer.Collect(program, NoExclusions, ReleasedModels.Search(Tea), Facts())!.Models[0].ToBody();
        var closed = _scorer.Collect(program, exclusions, ReleasedModels.Search(Tea), Facts())!.Models[0].ToBody();

        Assert.True(open.AsSpan().IndexOf("green tea"u8) > 0);
        Assert.True(closed.AsSpan().IndexOf("green tea"u8) < 0);
    }

    /// <summary>A client chose how long the request is: what was left out may be what the model here doubts.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(5, true)]
    public async Task AnAnswerAboutAPartOfTheRequest_SettlesNothing(float unread, bool isUncertain)
    {
        var program = await BehindAModelHereAsync(uncertainFrom: 0);
        var (result, _) = Score(program, Tea, Answer(width: 0, unread: unread));

        Assert.Equal(isUncertain, result.IsUncertain);
    }

    [Fact]
    public async Task InARollout_BothVersionsAreAsked_AndOnlyOneIsWaitedFor()
    {
        var program = await ProgramAsync(SampleTransformer.Saying(0.2), policy => policy with
        {
            Models =
            [
                .. policy.Models.Select(m => m.Model != Name ? m : m with
                {
                    Candidate = m.Baseline! with { Digest = "sha256:" + new string('b', 64) }, RolloutSalt = "s",
                }),
            ],
        });
        var questions = _scorer.Collect(program, NoExclusions, ReleasedModels.Search(Tea), Facts())!;

        Assert.Equal(2, questions.Models.Count);
        Assert.Single(questions.Models, m => m.IsDeciding);
        Assert.Equal(0, program.Tallies.Single().Read().BaselineDecided);
    }

    private static float[] Answer(float logit = 0, float width = 1, float unread = 0) => [logit, width, 0, 1, unread];

    private static ScoringFacts Facts() => new() { Route = "", WantsExplanation = true };

    private static ModelResult Whole(ScoringResult result) => Assert.Single(result.Models, m => m.Model == Name);

    private (ScoringResult Result, PoolQuestions? Questions) Score(
        ScoringProgram program, string value, float[]? numbers)
    {
        var request = ReleasedModels.Search(value);
        var questions = _scorer.Collect(program, NoExclusions, request, Facts());
        var answers = questions?.NewAnswers();
        if (numbers is not null && questions is not null) questions.Models[0].Answer(answers!, numbers, 7);
        return (_scorer.Score(program, NoExclusions, request, Facts(), answers), questions);
    }

    private async Task<ScoringProgram> BehindAModelHereAsync(double uncertainFrom)
    {
        var first = SampleTransformer.Archive(
            SampleTransformer.Saying(0.2, uncertain: uncertainFrom) with { Name = "first" });
        return await ProgramAsync(SampleTransformer.Saying(0.3), policy => policy with
        {
            Models =
            [
                .. policy.Models.Where(m => m.Model != Name),
                new ModelAssignment { Model = "first", Baseline = SampleTransformer.BlobOf(first) },
                .. policy.Models.Where(m => m.Model == Name),
            ],
        }, first);
    }

    private async Task<ScoringProgram> ProgramAsync(
        ModelManifest manifest, Func<MlPolicy, MlPolicy>? change = null, params byte[][] archives)
    {
        var library = new ModelLibrary(
            [new FolderPackageSource(models.Folder, PackageLimits.Default), new SampleTransformer.Held(archives)],
            new ValueModelLoader(PackageLimits.Default, reason => throw new InvalidOperationException(reason)),
            TimeProvider.System, new SamplePool(manifest));
        var policy = models.Policy();
        policy = policy with
        {
            PoolUrl = "http://pool.example:8500",
            Models =
            [
                .. policy.Models,
                new ModelAssignment
                {
                    Model = Name,
                    Baseline = new()
                    {
                        Version = manifest.Version, Digest = "sha256:" + new string('a', 64), InPool = true,
                    },
                },
            ],
        };
        policy = change?.Invoke(policy) ?? policy;
        await library.PrepareAsync(policy, CancellationToken.None);
        Assert.All(library.Statuses(), status => Assert.Null(status.Message));
        return ScoringProgram.Build(policy, library, null, null);
    }

    private sealed class SamplePool(ModelManifest manifest) : IRemoteModels
    {
        public void Use(string poolUrl, string? poolKey)
        {
        }

        public Task<ModelLoading> DescribeAsync(
            string poolUrl, string family, ModelBlob blob, CancellationToken cancellationToken) =>
            Task.FromResult(new ModelLoading(new RemoteRequestModel(manifest, blob.Digest), null));
    }
}
