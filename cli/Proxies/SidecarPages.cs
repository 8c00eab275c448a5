using WafOperator.Cli.Cluster;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes;
using WafOperator.Kubernetes.Client;

namespace WafOperator.Cli.Proxies;

/// <summary>What a sidecar's admin page answered, or why there is no answer.</summary>
internal readonly record struct SidecarAnswer(byte[] Body, string? Problem);

/// <summary>Pages that sidecars show within their pod, by the right <c>create pods/portforward</c>.</summary>
internal static class SidecarPages
{
    /// <summary>The admin port, unless the chart sets another.</summary>
    public const int AdminPort = 16520;

    private const int BytesMax = 4 << 20;
    private const int AtOnce = 8;

    /// <summary>Asks all pods for a page; the answers are in the order of the pods.</summary>
    public static async Task<IReadOnlyList<SidecarAnswer>> AskAsync(
        Invocation invocation, IReadOnlyList<PodFacts> pods, int port, string path, CancellationToken cancellationToken)
    {
        var answers = new SidecarAnswer[pods.Count];
        var asked = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, pods.Count, parallel, async (i, stop) =>
        {
            answers[i] = await AskOneAsync(invocation.Client, pods[i], port, path, stop);
            invocation.Progress.Show($"{Interlocked.Increment(ref asked)} of {pods.Count} sidecars answered");
        });
        return answers;
    }

    private static async Task<SidecarAnswer> AskOneAsync(
        KubernetesClient client, PodFacts pod, int port, string path, CancellationToken cancellationToken)
    {
        try
        {
            var (code, body) = await client.GetFromPodAsync(pod.Key, port, path, BytesMax, cancellationToken);
            return code == 200 ? new(body, null) : new([], $"its page {path} answered {code}");
        }
        catch (KubernetesException refusal)
        {
            return new([], refusal.Message);
        }
    }
}
