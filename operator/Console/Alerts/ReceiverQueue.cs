using System.Text;
using WafOperator.Console.Outgoing;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Alerts;

/// <summary>
/// What one receiver is still to be told. While it is away the last news of each alert is kept for it; what it refuses
/// for good is found by halves and left out after a few tries, counted and said, so that it holds up nothing else.
/// </summary>
internal sealed class ReceiverQueue(ReceiverOptions receiver, AlertSender sender, ILogger logger)
{
    /// <summary>Alerts that wait for a receiver; the oldest go first.</summary>
    public const int WaitingMax = 1_000;

    /// <summary>Times that one alert is sent that the receiver refuses.</summary>
    public const int TriesMax = 3;

    private const int AtOnceMax = 200;
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    private List<Alert> _waiting = [];
    private int _atOnce = AtOnceMax;
    private int _tries;

    /// <summary>Adds news, and sends once.</summary>
    public async Task TellAsync(IReadOnlyList<Alert> alerts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var mine = alerts.Where(a => a.Rule.Receivers.Count == 0 || a.Rule.Receivers.Contains(receiver.Name));
        _waiting = [.. _waiting.Concat(mine).GroupBy(a => a.Key, StringComparer.Ordinal).Select(g => g.Last())
            .TakeLast(WaitingMax)];
        if (_waiting.Count == 0) return;
        var some = _waiting.Take(_atOnce).ToList();
        try
        {
            if (await SendAsync(some, now, cancellationToken) is not { } refusal)
            {
                Count("sent", some.Count);
                _waiting.RemoveRange(0, some.Count);
                (_atOnce, _tries) = (Math.Min(AtOnceMax, _atOnce * 2), 0);
                return;
            }

            if (some.Count > 1)
            {
                _atOnce = some.Count / 2;
            }
            else if (++_tries >= TriesMax)
            {
                AlertLog.LeftOut(logger, receiver.Name, some[0].Key, refusal);
                Count("left-out", 1);
                _waiting.RemoveAt(0);
                _tries = 0;
            }
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            AlertLog.Failed(logger, receiver.Name, failure.Message);
        }
    }

    private void Count(string outcome, long count) => ConsoleMetrics.AlertsTold.Of(receiver.Name, outcome).Inc(count);

    /// <summary>Null when they were taken; else why they are refused and would be again.</summary>
    private async Task<string?> SendAsync(
        IReadOnlyList<Alert> alerts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var roots = receiver.CaFile is { } ca ? new TrustedRoots(ca) : null;
        using var client = Connections.ToServer(AnswerWithin, roots);
        var body = AlertBodies.Of(receiver.Kind, alerts, now, sender.ConsoleUrl);
        using var request = new HttpRequestMessage(HttpMethod.Post, receiver.Kind is ReceiverKind.Alertmanager
            ? new Uri(receiver.Url, "api/v2/alerts") : receiver.Url)
        {
            Content = new StringContent(body, Encoding.UTF8, receiver.Kind is ReceiverKind.Webhook
                ? "application/cloudevents-batch+json" : "application/json"),
        };
        if (receiver is { Kind: ReceiverKind.Webhook, SecretFile: { } file })
        {
            var key = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
            request.Headers.Add(AlertBodies.SignatureHeader, AlertBodies.Signature(key, body, now));
        }

        using var response = await client.SendAsync(request, cancellationToken);
        if (Sinks.SinkSender.IsForGood((int)response.StatusCode))
            return $"the receiver answered {(int)response.StatusCode}";
        response.EnsureSuccessStatusCode();
        return null;
    }
}
