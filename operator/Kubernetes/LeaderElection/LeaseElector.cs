using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Telemetry;

namespace WafOperator.Kubernetes.LeaderElection;

/// <summary>
/// Lets one of several replicas lead, by holding a Lease. Clocks of the replicas need not agree: a lease counts as
/// abandoned when it did not change for its duration, measured here. Two leaders at once are impossible as long as a
/// cancelled leader stops within Duration − RenewWithin.
/// </summary>
public sealed class LeaseElector
{
    private readonly KubernetesClient _client;
    private readonly LeaseElectionOptions _options;
    private readonly RuntimeServices _services;
    private readonly ILogger _logger;
    private KubernetesObject? _lease;
    private LeaseRecord? _observed;
    private long _observedAt;
    private volatile bool _leading;

    public LeaseElector(KubernetesClient client, LeaseElectionOptions options, RuntimeServices services)
    {
        if (options.Duration <= options.RenewWithin || options.RenewWithin <= options.RetryEvery)
            throw new ArgumentException("a lease needs Duration > RenewWithin > RetryEvery", nameof(options));
        _client = client;
        _options = options;
        _services = services;
        _logger = services.Loggers.CreateLogger<LeaseElector>();
    }

    public bool IsLeader => _leading;

    /// <summary>Who leads as far as is known; empty if nobody does.</summary>
    public string Leader => Volatile.Read(ref _observed)?.Holder ?? "";

    /// <summary>
    /// Campaigns until cancelled. While leading, <paramref name="lead"/> runs; its token is cancelled when leadership
    /// is lost, and campaigning begins anew once it returned. On cancellation the lease is released.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (!await TryHoldAsync(cancellationToken))
            {
                await DelayAsync(_services.Jitter.Longer(_options.RetryEvery, 1.2), cancellationToken);
                continue;
            }

            await LeadAsync(lead, cancellationToken);
        }
    }

    private async Task LeadAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        _leading = true;
        RuntimeMetrics.LeadershipChanged(_options.Lease.ToString(), true);
        ElectionLog.Won(_logger, _options.Identity, _options.Lease.ToString());
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var work = lead(term.Token);
            await RenewAsync(work, cancellationToken);
            _leading = false;
            await term.CancelAsync();
            await WaitAsync(work);
        }
        finally
        {
            _leading = false;
            RuntimeMetrics.LeadershipChanged(_options.Lease.ToString(), false);
            // Released only after the work ended: the next leader starts at once.
            await ReleaseAsync();
        }
    }

    /// <summary>Renews until cancelled, until the work ends, or until renewing failed for too long.</summary>
    private async Task RenewAsync(Task work, CancellationToken cancellationToken)
    {
        var renewedAt = _services.Time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested && !work.IsCompleted)
        {
            await Task.WhenAny(work, DelayAsync(_options.RetryEvery, cancellationToken));
            if (cancellationToken.IsCancellationRequested || work.IsCompleted) return;
            var left = _options.RenewWithin - _services.Time.GetElapsedTime(renewedAt);
            var held = left > TimeSpan.Zero && await TryHoldAsync(cancellationToken, left);
            if (held)
            {
                renewedAt = _services.Time.GetTimestamp();
                continue;
            }

            var taken = _observed?.Holder != _options.Identity;
            if (!taken && _services.Time.GetElapsedTime(renewedAt) < _options.RenewWithin) continue;
            ElectionLog.Lost(_logger, _options.Identity, _options.Lease.ToString(), taken ? "taken" : "not renewable");
            return;
        }
    }

    private async Task<bool> TryHoldAsync(CancellationToken cancellationToken, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? _options.RenewWithin, _services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await HoldAsync(both.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (KubernetesApiException e) when (e.IsConflict || e.IsAlreadyExists)
        {
            return false; // somebody was faster
        }
        catch (KubernetesException e)
        {
            ElectionLog.Failed(_logger, _options.Lease.ToString(), e.Message);
            return false;
        }
    }

    /// <summary>Takes or renews the lease if it is ours, free or abandoned.</summary>
    private async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        var lease = await _client.TryGetAsync(BuiltIn.Leases, _options.Lease, cancellationToken);
        Observe(lease);
        var current = _observed;
        if (current is not null && current.Holder.Length > 0 && current.Holder != _options.Identity)
        {
            var patience = TimeSpan.FromSeconds(Math.Clamp(current.DurationSeconds, 1, 3600));
            if (_services.Time.GetElapsedTime(_observedAt) < patience) return false;
        }

        var next = LeaseRecord.Held(current, _options.Identity, _options.Duration, _services.Time.GetUtcNow());
        var written = lease is null
            ? await _client.CreateAsync(BuiltIn.Leases, Body(next, null), cancellationToken)
            : await _client.ReplaceAsync(BuiltIn.Leases, Body(next, lease), cancellationToken);
        Observe(written);
        return true;
    }

    private void Observe(KubernetesObject? lease)
    {
        _lease = lease;
        var record = lease is null ? null : LeaseRecord.Read(lease);
        if (record == _observed) return;
        Volatile.Write(ref _observed, record);
        _observedAt = _services.Time.GetTimestamp();
    }

    private async Task ReleaseAsync()
    {
        if (_lease is not { } lease || _observed is not { } held || held.Holder != _options.Identity) return;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3), _services.Time);
        try
        {
            var body = Body(held.Released(_services.Time.GetUtcNow()), lease);
            Observe(await _client.ReplaceAsync(BuiltIn.Leases, body, limit.Token));
            ElectionLog.Released(_logger, _options.Identity, _options.Lease.ToString());
        }
        catch (Exception e) when (e is KubernetesException or OperationCanceledException)
        {
            ElectionLog.Failed(_logger, _options.Lease.ToString(), e.Message); // it expires by itself
        }
    }

    private JsonObject Body(LeaseRecord record, KubernetesObject? existing)
    {
        var body = existing?.ToNode() ?? new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = _options.Lease.Namespace,
                ["name"] = _options.Lease.Name,
            },
        };
        body["spec"] = record.ToJson();
        return body;
    }

    private Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        SuppressedAsync(Task.Delay(delay, _services.Time, cancellationToken));

    private static async Task SuppressedAsync(Task task) =>
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static async Task WaitAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException)
        {
            // The end of a term.
        }
    }
}
