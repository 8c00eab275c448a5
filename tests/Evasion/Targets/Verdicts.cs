using WafOperator.Benchmarks.Detection;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Evasion.Targets;

/// <summary>What is said of a request.</summary>
/// <param name="Score">The joint score, 0 to 1; 1 where rules about protocol refuse the request.</param>
internal readonly record struct Verdict(double Score)
{
    /// <summary>The threshold of the default policy.</summary>
    public const double Threshold = 0.5;

    public bool Passes => Score < Threshold;
}

/// <summary>Who is attacked; each question is a query out of the attacker's budget.</summary>
internal interface ITarget
{
    Verdict Ask(LabelledRequest request);
}

/// <summary>
/// The running sidecar's decision, in process: its reader, its rule engine with the Core Rule Set at paranoia 1 where
/// that is installed, the newest released models, the joint score. Not thread-safe.
/// </summary>
internal sealed class Verdicts : ITarget
{
    private static readonly ExclusionProgram None = new([]);

    private readonly CanonicalRequest _request = new();
    private readonly RequestScorer _scorer = new(new PredictionCache(1 << 16));
    private readonly RuleRunner? _rules;
    private readonly ScoringProgram _models;

    public Verdicts(bool withRules = true)
    {
        _rules = withRules && RuleRunner.MissingReason is null ? new RuleRunner() : null;
        _models = Newest(Path.Combine(AppContext.BaseDirectory, "packages"));
    }

    /// <summary>Whether rules decide too.</summary>
    public bool HasRules => _rules is not null;

    public Verdict Ask(LabelledRequest request)
    {
        if (_rules is null)
        {
            LabelledRequests.ReadHead(request, _request);
            LabelledRequests.ReadBody(request, _request);
            return new Verdict(Score(null));
        }

        var score = 0.0;
        var isRefused = _rules.Refuses(request, _request, hits => score = Score(hits));
        return new Verdict(isRefused ? 1 : score);
    }

    private double Score(IReadOnlyList<RuleHit>? hits) =>
        _scorer.Score(_models, None, _request, new ScoringFacts { Route = "", Hits = hits }).Score;

    private static ScoringProgram Newest(string folder)
    {
        ModelAssignment Assignment(string family)
        {
            var path = Directory.EnumerateFiles(folder, $"{family}-*.tar").Order(StringComparer.Ordinal).Last();
            var version = Path.GetFileNameWithoutExtension(path)[(family.Length + 1)..];
            var digest = ModelPackageReader.DigestOf(File.ReadAllBytes(path));
            return new ModelAssignment { Model = family, Baseline = new ModelBlob { Version = version,
                Digest = digest } };
        }

        var policy = new MlPolicy
        {
            Models = [Assignment("gate"), Assignment("payload-cnn")], LatencyBudget = TimeSpan.FromSeconds(10),
        };
        var library = new ModelLibrary(
            [new FolderPackageSource(folder, PackageLimits.Default)],
            new ValueModelLoader(PackageLimits.Default, Console.Error.WriteLine), TimeProvider.System);
        library.PrepareAsync(policy, CancellationToken.None).GetAwaiter().GetResult();
        var program = ScoringProgram.Build(policy, library, null, null);
        return program.Gaps is ModelGaps.None
            ? program
            : throw new InvalidOperationException(
                string.Join("; ", library.Statuses().Select(status => status.Message)));
    }
}
