using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using WafOperator.Console.Outgoing;
using WafOperator.Console.Store;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Intake;

/// <summary>Where events are fetched.</summary>
/// <param name="Operator">Base URL of the operator's distribution port; its certificate carries this name.</param>
/// <param name="Replicas">Name of the Service without an address of its own, behind which all replicas stand.</param>
/// <param name="TokenFile">Projected service-account token for the operator.</param>
/// <param name="CaFile">Authority of the operator's certificate.</param>
public sealed record FetchOptions(Uri Operator, string Replicas, string? TokenFile, string? CaFile);

/// <summary>
/// Fetches batches from every replica of the operator and removes each there once the store has it. Several consoles
/// may do so at once: a batch that two of them write is there once. One that is damaged on disk is given up, counted
/// and said, after a few tries.
/// </summary>
public sealed class BatchFetcher(
    FetchOptions options, EventIntake intake, TimeProvider time, ILogger<BatchFetcher> logger)
{
    private const int ReplicasMax = 32;
    private const int WaitSeconds = 20;

    /// <summary>Times that a batch is fetched whose content cannot be read.</summary>
    private const int TriesMax = 3;

    /// <summary>Batches whose tries are remembered.</summary>
    private const int TriedMax = 1_000;

    /// <summary>
    /// A batch is asked for, read and kept in this time, or comes again: the client's own limit ends with the head of
    /// an answer, and a connection whose other end is gone says nothing.
    /// </summary>
    private static readonly TimeSpan BatchWithin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PauseFirst = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, int> _tries = new(StringComparer.Ordinal);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var roots = options.CaFile is { } file ? new TrustedRoots(file) : null;
        var running = new Dictionary<IPAddress, (CancellationTokenSource Stop, Task Work)>();
        try
        {
            while (true)
            {
                var found = (await Connections.ResolveAsync(options.Replicas, cancellationToken)).Take(ReplicasMax)
                    .ToHashSet();
                foreach (var replica in found.Where(replica => !running.ContainsKey(replica)))
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    running[replica] = (stop, FetchFromAsync(replica, roots, stop.Token));
                }

                // An empty answer is a name service that fails, not a cluster without an operator.
                foreach (var replica in running.Keys.Where(r => found.Count > 0 && !found.Contains(r)).ToList())
                {
                    // Waited for: an address that comes back is not fetched from twice at once.
                    await EndAsync(running[replica]);
                    running.Remove(replica);
                }

                await Task.Delay(LookEvery, time, cancellationToken);
            }
        }
        finally
        {
            foreach (var one in running.Values) await EndAsync(one);
        }
    }

    private static async Task EndAsync((CancellationTokenSource Stop, Task Work) one)
    {
        await one.Stop.CancelAsync();
        await one.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        one.Stop.Dispose();
    }

    private async Task FetchFromAsync(IPAddress replica, TrustedRoots? roots, CancellationToken cancellationToken)
    {
        using var client = Connections.ToReplica(options.Operator, replica, roots);
        var pause = PauseFirst;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                patience.CancelAfter(BatchWithin);
                await FetchAsync(client, patience.Token);
                pause = PauseFirst;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Whatever it was, the batch is still there and is fetched again.
                var cause = failure is StoreException ? "store" : "operator";
                IntakeMeters.Failed(cause);
                IntakeLog.Failed(logger, cause, replica.ToString(), failure.Message);
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
            }
        }
    }

    private async Task FetchAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using var request = await RequestAsync(HttpMethod.Get, $"v1/batches?wait={WaitSeconds}", cancellationToken);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead,
            cancellationToken);
        if (response.StatusCode is HttpStatusCode.NoContent) return;
        if (response.StatusCode is not HttpStatusCode.OK || !response.Headers.TryGetValues("Waf-Batch", out var names))
            throw new HttpRequestException($"the operator answered {(int)response.StatusCode} instead of a batch");
        var name = names.First();
        await using (var lines = await response.Content.ReadAsStreamAsync(cancellationToken))
        {
            try
            {
                await intake.AddCompressedAsync(lines, cancellationToken);
            }
            catch (Exception failure) when (failure is InvalidDataException && IsHopeless(name))
            {
                // What could be read of it is in the store.
                IntakeMeters.Refused("batch");
                IntakeLog.GivenUp(logger, name, TriesMax, failure.Message);
            }
        }

        _tries.TryRemove(name, out _);
        using var removal = await RequestAsync(
            HttpMethod.Delete, $"v1/batches/{Uri.EscapeDataString(name)}", cancellationToken);
        using var removed = await client.SendAsync(removal, cancellationToken);
        if (removed.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotFound))
            throw new HttpRequestException(
                $"the operator answered {(int)removed.StatusCode} to the removal of a batch");
    }

    /// <summary>Counts a try of a batch that is damaged; true when it was the last.</summary>
    private bool IsHopeless(string name)
    {
        if (_tries.Count >= TriedMax) _tries.Clear();
        return _tries.AddOrUpdate(name, 1, static (_, tries) => tries + 1) >= TriesMax;
    }

    private async Task<HttpRequestMessage> RequestAsync(
        HttpMethod method, string path, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(method, path);
        if (options.TokenFile is { } file)
        {
            var token = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return request;
    }
}

/// <summary>What intake tells.</summary>
internal static partial class IntakeLog
{
    [LoggerMessage(7001, LogLevel.Warning, "events are not fetched at present ({Cause}, replica {Replica}): {Problem}")]
    public static partial void Failed(ILogger logger, string cause, string replica, string problem);

    [LoggerMessage(7002, LogLevel.Error, "batch {Batch} could not be read in {Tries} tries and is given up: {Problem}")]
    public static partial void GivenUp(ILogger logger, string batch, int tries, string problem);
}
