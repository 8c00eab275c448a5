using System.Text.Json;
using WafOperator.Protocols;
using WafOperator.Protocols.Distribution;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Telemetry;

namespace WafOperator.Proxy.Sync;

/// <summary>
/// Tells the operator what this sidecar is: at once when another policy is in force or was refused, every two seconds
/// while counters move, and every ten seconds in any case. What was learned is large and travels twice a minute.
/// </summary>
internal sealed class StatusPusher(
    OperatorClient client, Func<SidecarStatus> read, SidecarMeters meters, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SilentMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SketchesEvery = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backOff = new BackOff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8));
        var told = new Told();
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var status = read();
            var now = time.GetTimestamp();
            var isUrgent = told.News != NewsOf(status);
            if (!isUrgent && told.At is { } at && time.GetElapsedTime(at, now) < TellEvery) continue;
            var sendsSketches = told.SketchesAt is not { } sent || time.GetElapsedTime(sent, now) >= SketchesEvery;
            if (!sendsSketches && status.Learning is { } learning)
                status = status with { Learning = learning with { Sketches = null } };
            var json = JsonSerializer.SerializeToUtf8Bytes(status, ProtocolJson.Default.SidecarStatus);
            var isSilent = told.At is not { } last || time.GetElapsedTime(last, now) >= SilentMax;
            if (!isUrgent && !isSilent && json.AsSpan().SequenceEqual(told.Json)) continue;
            if (await client.PostStatusAsync(json, cancellationToken) is not ShippingOutcome.Taken)
            {
                meters.Incident("status_push_failed");
                await Task.Delay(backOff.Next(), time, cancellationToken);
                continue;
            }

            backOff.Reset();
            told = new Told(NewsOf(status), json, now, sendsSketches ? now : told.SketchesAt);
        }
    }

    /// <summary>What people wait for.</summary>
    private static (string?, string?, string?, int) NewsOf(SidecarStatus status) => (
        status.Revision, status.RejectedRevision, status.Mode,
        status.Models.Aggregate(0, (hash, model) => HashCode.Combine(hash, model.Digest, model.State)));

    private sealed record Told(
        (string?, string?, string?, int)? News = null, byte[]? Json = null, long? At = null, long? SketchesAt = null);
}
