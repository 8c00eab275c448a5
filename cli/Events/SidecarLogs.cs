using System.Runtime.CompilerServices;
using System.Threading.Channels;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;
using WafOperator.Protocols.Events;
using WafOperator.Resources;

namespace WafOperator.Cli.Events;

/// <summary>Where decisions are read from: the logs of sidecars, by the rights to <c>pods/log</c>.</summary>
internal sealed class SidecarLogs(KubernetesClient client, Action<string> note)
{
    /// <summary>Logs that are read at once: an API server serves each by a connection to a node.</summary>
    public const int PodsMax = 200;

    private const int LinesWaitingMax = 10_000;
    private int _unread;

    /// <summary>Pods with a sidecar.</summary>
    public async Task<IReadOnlyList<PodFacts>> PodsAsync(ListOptions scope, CancellationToken cancellationToken)
    {
        var pods = await client.ListAsync(
            PodFacts.Type, scope with { LabelSelector = WellKnown.InjectedLabel }, cancellationToken);
        List<PodFacts> alive = [.. pods.Items.Where(pod => pod.IsAlive && pod.Sidecar is not null)];
        if (alive.Count > PodsMax)
        {
            note($"note: {alive.Count} pods have a sidecar, the logs of the first {PodsMax} are read; narrow it "
                + "with -n");
            alive.RemoveRange(PodsMax, alive.Count - PodsMax);
        }

        return alive;
    }

    /// <summary>
    /// Decisions of pods, as they come; without <see cref="LogOptions.Follow"/> until all logs are at an end. Throws
    /// <see cref="CliException"/> when no log at all could be read.
    /// </summary>
    public async IAsyncEnumerable<SecurityEvent> ReadAsync(
        IReadOnlyList<PodFacts> pods, LogOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var found = Channel.CreateBounded<SecurityEvent>(LinesWaitingMax);
        var reading = Task.WhenAll(pods.Select(pod => ReadOneAsync(pod, options, found.Writer, enough.Token)))
            .ContinueWith(_ => found.Writer.TryComplete(), TaskScheduler.Default);
        try
        {
            await foreach (var decision in found.Reader.ReadAllAsync(cancellationToken)) yield return decision;
            if (pods.Count > 0 && _unread == pods.Count)
                throw new CliException(
                    "none of the logs could be read", "kubectl auth can-i get pods/log, in the namespaces of the pods");
        }
        finally
        {
            await enough.CancelAsync();
            await reading;
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
            note($"note: {pod.Key}: {failure.Message}");
        }
        catch (OperationCanceledException)
        {
            // The caller has enough.
        }
    }
}
