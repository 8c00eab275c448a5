using System.Collections.Concurrent;

namespace WafOperator.E2e.Scenarios.Environment;

/// <summary>
/// Customers' requests, one after the other on several connections, for as long as a scenario lasts. What is not answered with success
/// is kept.
/// </summary>
public sealed class Traffic : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<string> _failures = [];
    private readonly Task[] _loops;
    private long _answered;

    public Traffic(HttpClient client, int connections = 4, string target = "/search?q=green+tea")
    {
        _loops = [.. Enumerable.Range(0, connections).Select(_ => LoopAsync(client, target))];
    }

    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Ends the traffic and returns what went wrong.</summary>
    public async Task<IReadOnlyCollection<string>> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        return _failures;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task LoopAsync(HttpClient client, string target)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var response = await client.GetAsync(target, CancellationToken.None);
                if (response.IsSuccessStatusCode) Interlocked.Increment(ref _answered);
                else _failures.Add($"{DateTime.UtcNow:HH:mm:ss.fff} {(int)response.StatusCode}");
            }
            catch (Exception broken) when (broken is HttpRequestException or OperationCanceledException)
            {
                _failures.Add($"{DateTime.UtcNow:HH:mm:ss.fff} {broken.Message}");
            }
            await Task.Delay(10);
        }
    }
}
