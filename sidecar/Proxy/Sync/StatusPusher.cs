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
/// <param name="client">The operator.</param>
/// <param name="news">What is told at once when it changes; cheap.</param>
/// <param name="read">The status, with or without what was learned.</param>
/// <param name="parts">Meters and clock.</param>
internal sealed class StatusPusher(
    OperatorClient client, Func<(string?, string?, int)> news, Func<bool, SidecarStatus> read,
    (SidecarMeters Meters, TimeProvider Time) parts)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SilentMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SketchesEvery = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var (meters, time) = parts;
        var backOff = new BackOff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8));
        var told = new Told();
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var (now, latest) = (time.GetTimestamp(), news());
            var isUrgent = told.News != latest;
            if (!isUrgent && IsWithin(told.LookedAt, TellEvery)) continue;
            told = told with { LookedAt = now };
            var withSketches = !IsWithin(told.SketchesAt, SketchesEvery);
            var json = JsonSerializer.SerializeToUtf8Bytes(
                read(withSketches), ProtocolJson.Default.SidecarStatus);
            if (!isUrgent && IsWithin(told.At, SilentMax) && json.AsSpan().SequenceEqual(told.Json)) continue;
            if (await client.PostStatusAsync(json, cancellationToken) is not ShippingOutcome.Taken)
            {
                meters.Incident("status_push_failed");
                await Task.Delay(backOff.Next(), time, cancellationToken);
                continue;
            }

            backOff.Reset();
            told = new Told(latest, json, now, now, withSketches ? now : told.SketchesAt);

            bool IsWithin(long? at, TimeSpan span) => at is { } then && time.GetElapsedTime(then, now) < span;
        }
    }

    private sealed record Told(
        (string?, string?, int)? News = null, byte[]? Json = null, long? At = null, long? LookedAt = null,
        long? SketchesAt = null);
}
