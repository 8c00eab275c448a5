using Microsoft.Extensions.Logging;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;

namespace WafOperator.Models.Server.Repository;

/// <summary>
/// Brings the repository to what is wanted: loads what is new, one package at a time, then lets go of what is no
/// longer listed. A package that cannot be had or run is listed with its reason and tried again when asked. One
/// caller at a time.
/// </summary>
internal sealed partial class RepositoryKeeper(
    ModelRepository repository, IReadOnlyList<IPackageSource> sources, PackageLoader loader,
    ILogger<RepositoryKeeper> logger) : IDisposable
{
    /// <summary>Models at once; a document that lists more is served up to here.</summary>
    public const int ModelsMax = 32;

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Loads and unloads; true when everything that is wanted is loaded.</summary>
    public async Task<bool> ApplyAsync(IReadOnlyList<PoolModel> wanted, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (wanted.Count > ModelsMax) LogTooMany(logger, wanted.Count, ModelsMax);
            var listed = wanted.Take(ModelsMax).ToList();
            foreach (var model in listed) repository.Want(model);
            var isWhole = true;
            foreach (var model in listed)
                isWhole &= repository.HasLoaded(model) || await LoadAsync(model, cancellationToken);
            var names = listed.Select(m => (m.Model, m.Package.Version)).ToHashSet();
            foreach (var (model, version) in repository.Known().Where(k => !names.Contains(k)))
            {
                // An old version is better than none: it goes when the family's new one is there.
                if (listed.Any(m => m.Model == model) && !listed.Any(m => m.Model == model && repository.HasLoaded(m)))
                    continue;
                repository.Remove(model, version);
                LogUnloaded(logger, model, version);
            }

            return isWhole;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Loads one more model, beside those that are there; null when that worked, else the reason.</summary>
    public async Task<string?> AddAsync(PoolModel wanted, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (repository.Count >= ModelsMax) return $"{ModelsMax} models are loaded already";
            repository.Want(wanted);
            if (repository.HasLoaded(wanted) || await LoadAsync(wanted, cancellationToken)) return null;
            return repository.Statuses()
                .First(s => s.Model == wanted.Model && s.Version == wanted.Package.Version).Reason ?? "unknown";
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Every package of a folder that a server can run, as models to be wanted.</summary>
    public async Task<IReadOnlyList<PoolModel>> ReadFolderAsync(
        PackageFolder folder, CancellationToken cancellationToken)
    {
        var models = new List<PoolModel>();
        foreach (var (path, signature) in folder.Archives())
        {
            var archive = await File.ReadAllBytesAsync(path, cancellationToken);
            var reading = ModelPackageReader.Read(archive, null, PackageLimits.Default);
            if (reading.Package is not { } package)
            {
                LogSkipped(logger, Path.GetFileName(path), reading.Error ?? "unreadable");
                continue;
            }

            if (!package.Files.ContainsKey("model.onnx")) continue;
            models.Add(new PoolModel
            {
                Model = package.Manifest.Name,
                Package = new ModelBlob
                {
                    Version = package.Manifest.Version, Digest = package.Digest, Signature = signature, InPool = true,
                },
                IsRequired = true,
            });
        }

        return models;
    }

    public void Dispose() => _turn.Dispose();

    private async Task<bool> LoadAsync(PoolModel wanted, CancellationToken cancellationToken)
    {
        var blob = wanted.Package;
        var (archive, problem) = await FetchAsync(blob.Digest, cancellationToken);
        if (archive is { } bytes)
        {
            var claim = new PackageClaim(blob.Digest, wanted.Model, blob.Version, blob.Signature, blob.PublicKeyPem);
            // Off this thread: warming up a large model takes seconds.
            var loading = await Task.Run(() => loader.Load(bytes, claim), cancellationToken);
            if (loading.Model is { } model)
            {
                repository.Put(wanted, model);
                LogLoaded(logger, wanted.Model, blob.Version, model.File, model.GoldenDifferenceMax ?? double.NaN);
                return true;
            }

            problem = loading.Error;
        }

        repository.Fail(wanted, problem ?? "unknown");
        LogFailed(logger, wanted.Model, blob.Version, problem ?? "unknown");
        return false;
    }

    private async Task<(ReadOnlyMemory<byte>? Archive, string? Problem)> FetchAsync(
        string digest, CancellationToken cancellationToken)
    {
        string? problem = null;
        foreach (var source in sources)
        {
            try
            {
                if (await source.FetchAsync(digest, cancellationToken) is { } archive) return (archive, null);
            }
            catch (Exception failure) when (failure is IOException or HttpRequestException
                or UnauthorizedAccessException)
            {
                problem = failure.Message;
            }
        }

        return (null, problem ?? $"no source has the package {digest}");
    }

    [LoggerMessage(710, LogLevel.Information,
        "model {Model} {Version} is served from {File}; golden logits differ by at most {Difference}")]
    private static partial void LogLoaded(ILogger logger, string model, string version, string file, double difference);

    [LoggerMessage(711, LogLevel.Warning, "model {Model} {Version} is not served: {Problem}")]
    private static partial void LogFailed(ILogger logger, string model, string version, string problem);

    [LoggerMessage(712, LogLevel.Information, "model {Model} {Version} is no longer served")]
    private static partial void LogUnloaded(ILogger logger, string model, string version);

    [LoggerMessage(713, LogLevel.Warning, "{File} is not a model package: {Problem}")]
    private static partial void LogSkipped(ILogger logger, string file, string problem);

    [LoggerMessage(714, LogLevel.Warning, "{Count} models are wanted; the first {Max} are served")]
    private static partial void LogTooMany(ILogger logger, int count, int max);
}
