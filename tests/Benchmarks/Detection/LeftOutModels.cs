using System.Text.Json;
using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Parts;

namespace WafOperator.Benchmarks.Detection;

/// <summary>The models of one fold: trained without the sources that they score here.</summary>
internal sealed class LeftOutFold(string name, ScoringProgram program)
{
    private static readonly ExclusionProgram None = new([]);

    private readonly RequestScorer _scorer = new(new PredictionCache());

    public string Name { get; } = name;

    /// <summary>Scores of the models alone and with the rules' evidence, as the sidecar computes them.</summary>
    public (double Alone, double Joint) Score(CanonicalRequest request, IReadOnlyList<RuleHit> hits) => (
        _scorer.Score(program, None, request, new ScoringFacts { Route = "" }).Score,
        _scorer.Score(program, None, request, new ScoringFacts { Route = "", Hits = hits }).Score);
}

/// <summary>
/// Folds as training exports them: packages and folds.json (name, sources, versions of gate and network).
/// </summary>
internal sealed class LeftOutModels
{
    private readonly Dictionary<string, LeftOutFold> _bySource = new(StringComparer.Ordinal);

    public static LeftOutModels Load(string folder)
    {
        var models = new LeftOutModels();
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "folds.json")));
        foreach (var fold in document.RootElement.EnumerateArray())
        {
            var version = fold.GetProperty("version").GetString()!;
            var loaded = new LeftOutFold(fold.GetProperty("name").GetString()!, Program(folder, version));
            foreach (var source in fold.GetProperty("sources").EnumerateArray())
                models._bySource[source.GetString()!] = loaded;
        }

        return models;
    }

    /// <summary>The fold that leaves a source out, or null when none does.</summary>
    public LeftOutFold? FoldOf(string source) => _bySource.GetValueOrDefault(source);

    private static ScoringProgram Program(string folder, string version)
    {
        ModelAssignment Assignment(string family) => new()
        {
            Model = family,
            Baseline = new ModelBlob
            {
                Version = version,
                Digest = ModelPackageReader.DigestOf(
                    File.ReadAllBytes(Path.Combine(folder, $"{family}-{version}.tar"))),
            },
        };
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
