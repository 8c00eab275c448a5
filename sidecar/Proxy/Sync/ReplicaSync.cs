using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Listening;
using WafOperator.Proxy.Sharing;

namespace WafOperator.Proxy.Sync;

/// <summary>
/// Follows how many replicas the policy has, while its limits are divided by it. Through every failure the last number
/// stays.
/// </summary>
/// <param name="client">The operator.</param>
/// <param name="policy">Namespace and name.</param>
/// <param name="isDivided">The policy in force asks for it.</param>
/// <param name="count">Where the number goes.</param>
/// <param name="time">Clock.</param>
internal sealed class ReplicaSync(
    OperatorClient client, (string Namespace, string Name) policy, Func<bool> isDivided, ReplicaCount count,
    TimeProvider time)
{
    private static readonly TimeSpan PollFor = TimeSpan.FromSeconds(55);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backOff = new BackOff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        string? seen = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            if (!isDivided())
            {
                await Task.Delay(LookEvery, time, cancellationToken);
                continue;
            }

            var wait = seen is null ? TimeSpan.Zero : PollFor;
            var answer = await client.GetReplicasAsync(
                policy.Namespace, policy.Name, seen, wait, cancellationToken);
            await SocketThreads.LeaveAsync();
            var isHeard = answer.Kind is DocumentAnswerKind.Unchanged;
            if (answer.Kind is DocumentAnswerKind.Changed && Read(answer.Body!) is { } replicas)
            {
                count.Count = replicas;
                seen = answer.Revision;
                // Without a revision there is no waiting for another one.
                isHeard = seen is not null;
            }

            if (isHeard) backOff.Reset();
            else await Task.Delay(backOff.Next(), time, cancellationToken);
        }
    }

    /// <summary>The number of a document; null for what is none.</summary>
    internal static int? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var document = JsonSerializer.Deserialize(json, ProtocolJson.Default.ReplicaDocument);
            return document is { Format: ReplicaDocument.FormatVersion, Replicas: > 0 } ? document.Replicas : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
