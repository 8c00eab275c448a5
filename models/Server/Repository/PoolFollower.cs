using System.Text.Json;
using Microsoft.Extensions.Logging;
using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Inference;

namespace WafOperator.Models.Server.Repository;

/// <summary>Which pool a server belongs to.</summary>
internal sealed record PoolIdentity(string Namespace, string Pool);

/// <summary>
/// Follows the pool's document at the operator by long polls. What is served stays served through every failure; what
/// could not be loaded is tried again.
/// </summary>
internal sealed partial class PoolFollower(
    OperatorClient client, PoolIdentity identity, RepositoryKeeper keeper, string? stateDirectory, TimeProvider time,
    ILogger<PoolFollower> logger)
{
    private static readonly TimeSpan PollFor = TimeSpan.FromSeconds(55);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly string? _copy = stateDirectory is null ? null : Path.Combine(stateDirectory, "pool.json");
    private volatile PoolDocument? _document;
    private volatile PoolAccess? _access;

    /// <summary>The document in force, or null before the first.</summary>
    public PoolDocument? Document => _document;

    /// <summary>Keys of the document in force, or null where it has none.</summary>
    public PoolAccess? Access => _access;

    /// <summary>When the operator last answered.</summary>
    public DateTimeOffset? LastContact { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var isWhole = await RestoreAsync(cancellationToken);
        string? seen = null;
        string? said = null;
        var pause = FirstPause;
        while (!cancellationToken.IsCancellationRequested)
        {
            // What is missing is asked for again soon; else the operator answers when there is something new.
            var wait = seen is null ? TimeSpan.Zero : isWhole ? PollFor : RetryAfter;
            var answer = await client.GetPoolAsync(identity.Namespace, identity.Pool, seen, wait, cancellationToken);
            if (answer.Kind is not DocumentAnswerKind.Failed) LastContact = time.GetUtcNow();
            switch (answer.Kind)
            {
                case DocumentAnswerKind.Changed:
                    var document = Read(answer.Body!, out var problem);
                    // A refused revision is not asked for again: the operator answers when there is another.
                    seen = answer.Revision ?? document?.Revision;
                    if (document is null)
                    {
                        Say(ref said, $"its document is refused: {problem}");
                        break;
                    }

                    isWhole = await PutInForceAsync(document, answer.Body, cancellationToken);
                    (said, pause) = (null, FirstPause);
                    continue;
                case DocumentAnswerKind.Unchanged:
                    if (!isWhole && _document is { } current)
                        isWhole = await keeper.ApplyAsync(current.Models, cancellationToken);
                    continue;
                case DocumentAnswerKind.Missing:
                    Say(ref said, $"it knows no pool {identity.Namespace}/{identity.Pool}");
                    break;
                default:
                    Say(ref said, answer.Problem ?? "unknown");
                    break;
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
        }
    }

    private async Task<bool> RestoreAsync(CancellationToken cancellationToken)
    {
        if (_copy is null || !File.Exists(_copy)) return true;
        try
        {
            var json = await File.ReadAllBytesAsync(_copy, cancellationToken);
            return Read(json, out _) is not { } document || await PutInForceAsync(document, null, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private async Task<bool> PutInForceAsync(PoolDocument document, byte[]? json, CancellationToken cancellationToken)
    {
        LogDocument(logger, document.Revision, document.Models.Count);
        // In force before it is loaded: readiness asks whether what it requires is there.
        _access = PoolAccess.Of(document.AccessKeys);
        _document = document;
        var isWhole = await keeper.ApplyAsync(document.Models, cancellationToken);
        if (json is not null) Keep(json);
        return isWhole;
    }

    private PoolDocument? Read(byte[] json, out string? problem)
    {
        try
        {
            var document = JsonSerializer.Deserialize(json, ProtocolJson.Default.PoolDocument);
            problem = document switch
            {
                null => "it is empty",
                { Format: not PoolDocument.FormatVersion } =>
                    $"this server reads the format {PoolDocument.FormatVersion}",
                _ when (document.Namespace, document.Pool) != (identity.Namespace, identity.Pool) =>
                    $"it is not for {identity.Namespace}/{identity.Pool}",
                _ => null,
            };
            return problem is null ? document : null;
        }
        catch (JsonException failure)
        {
            problem = failure.Message;
            return null;
        }
    }

    private void Keep(byte[] json)
    {
        if (_copy is null) return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_copy)!);
            WholeFile.Write(_copy, json);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogNoCopy(logger, failure.Message);
        }
    }

    /// <summary>Each problem is said once, not at every try.</summary>
    private void Say(ref string? known, string problem)
    {
        if (known == problem) return;
        known = problem;
        LogProblem(logger, problem);
    }

    [LoggerMessage(720, LogLevel.Information, "pool document {Revision} is in force: {Count} models")]
    private static partial void LogDocument(ILogger logger, string revision, int count);

    [LoggerMessage(721, LogLevel.Warning, "cannot follow the pool at the operator: {Problem}. What is served stays")]
    private static partial void LogProblem(ILogger logger, string problem);

    [LoggerMessage(722, LogLevel.Warning, "the pool document cannot be kept for restarts: {Problem}")]
    private static partial void LogNoCopy(ILogger logger, string problem);
}
