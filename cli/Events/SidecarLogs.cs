using System.Runtime.CompilerServices;
using System.Threading.Channels;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Protocols.Events;
using WafOperator.Resources;
using WafOperator.Recordings;

namespace WafOperator.Cli.Events;

/// <summary>Where decisions are read from: the logs of sidecars, by the rights to <c>pods/log</c>.</summary>
internal sealed class SidecarLogs(KubernetesClient client, Action<string> note)
{
    /// <summary>Logs that are read at once: an API server serves each by a connection to a node.</summary>
    public const int PodsMax = 200;

    /// <summary>Decisions of at most 64 KiB each that wait for a slow terminal.</summary>
    private const int LinesWaitingMax = 500;
    private readonly HashSet<string> _silent = new(StringComparer.Ordinal);
    private bool _saidTooMany;
    private int _unread;

    /// <summary>How often pods are looked for that started while others are followed.</summary>
    public TimeSpan LookAgain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pods with a sidecar.</summary>
    public async Task<IReadOnlyList<PodFacts>> PodsAsync(ListOptions scope, CancellationToken cancellationToken)
    {
        var pods = await client.ListAsync(
            PodFacts.Type, scope with { LabelSelector = WellKnown.InjectedLabel }, cancellationToken);
        List<PodFacts> alive = [.. pods.Items.Where(pod => pod.IsAlive && pod.Sidecar is not null)];
        if (alive.Count > PodsMax)
        {
            if (!_saidTooMany)
                note($"note: {alive.Count} pods have a sidecar, the logs of the first {PodsMax} are read; narrow it "
                    + "with -n");
            _saidTooMany = true;
            alive.RemoveRange(PodsMax, alive.Count - PodsMax);
        }

        return alive;
    }

    /// <summary>
    /// Decisions of pods, as they come; without <see cref="LogOptions.Follow"/> until all logs are at an end. Throws
    /// <see cref="CliException"/> when no log at all could be read.
    /// </summary>
    /// <param name="pods">Pods to begin with.</param>
    /// <param name="options">What of their logs.</param>
    /// <param name="further">While following: where pods are looked for that start later; null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<SecurityEvent> ReadAsync(
        IReadOnlyList<PodFacts> pods, LogOptions options, ListOptions? further,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var found = Channel.CreateBounded<SecurityEvent>(LinesWaitingMax);
        var reading = ReadAllAsync(pods, options, options.Follow ? further : null, found.Writer, enough.Token)
            .ContinueWith(done => found.Writer.TryComplete(done.Exception?.GetBaseException()), TaskScheduler.Default);
        try
        {
            await foreach (var decision in found.Reader.ReadAllAsync(cancellationToken)) yield return decision;
            if (pods.Count > 0 && _unread >= pods.Count)
                throw new CliException(
                    "none of the logs could be read", "kubectl auth can-i get pods/log, in the namespaces of the pods");
        }
        finally
        {
            await enough.CancelAsync();
            await reading;
        }
    }

    /// <summary>
    /// Reads all logs; while following also those of pods and containers that start later. What a connection gave
    /// that was cut may come twice.
    /// </summary>
    private async Task ReadAllAsync(
        IReadOnlyList<PodFacts> pods, LogOptions options, ListOptions? further, ChannelWriter<SecurityEvent> writer,
        CancellationToken cancellationToken)
    {
        var reading = new Dictionary<string, Task>(StringComparer.Ordinal);
        foreach (var pod in pods) reading[pod.Metadata.Uid] = ReadOneAsync(pod, options, writer, cancellationToken);
        while (further is not null && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(LookAgain, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var pod in await LookAsync(further, cancellationToken))
            {
                var isKnown = reading.TryGetValue(pod.Metadata.Uid, out var before);
                if (isKnown && !before!.IsCompleted) continue;
                var since = isKnown ? LookAgain + LookAgain : (TimeSpan?)null;
                reading[pod.Metadata.Uid] = ReadOneAsync(
                    pod, options with { TailLines = null, Since = since }, writer, cancellationToken);
            }
        }

        await Task.WhenAll(reading.Values);
    }

    private async Task<IReadOnlyList<PodFacts>> LookAsync(ListOptions scope, CancellationToken cancellationToken)
    {
        try
        {
            return cancellationToken.IsCancellationRequested ? [] : await PodsAsync(scope, cancellationToken);
        }
        catch (Exception failure) when (failure is KubernetesException or OperationCanceledException)
        {
            return []; // the next look may find the server again
        }
    }

    private async Task ReadOneAsync(
        PodFacts pod, LogOptions options, ChannelWriter<SecurityEvent> writer, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await client.OpenLogAsync(pod.Key, options, cancellationToken);
            using var lines = new BoundedLines(stream);
            while (await lines.ReadAsync(DecisionLine.LengthMax, cancellationToken) is { } line)
                if (DecisionLine.Read(line) is { } decision) await writer.WriteAsync(decision, cancellationToken);
        }
        catch (Exception failure) when (failure is KubernetesException or IOException or HttpRequestException)
        {
            Interlocked.Increment(ref _unread);
            bool isNew;
            lock (_silent) isNew = _silent.Add(pod.Metadata.Uid);
            if (isNew) note($"note: {pod.Key}: {failure.Message}");
        }
        catch (OperationCanceledException)
        {
            // The caller has enough.
        }
    }
}
