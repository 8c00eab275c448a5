using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Pools;
using WafOperator.Protocols;
using WafOperator.Protocols.Inference;

namespace WafOperator.Controllers.Pools;

/// <summary>How the servers of pools are asked.</summary>
public sealed record PoolObserverOptions
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(3);
    public TimeSpan RequestTimeMax { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>An observation older than this does not count.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(20);

    public int Port { get; init; } = InferenceProtocol.Port;
    public int Parallel { get; init; } = 16;
    public int StatusBytesMax { get; init; } = 1 << 20;
}

/// <summary>
/// Reads the status of every pool server in a steady round, a bounded number at a time: queue delay, and which models
/// are loaded. Runs on the leader. A server that does not answer keeps its last observation until that is too old to
/// count.
/// </summary>
public sealed partial class PoolObserver(
    Informer<PoolPodView> pods, HttpClient http, PoolObserverOptions options, TimeProvider time,
        ILogger<PoolObserver> logger)
{
    private readonly ConcurrentDictionary<NamespacedName, Observation> _observations = new();

    /// <summary>Called with a pool's key after a round in which one of its servers said something new.</summary>
    public event Action<NamespacedName>? Observed;

    /// <summary>What a pod's server last said, or null when that is too long ago.</summary>
    public PoolServerStatus? Find(PoolPodView pod) =>
        _observations.TryGetValue(pod.Metadata.Key, out var seen) && seen.PodUid == pod.Metadata.Uid
            && time.GetUtcNow() - seen.At <= options.StaleAfter
            ? seen.Status
            : null;

    /// <summary>Asks until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken)) await RoundAsync(cancellationToken);
    }

    /// <summary>One round over all servers.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        var targets = pods.Cache.List().Where(p => p is { IsActive: true, HasNode: true, Address: not null }).ToList();
        var news = new ConcurrentDictionary<NamespacedName, bool>();
        await Parallel.ForEachAsync(
            targets,
            new ParallelOptions { MaxDegreeOfParallelism = options.Parallel, CancellationToken = cancellationToken },
            async (pod, token) => await AskAsync(pod, news, token));
        var known = targets.Select(p => p.Metadata.Key).ToHashSet();
        foreach (var gone in _observations.Keys.Where(k => !known.Contains(k))) _observations.TryRemove(gone, out _);
        foreach (var pool in news.Keys) Observed?.Invoke(pool);
    }

    private async Task AskAsync(
        PoolPodView pod, ConcurrentDictionary<NamespacedName, bool> news, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(options.RequestTimeMax);
            if (await ReadAsync(pod.Address!, limit.Token) is not { } status) return;
            _observations.TryGetValue(pod.Metadata.Key, out var before);
            _observations[pod.Metadata.Key] = new Observation(pod.Metadata.Uid, status, time.GetUtcNow());
            if (IsNews(before?.Status, status) && PoolNames.PoolOf(pod.Metadata) is { } pool) news[pool] = true;
        }
        catch (Exception failure) when (
            failure is HttpRequestException or JsonException or OperationCanceledException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LogUnanswered(pod.Metadata.Key.ToString(), failure.Message);
        }
    }

    private async Task<PoolServerStatus?> ReadAsync(string address, CancellationToken cancellationToken)
    {
        var host = IPAddress.TryParse(address, out var ip)
            && ip.AddressFamily is System.Net.Sockets.AddressFamily.InterNetworkV6
            ? $"[{address}]" : address;
        using var response = await http.GetAsync(
            new Uri($"http://{host}:{options.Port}{InferenceProtocol.StatusPath}"),
                HttpCompletionOption.ResponseHeadersRead,
            cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[options.StatusBytesMax + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > options.StatusBytesMax) return null;
        var status = JsonSerializer.Deserialize<PoolServerStatus>(
            buffer.AsSpan(0, length), ProtocolJson.Default.Options);
        return status?.Format == PoolServerStatus.FormatVersion ? status : null;
    }

    private static bool IsNews(PoolServerStatus? before, PoolServerStatus now) =>
        before is null || before.StartedAt != now.StartedAt || before.Revision != now.Revision
        || before.NotReady != now.NotReady || before.QueueDelayMicrosecondsP95 != now.QueueDelayMicrosecondsP95
        || !before.Models.Select(m => (m.Digest, m.State)).SequenceEqual(now.Models.Select(m => (m.Digest, m.State)));

    [LoggerMessage(4501, LogLevel.Debug, "Inference server of pod {Pod} did not answer: {Problem}")]
    private partial void LogUnanswered(string pod, string problem);

    private sealed record Observation(string PodUid, PoolServerStatus Status, DateTimeOffset At);
}
