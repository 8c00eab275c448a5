using System.Collections.Concurrent;
using System.Text.Json;
using WafOperator.Behaviour.Features;
using WafOperator.Behaviour.Models;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Scoring.Packages;

namespace WafOperator.Proxy.Behaviour;

/// <summary>
/// Loads models of behaviour out of packages: digest, signature, features and golden vectors are checked first, and a
/// package that cannot be used is a status, never an exception. Used by one caller at a time; statuses by any.
/// </summary>
internal sealed class BehaviourModels(IReadOnlyList<IPackageSource> sources)
{
    private const double GoldenTolerance = 1e-3;

    private readonly ConcurrentDictionary<string, JudgingModel> _loaded = new(StringComparer.Ordinal);
    private volatile ModelStatus[] _statuses = [];

    /// <summary>State of the models that the policy in force names.</summary>
    public IReadOnlyList<ModelStatus> Statuses => _statuses;

    /// <summary>A model is not loaded, and asking again may help.</summary>
    public bool HasUnloaded => _statuses.Any(status => status.State is "Missing" && status.Digest.Length > 0);

    /// <summary>The models of a policy that can be had.</summary>
    public async Task<IReadOnlyList<JudgingModel>> PrepareAsync(
        BehaviourPolicy? policy, CancellationToken cancellationToken)
    {
        var models = new List<JudgingModel>();
        var statuses = new List<ModelStatus>();
        foreach (var assignment in policy?.Models ?? [])
        {
            var (model, state, message) = assignment.Baseline is { } blob
                ? await FindAsync(assignment.Model, blob, cancellationToken)
                : (null, "Missing", "the policy names the family, and no version of it is promoted");
            if (model is not null) models.Add(model);
            statuses.Add(new ModelStatus
            {
                Model = assignment.Model, Version = assignment.Baseline?.Version ?? "",
                Digest = assignment.Baseline?.Digest ?? "", State = state, Message = message,
            });
        }

        _statuses = [.. statuses];
        foreach (var digest in _loaded.Keys.Except(statuses.Select(status => status.Digest)))
            _loaded.TryRemove(digest, out _);
        return models;
    }

    private async Task<(JudgingModel? Model, string State, string? Message)> FindAsync(
        string family, ModelBlob blob, CancellationToken cancellationToken)
    {
        if (_loaded.TryGetValue(blob.Digest, out var known)) return (known, "Loaded", null);
        var problem = $"no source has the package {blob.Digest}";
        foreach (var source in sources)
        {
            try
            {
                if (await source.FetchAsync(blob, cancellationToken) is not { } archive) continue;
                var model = Load(archive, family, blob, out var error);
                if (model is null) return (null, "Failed", error);
                _loaded[blob.Digest] = model;
                return (model, "Loaded", null);
            }
            catch (Exception failure) when (failure is IOException or HttpRequestException
                or UnauthorizedAccessException or OperationCanceledException)
            {
                problem = failure.Message;
            }
        }

        return (null, "Missing", problem);
    }

    /// <summary>Reads a package; null and why it cannot be used.</summary>
    internal static JudgingModel? Load(ReadOnlyMemory<byte> archive, string family, ModelBlob blob, out string? error)
    {
        var reading = ModelPackageReader.Read(archive, blob.Digest, PackageLimits.Default);
        error = reading.Error;
        if (reading.Package is not { } package) return null;
        error = SignatureProblem(package, blob);
        if (error is not null) return null;
        if (package.Manifest.Name != family || package.Manifest.Version != blob.Version)
        {
            error = $"the package is {package.Manifest.Name} {package.Manifest.Version}, not {family} {blob.Version}";
            return null;
        }

        var model = Create(package, out error);
        if (model is null) return null;
        var calibration = package.Manifest.Calibration ?? new Calibration();
        error = FirstDifference(package, model);
        return error is null
            ? new JudgingModel(family, model, new ScoreCalibration(calibration.Slope, calibration.Intercept)) : null;
    }

    private static string? SignatureProblem(ModelPackage package, ModelBlob blob)
    {
        if (blob.Signature is not { } signature) return null;
        if (blob.PublicKeyPem is not { } key) return "the package is signed, but the public key is not there";
        var identity = new PackageIdentity(package.Manifest.Name, package.Manifest.Version, package.Digest);
        return PackageSignature.Check(identity, signature, key);
    }

    private static BehaviourModel? Create(ModelPackage package, out string? error)
    {
        error = "the package has no features.json and model.bin";
        if (!package.Files.TryGetValue("features.json", out var json)
            || !package.Files.TryGetValue("model.bin", out var weights)) return null;
        var features = FeatureList.Read(json.Span, out error);
        if (features is null) return null;
        var plan = FeaturePlan.Of(features, out var unknown);
        error = plan is null ? $"this version does not know the feature {unknown}" : null;
        if (plan is null) return null;
        switch (package.Manifest.Kind)
        {
            case "isolation-forest":
                return IsolationForest.Read(weights.Span, plan, out error);
            case "dense-features":
                return DenseNetwork.Read(weights.Span, plan, out error);
            default:
                error = $"this version does not judge clients by models of kind '{package.Manifest.Kind}'";
                return null;
        }
    }

    /// <summary>The contract with training is what the golden vectors say.</summary>
    private static string? FirstDifference(ModelPackage package, BehaviourModel model)
    {
        if (!package.Files.TryGetValue("golden.jsonl", out var golden)) return "the package has no golden.jsonl";
        var line = 0;
        foreach (var range in golden.Span.Split((byte)'\n'))
        {
            var text = golden.Span[range];
            if (text.IsEmpty) continue;
            line++;
            try
            {
                var vector = JsonSerializer.Deserialize<GoldenVector>(text, JsonSerializerOptions.Web);
                if (vector?.X is not { } x || x.Length != model.Plan.Count) return $"golden vector {line} is none";
                var score = model.Score(x);
                if (!(Math.Abs(score - vector.Score) <= GoldenTolerance * Math.Max(1, Math.Abs(vector.Score))))
                    return $"golden vector {line}: the score is {score}, in training it was {vector.Score}";
            }
            catch (JsonException failure)
            {
                return $"golden vector {line} cannot be read: {failure.Message}";
            }
        }

        return line == 0 ? "golden.jsonl has no vectors" : null;
    }

    private sealed record GoldenVector(float[] X, double Score);
}
