using System.Text.Json;
using WafOperator.Console.Store;

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
    private static readonly TimeSpan EvaluateEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadRulesEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, AlertState> _states = new(StringComparer.Ordinal);
    private List<ReceiverQueue> _queues = QueuesOf(outlets, sender, logger);
    private DateTimeOffset _rulesReadAt = DateTimeOffset.MinValue;
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);
    private long? _at;

    /// <summary>Runs until cancelled, whatever goes wrong on the way.</summary>
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
            catch (Exception failure)
            {
                if (cancellationToken.IsCancellationRequested) return;
                AlertLog.Failed(logger, failure is StoreException ? "store" : "evaluation", failure.Message);
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
                foreach (var state in _states.Values) state.Observe(e, now);
            }

            _at = events[^1].Row.Sequence;
        }

        var alerts = _states.Values.SelectMany(state => state.Evaluate(now)).ToList();
        // Side by side: one that is away must not use up the time of the lease.
        await Task.WhenAll(_queues.Select(queue => queue.TellAsync(alerts, now, cancellationToken)));
    }

    private static List<ReceiverQueue> QueuesOf(OutletOptions outlets, AlertSender sender, ILogger logger) =>
        [.. outlets.Receivers.Select(receiver => new ReceiverQueue(receiver, sender, logger))];

    private void Forget()
    {
        _states.Clear();
        _queues = QueuesOf(outlets, sender, logger);
        (_at, _rulesReadAt) = (null, DateTimeOffset.MinValue);
    }

    private async Task ReadRulesAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (now - _rulesReadAt < ReadRulesEvery) return;
        var rules = outlets.Rules.Where(r => r.Enabled).ToDictionary(r => "file/" + r.Name, StringComparer.Ordinal);
        foreach (var (id, json) in await store.ListDocumentsAsync(AlertRules.Kind, cancellationToken))
        {
            var rule = AlertRules.Read(json, out var problem);
            if (rule is { Enabled: true }) rules[id] = rule;
            else if (rule is null && _unreadable.Add(id)) AlertLog.Unreadable(logger, id, problem!);
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
}

/// <summary>What alerting tells.</summary>
internal static partial class AlertLog
{
    [LoggerMessage(7030, LogLevel.Warning, "alerts do not get on at present ({Where}): {Problem}")]
    public static partial void Failed(ILogger logger, string where, string problem);

    [LoggerMessage(7032, LogLevel.Warning, "receiver {Receiver} refuses alert {Key}, it is left out: {Problem}")]
    public static partial void LeftOut(ILogger logger, string receiver, string key, string problem);

    [LoggerMessage(7031, LogLevel.Warning, "alert rule {Id} of the store is left out: {Problem}")]
    public static partial void Unreadable(ILogger logger, string id, string problem);
}
