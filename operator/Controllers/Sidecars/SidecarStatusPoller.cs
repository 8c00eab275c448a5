using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;
using WafOperator.Protocols;
using WafOperator.Protocols.Status;

namespace WafOperator.Controllers.Sidecars;

/// <summary>What a sidecar last said, and when.</summary>
public sealed record SidecarObservation(string PodUid, SidecarStatus Status, DateTimeOffset At);

/// <summary>
/// Reads the status endpoint of every injected, running pod in a steady round, a bounded number at a time. Tells subscribers
/// whose policy was observed. Runs on the leader. A sidecar that does not answer keeps its last observation until it is too old to count.
/// </summary>
public sealed partial class SidecarStatusPoller(
    Informer<PodView> pods, HttpClient http, SidecarPollOptions options, TimeProvider time, ILogger<SidecarStatusPoller> logger)
{
    private readonly ConcurrentDictionary<NamespacedName, SidecarObservation> _observations = new();

    /// <summary>Called with the policy's key after a round in which something about it changed.</summary>
    public event Action<NamespacedName>? Observed;

    /// <summary>The last observation of a pod that is still fresh, or null.</summary>
    public SidecarObservation? Find(PodView pod) =>
        _observations.TryGetValue(pod.Metadata.Key, out var seen) && seen.PodUid == pod.Metadata.Uid
            && time.GetUtcNow() - seen.At <= options.StaleAfter
            ? seen
            : null;

    /// <summary>Polls until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken)) await RoundAsync(cancellationToken);
    }

    /// <summary>One round over all pods.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        var targets = pods.Cache.List()
            .Where(p => p is { HasSidecar: true, IsActive: true, Phase: "Running", Address: not null }).ToList();
        var changed = new ConcurrentDictionary<NamespacedName, bool>();
        await Parallel.ForEachAsync(
            targets,
            new ParallelOptions { MaxDegreeOfParallelism = options.Parallel, CancellationToken = cancellationToken },
            async (pod, token) => await PollAsync(pod, changed, token));
        var known = targets.Select(p => p.Metadata.Key).ToHashSet();
        foreach (var gone in _observations.Keys.Where(k => !known.Contains(k))) _observations.TryRemove(gone, out _);
        foreach (var policy in changed.Keys) Observed?.Invoke(policy);
    }

    private async Task PollAsync(
        PodView pod, ConcurrentDictionary<NamespacedName, bool> changed, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(options.RequestTimeMax);
            var status = await ReadAsync(pod.Address!, limit.Token);
            if (status is null) return;
            var key = pod.Metadata.Key;
            _observations.TryGetValue(key, out var before);
            _observations[key] = new SidecarObservation(pod.Metadata.Uid, status, time.GetUtcNow());
            // A sidecar speaks for its own namespace only, whatever it says.
            if (status.Policy is { } policy && IsNews(before?.Status, status))
                changed[new NamespacedName(key.Namespace, policy)] = true;
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException or OperationCanceledException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LogUnanswered(pod.Metadata.Key.ToString(), failure.Message);
        }
    }

    private async Task<SidecarStatus?> ReadAsync(string address, CancellationToken cancellationToken)
    {
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        using var answer = await http.GetAsync(
            $"http://{host}:{options.Port}/status", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK) return null;
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        // The pod's owner controls what answers here: read a bounded amount.
        var buffer = new byte[options.StatusBytesMax + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > options.StatusBytesMax) return null;
        var status = JsonSerializer.Deserialize<SidecarStatus>(buffer.AsSpan(0, length), ProtocolJson.Default.Options);
        return status?.Format == SidecarStatus.FormatVersion ? status : null;
    }

    private static bool IsNews(SidecarStatus? before, SidecarStatus now) =>
        before is null || before.Revision != now.Revision || before.RejectedRevision != now.RejectedRevision
        || before.StartedAt != now.StartedAt || before.Requests.Total != now.Requests.Total || before.Mode != now.Mode;

    [LoggerMessage(4201, LogLevel.Debug, "Sidecar of pod {Pod} did not answer: {Problem}")]
    private partial void LogUnanswered(string pod, string problem);
}

/// <summary>How sidecars are polled.</summary>
public sealed record SidecarPollOptions
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);
    public TimeSpan RequestTimeMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>An observation older than this does not count.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(30);

    public int Port { get; init; } = 15020;
    public int Parallel { get; init; } = 32;
    public int StatusBytesMax { get; init; } = 1 << 20;
}
