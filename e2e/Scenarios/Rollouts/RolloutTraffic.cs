using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace WafOperator.E2e.Scenarios.Rollouts;

/// <summary>
/// Requests of the released corpus, two harmless ones for each attack, each from one of many clients behind a trusted
/// proxy. What is not answered, or answered by an error of the server, is kept.
/// </summary>
public sealed class RolloutTraffic : IAsyncDisposable
{
    private const int Clients = 5_000;
    private const int Connections = 6;

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<string> _failures = [];
    private readonly List<CorpusRequest> _attacks = [];
    private readonly List<CorpusRequest> _benign = [];
    private readonly HttpClient _client;
    private readonly Task[] _loops;
    private volatile TaskCompletionSource? _paused;
    private long _sent;

    public RolloutTraffic(HttpClient client)
    {
        _client = client;
        foreach (var line in Encoding.UTF8.GetString(
            CandidatePackages.Released("gate-1.0.0").Files["corpus.jsonl"].Span)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var row = JsonDocument.Parse(line);
            (row.RootElement.GetProperty("label").GetInt32() == 1 ? _attacks : _benign)
                .Add(CorpusRequest.Of(row.RootElement));
        }

        _loops = [.. Enumerable.Range(0, Connections).Select(LoopAsync)];
    }

    /// <summary>Requests answered so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>What went wrong so far.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Holds the traffic until <see cref="Resume"/>.</summary>
    public void Pause() => _paused ??= new TaskCompletionSource();

    public void Resume() => Interlocked.Exchange(ref _paused, null)?.SetResult();

    /// <summary>One request beside the stream.</summary>
    public Task SendOneAsync(int number) => SendAsync(_benign[number % _benign.Count], number);

    public async ValueTask DisposeAsync()
    {
        Resume();
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    private async Task LoopAsync(int connection)
    {
        var random = new Random(connection);
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            if (_paused is { } pause) await pause.Task;
            var kind = random.Next(3) == 0 ? _attacks : _benign;
            await SendAsync(kind[random.Next(kind.Count)], random.Next());
        }
    }

    private async Task SendAsync(CorpusRequest corpus, int number)
    {
        var client = number % Clients;
        using var request = corpus.ToMessage();
        request.Headers.TryAddWithoutValidation(
            "X-Forwarded-For", string.Create(CultureInfo.InvariantCulture, $"203.0.{client / 250}.{client % 250 + 1}"));
        try
        {
            using var response = await _client.SendAsync(request, CancellationToken.None);
            Interlocked.Increment(ref _sent);
            if ((int)response.StatusCode >= 500) _failures.Add(
                $"{DateTime.UtcNow:HH:mm:ss.fff} {(int)response.StatusCode}");
        }
        catch (Exception broken) when (broken is HttpRequestException or OperationCanceledException)
        {
            _failures.Add($"{DateTime.UtcNow:HH:mm:ss.fff} {broken.Message}");
            await Task.Delay(100);
        }
    }

    private sealed record CorpusRequest(string Method, string Uri, string? Body, string? ContentType)
    {
        public static CorpusRequest Of(JsonElement row)
        {
            var body = row.GetProperty("body");
            var headers = row.GetProperty("headers");
            return new CorpusRequest(
                row.GetProperty("method").GetString()!, row.GetProperty("uri").GetString()!,
                body.ValueKind is JsonValueKind.String ? body.GetString() : null,
                headers.TryGetProperty("Content-Type", out var type) ? type.GetString() : null);
        }

        public HttpRequestMessage ToMessage()
        {
            var message = new HttpRequestMessage(new HttpMethod(Method), "/echo" + Uri);
            if (Body is not null) message.Content = new StringContent(Body, new UTF8Encoding(false), ContentType!);
            return message;
        }
    }
}
