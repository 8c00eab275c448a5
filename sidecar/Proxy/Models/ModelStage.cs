using System.Text;
using Microsoft.Extensions.Logging;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Learning;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Snapshots;
using WafOperator.Scoring;
using WafOperator.Scoring.Ensemble;
using WafOperator.Scoring.Learning;
using WafOperator.Scoring.Packages;
using WafOperator.Scoring.Pool;

namespace WafOperator.Proxy.Models;

/// <summary>
/// The models of a sidecar over all its policies: loads what a document names, makes programs of it, keeps what was
/// learned. Programs are made by one caller at a time; scoring is thread-safe.
/// </summary>
internal sealed partial class ModelStage
{
    /// <summary>Longest wait for packages before a policy goes in force without them.</summary>
    private static readonly TimeSpan LoadTimeMax = TimeSpan.FromSeconds(20);

    /// <summary>Well within the learner's window of ten minutes.</summary>
    private static readonly TimeSpan AdoptEvery = TimeSpan.FromMinutes(2);

    private readonly ModelLibrary _library;
    private readonly LearnerFile? _learned;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelStage> _logger;
    private volatile LearnerInUse? _learner;

    public ModelStage(
        IReadOnlyList<IPackageSource> sources, IRemoteModels pool, string? stateDirectory, TimeProvider time,
        ILogger<ModelStage> logger)
    {
        _time = time;
        _logger = logger;
        _library = new ModelLibrary(
            sources, new ValueModelLoader(PackageLimits.Default, reason => LogNoRuntime(logger, reason)), time, pool);
        _learned = stateDirectory is null ? null : new LearnerFile(Path.Combine(stateDirectory, "learned.bin"));
    }

    public RequestScorer Scorer { get; } = new(new PredictionCache());

    /// <summary>State of the known models.</summary>
    public IReadOnlyList<ModelStatus> Statuses() => _library.Statuses();

    /// <summary>True when a model of the policy in force is not loaded, and asking again may help.</summary>
    public bool HasUnloaded => _library.Statuses().Any(s => s.State != "Loaded" && s.Digest.Length > 0);

    /// <summary>How far learning is, without what was learned; null when nothing learns.</summary>
    public LearningReport? Progress => _learner?.Learner.Report();

    /// <summary>What was learned, or null.</summary>
    public LearningReport? Learning => _learner is { } known
        ? known.Learner.Report() with { Sketches = known.Learner.Own().Write() }
        : null;

    /// <summary>Loads models and makes a program; null when the document has no models.</summary>
    public async Task<ScoringProgram?> PrepareAsync(
        PolicyDocument document, PolicySnapshot? previous, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LoadTimeMax);
        try
        {
            await _library.PrepareAsync(document.Ml, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogSlow(_logger, LoadTimeMax.TotalSeconds);
        }

        foreach (var failed in _library.Statuses().Where(s => s.Message is not null))
            LogFailed(_logger, failed.Model, failed.Version, failed.Message ?? "unknown");
        return document.Ml is { Models.Count: > 0 } policy && document.Mode is not InspectionMode.Off
            ? ScoringProgram.Build(policy, _library, previous?.Scoring, LearnerOf(policy))
            : null;
    }

    /// <summary>
    /// Takes over what all replicas learned together, every few minutes; what cannot be had or read is left.
    /// </summary>
    public async Task AdoptLoopAsync(
        OperatorClient client, string ns, string policy, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(AdoptEvery, _time);
        string? revision = null;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (_learner is not { } known) continue;
            var answer = await client.GetLearningAsync(ns, policy, revision, cancellationToken);
            if (answer.Kind is not DocumentAnswerKind.Changed || answer.Body is not { } body) continue;
            revision = answer.Revision;
            if (LearnedScores.Read(Encoding.ASCII.GetString(body)) is { } together) known.Learner.Adopt(together);
        }
    }

    /// <summary>Writes what was learned to the volume every minute, and once more at the end.</summary>
    public async Task SaveLoopAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) Save();
        }
        finally
        {
            Save();
        }
    }

    private void Save()
    {
        if (_learned is null || _learner is not { } known) return;
        if (_learned.Write(known.Learner.Save()) is { } problem) LogNotSaved(_logger, problem);
    }

    private SiteLearner? LearnerOf(MlPolicy policy)
    {
        if (policy.Learning.Mode is LearningKind.Off) return null;
        // What is learned is from where on a score blocks; a policy that only logs learns for its critical risk.
        var threshold = Math.Min(RiskLevels.BlockingThreshold(policy), policy.CriticalThreshold);
        if (_learner is { } known && known.Policy == policy.Learning && known.Threshold == threshold)
            return known.Learner;
        var next = new SiteLearner(policy.Learning, threshold, _time);
        // What was seen stays true under other settings; only the conclusions change.
        if (_learner is { } old) next.Merge(old.Learner.Save());
        else if (_learned?.Read() is { } saved) next.Merge(saved);
        _learner = new LearnerInUse(policy.Learning, threshold, next);
        return next;
    }

    [LoggerMessage(130, LogLevel.Warning, "model {Model} {Version} is not in force: {Problem}")]
    private static partial void LogFailed(ILogger logger, string model, string version, string problem);

    [LoggerMessage(131, LogLevel.Warning,
        "models were not loaded within {Seconds} s; the policy goes in force without them")]
    private static partial void LogSlow(ILogger logger, double seconds);

    [LoggerMessage(132, LogLevel.Warning, "ONNX models cannot run: {Problem}")]
    private static partial void LogNoRuntime(ILogger logger, string problem);

    [LoggerMessage(133, LogLevel.Warning, "what was learned cannot be kept: {Problem}")]
    private static partial void LogNotSaved(ILogger logger, string problem);

    /// <summary>One object, so that who reads beside a change sees the one or the other.</summary>
    private sealed record LearnerInUse(LearningPolicy Policy, double Threshold, SiteLearner Learner);
}
