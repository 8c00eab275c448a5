using WafOperator.Http;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Tests;

/// <summary>The released packages of models/packages, loaded once, and requests to score with them.</summary>
public sealed class ReleasedModels
{
    /// <summary>The newest release.</summary>
    public const string Version = "1.5.0";

    private readonly string _folder = FindPackages();

    public string Folder => _folder;

    public ReleasedModels()
    {
        Library = new ModelLibrary(
            [new FolderPackageSource(_folder, PackageLimits.Default)],
            new ValueModelLoader(PackageLimits.Default, reason => throw new InvalidOperationException(reason)), TimeProvider.System);
        Library.PrepareAsync(Policy(), CancellationToken.None).GetAwaiter().GetResult();
    }

    public ModelLibrary Library { get; }

    public static RequestScorer Scorer { get; } = new(new PredictionCache(1 << 10));

    /// <summary>A policy with gate and network, as a user writes it.</summary>
    public MlPolicy Policy(EnsembleKind ensemble = EnsembleKind.Cascade)
    {
        return new MlPolicy
        {
            Mode = InspectionMode.Enforce,
            Ensemble = ensemble,
            Models = [Assignment("gate"), Assignment("payload-cnn")],
            LatencyBudget = TimeSpan.FromSeconds(5),
            Learning = new LearningPolicy { Mode = LearningKind.Off },
        };
    }

    /// <summary>The released version of a family as a policy document names it.</summary>
    public ModelAssignment Assignment(string family) => new() { Model = family, Baseline = Blob(family) };

    public ModelBlob Blob(string family)
    {
        var bytes = Archive(family);
        return new ModelBlob { Version = Version, Digest = ModelPackageReader.DigestOf(bytes) };
    }

    public byte[] Archive(string family) => File.ReadAllBytes(Path.Combine(_folder, $"{family}-{Version}.tar"));

    public ScoringProgram Program(MlPolicy policy) => ScoringProgram.Build(policy, Library, null, null);

    /// <summary>A GET of /search with one parameter.</summary>
    public static CanonicalRequest Search(string value)
    {
        var request = new CanonicalRequest();
        request.Begin("GET", $"/search?q={Uri.EscapeDataString(value)}&page=2", "HTTP/1.1");
        request.AddHeader("Host", "shop.example");
        request.AddHeader("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36");
        request.EndHeaders();
        request.EndBody();
        return request;
    }

    private static string FindPackages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder!.FullName, "models", "packages");
    }
}
