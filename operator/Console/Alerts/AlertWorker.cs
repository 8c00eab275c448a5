using System.Text;
using System.Text.Json;
using WafOperator.Console.Outgoing;
using WafOperator.Console.Store;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Alerts;

/// <summary>Who tells.</summary>
/// <param name="Replica">Name of this replica, unique among them.</param>
/// <param name="ConsoleUrl">Where people find the console, for links; null for none.</param>
public sealed record AlertSender(string Replica, string? ConsoleUrl);

/// <summary>
/// Reads events as they arrive, evaluates the rules, and tells receivers. One replica does; another goes on within half
/// a
/// minute, counting the last window anew. A receiver that is away keeps nobody else from being told.
/// </summary>
public sealed class AlertWorker(
    OutletOptions outlets, IEventStore store, AlertSender sender, TimeProvider time, ILogger<AlertWorker> logger)
{
    private const int ReadMax = 1_000;
    private const int WaitingMax = 1_000;
    private static readonly TimeSpan EvaluateEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadRulesEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, AlertState> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Alert>> _waiting = new(StringComparer.Ordinal);
    private DateTimeOffset _rulesReadAt = DateTimeOffset.MinValue;
    private long? _at;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await store.TryLeaseAsync("alerts", sender.Replica, time.GetUtcNow(), LeaseTime, cancellationToken))
                    await WorkAsync(cancellationToken);
                else
                    Forget();
            }
            catch (StoreException failure)
            {
                AlertLog.Failed(logger, "store", failure.Message);
            }

            await Task.Delay(EvaluateEvery, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Reads on, evaluates, tells.</summary>
    internal async Task WorkAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await ReadRulesAsync(now, cancellationToken);
        if (_at is null)
        {
            var window = _states.Values.Select(s => s.Rule.WindowSeconds).DefaultIfEmpty(60).Max();
            _at = await store.SequenceBeforeAsync(now.AddSeconds(-window), cancellationToken);
        }

        while (await store.ReadOnAsync(_at.Value, ReadMax, onlyAttacks: false,
            cancellationToken) is { Count: > 0 } events)
        {
            foreach (var e in events)
            {
                foreach (var state in _states.Values) state.Observe(e);
            }

            _at = events[^1].Row.Sequence;
        }

        var alerts = _states.Values.SelectMany(state => state.Evaluate(now)).ToList();
        foreach (var receiver in outlets.Receivers) await TellAsync(receiver, alerts, now, cancellationToken);
    }

    private void Forget()
    {
        _states.Clear();
        _waiting.Clear();
        (_at, _rulesReadAt) = (null, DateTimeOffset.MinValue);
    }

    private async Task ReadRulesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (now - _rulesReadAt < ReadRulesEvery) return;
        var rules = outlets.Rules.Where(r => r.Enabled).ToDictionary(r => "file/" + r.Name, StringComparer.Ordinal);
        foreach (var (id, json) in await store.ListDocumentsAsync(AlertRules.Kind, cancellationToken))
        {
            if (JsonSerializer.Deserialize<AlertRule>(json, OutletOptions.Json) is { Enabled: true } rule) rules[id] =
                rule;
        }

        foreach (var gone in _states.Keys.Except(rules.Keys).ToList()) _states.Remove(gone);
        foreach (var (id, rule) in rules)
        {
            // Lists are compared by what they hold.
            if (!_states.TryGetValue(id, out var state) || Text(state.Rule) != Text(rule)) _states[id] =
                new AlertState(rule);
        }

        _rulesReadAt = now;

        static string Text(AlertRule rule) => JsonSerializer.Serialize(rule, OutletOptions.Json);
    }

    private async Task TellAsync(
        ReceiverOptions receiver, List<Alert> alerts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!_waiting.TryGetValue(receiver.Name, out var waiting)) _waiting[receiver.Name] = waiting = [];
        waiting.AddRange(alerts.Where(a => a.Rule.Receivers.Count == 0 || a.Rule.Receivers.Contains(receiver.Name)));
        if (waiting.Count == 0) return;
        // While a receiver is away, the last news of each alert is kept for it.
        var latest = waiting.GroupBy(a => a.Key, StringComparer.Ordinal).Select(g => g.Last()).TakeLast(WaitingMax)
            .ToList();
        try
        {
            await SendAsync(receiver, latest, now, cancellationToken);
            waiting.Clear();
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or IOException
            && !cancellationToken.IsCancellationRequested)
        {
            _waiting[receiver.Name] = latest;
            AlertLog.Failed(logger, receiver.Name, failure.Message);
        }
    }

    private async Task SendAsync(
        ReceiverOptions receiver, IReadOnlyList<Alert> alerts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var roots = receiver.CaFile is { } ca ? new TrustedRoots(ca) : null;
        using var client = Connections.ToServer(TimeSpan.FromSeconds(10), roots);
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
        response.EnsureSuccessStatusCode();
    }
}

/// <summary>What alerting tells.</summary>
internal static partial class AlertLog
{
    [LoggerMessage(7030, LogLevel.Warning, "alerts do not get on at present ({Where}): {Problem}")]
    public static partial void Failed(ILogger logger, string where, string problem);
}
