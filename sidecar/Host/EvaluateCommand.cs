using System.Text.Json;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols;
using WafOperator.Protocols.Models;
using WafOperator.Proxy.Models;
using WafOperator.Proxy.Sync;
using WafOperator.Scoring.Evaluation;
using WafOperator.Scoring.Packages;

namespace WafOperator.Sidecar.Host;

/// <summary>
/// Runs a model package on its own corpus and prints the result as JSON: from a file, or from the operator by digest as
/// the evaluation Jobs of ModelVersions do, where the result also becomes the container's termination message.
/// </summary>
internal static class EvaluateCommand
{
    /// <summary>Where the kubelet reads a container's last words.</summary>
    internal const string TerminationLog = "/dev/termination-log";
    private const int FetchTriesMax = 30;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(
        SidecarTask.Evaluate evaluate, Func<string, string?> environment, TextWriter output, TextWriter errors,
        CancellationToken cancellationToken)
    {
        var (archive, problem) = evaluate.File is { } file
            ? await ReadAsync(file, cancellationToken)
            : await FetchAsync(evaluate.Digest!, environment, cancellationToken);
        byte[]? baseline = null;
        if (archive is not null && evaluate.Baseline is { } promoted)
        {
            (baseline, problem) = await FetchAsync(promoted, environment, cancellationToken);
            if (baseline is null) archive = null;
        }

        if (archive is null)
        {
            await errors.WriteLineAsync($"waf-sidecar: {problem}");
            return ExitCodes.Failed;
        }

        var digest = evaluate.Digest ?? ModelPackageReader.DigestOf(archive);
        var loader = new ValueModelLoader(PackageLimits.Default, reason => errors.WriteLine($"waf-sidecar: {reason}"));
        var result = baseline is null
            ? CorpusEvaluation.Run(archive, digest, loader)
            : CorpusEvaluation.Run(archive, digest, baseline, evaluate.Baseline!, loader);
        await SayAsync(JsonSerializer.Serialize(result, ProtocolJson.Default.Options), output, evaluate.File is null,
            cancellationToken);
        // A package that cannot be run is a result; only a result that could not be had is a failure.
        return ExitCodes.Ok;
    }

    public static async Task<int> RunAsync(
        SidecarTask.Compare compare, Func<string, string?> environment, TextWriter output, TextWriter errors,
        CancellationToken cancellationToken)
    {
        var (requests, problem) = await ReadAsync(compare.Requests, cancellationToken);
        byte[]? candidate = null, baseline = null;
        if (requests is not null) (candidate, problem) =
            await FetchAsync(compare.Digest, environment, cancellationToken);
        if (candidate is not null) (baseline, problem) =
            await FetchAsync(compare.Baseline, environment, cancellationToken);
        if (baseline is null)
        {
            await errors.WriteLineAsync($"waf-sidecar: {problem}");
            return ExitCodes.Failed;
        }

        var loader = new ValueModelLoader(PackageLimits.Default, reason => errors.WriteLine($"waf-sidecar: {reason}"));
        var result = CorpusEvaluation.Compare(candidate, compare.Digest, baseline, compare.Baseline, requests, loader);
        await SayAsync(JsonSerializer.Serialize(result, ProtocolJson.Default.Options), output, true, cancellationToken);
        return ExitCodes.Ok;
    }

    private static async Task SayAsync(
        string json, TextWriter output, bool isInJob, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync(json);
        if (isInJob && File.Exists(TerminationLog))
            await File.WriteAllTextAsync(TerminationLog, json, cancellationToken);
    }

    private static async Task<(byte[]?, string?)> ReadAsync(string file, CancellationToken cancellationToken) =>
        File.Exists(file)
        ? (await File.ReadAllBytesAsync(file, cancellationToken), null)
        : (null, $"there is no file {file}");

    private static async Task<(byte[]?, string?)> FetchAsync(
        string digest, Func<string, string?> environment, CancellationToken cancellationToken)
    {
        if (environment("WAF_OPERATOR_URL") is not { } url
            || !Uri.TryCreate(url.TrimEnd('/') + "/", UriKind.Absolute, out var address))
            return (null, "--digest needs WAF_OPERATOR_URL: set by the operator in its evaluation Jobs");
        var target = new OperatorAddress(address, environment("WAF_TOKEN_FILE"), environment("WAF_CA_FILE"));
        string? problem = null;
        // Each replica of the operator fetches packages by itself: the one that is asked may be a moment behind.
        for (var attempt = 0; attempt < FetchTriesMax; attempt++)
        {
            if (attempt > 0) await Task.Delay(BetweenTries, cancellationToken);
            (var archive, problem) = await PackageFetcher.FetchAsync(target, digest, cancellationToken);
            if (archive is not null) return (archive, null);
        }

        return (null, $"the operator did not give package {digest}: {problem}");
    }
}
