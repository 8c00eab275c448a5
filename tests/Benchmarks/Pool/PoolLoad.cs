using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using WafOperator.Features;
using WafOperator.Protocols.Inference;

namespace WafOperator.Benchmarks.Pool;

/// <summary>What one load measured.</summary>
/// <param name="PerSecond">Answered requests a second.</param>
/// <param name="P50">Median time of an answer, milliseconds.</param>
/// <param name="P99">99th percentile, milliseconds.</param>
/// <param name="Requests">Answered requests.</param>
internal readonly record struct LoadResult(double PerSecond, double P50, double P99, int Requests);

/// <summary>Callers that each wait for their answer before they ask again, over HTTP/2, as sidecars do.</summary>
internal sealed class PoolLoad : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false, EnableMultipleHttp2Connections = true, ActivityHeadersPropagator = null,
    });

    private readonly Uri _uri;
    private readonly byte[][] _bodies;

    /// <param name="pool">Address of the server.</param>
    /// <param name="model">Model of version 1.0.0.</param>
    /// <param name="digest">Digest of its package.</param>
    /// <param name="values">What is asked about, in turn.</param>
    public PoolLoad(Uri pool, string model, string digest, IEnumerable<(byte[] Value, ValueFlags Flags)> values)
    {
        _uri = new Uri(pool, InferenceProtocol.InferPath(model, "1.0.0"));
        _bodies = [.. values.Select(v => Body(digest, v.Value, v.Flags))];
        new Random(1).Shuffle(_bodies);
    }

    public void Dispose() => _client.Dispose();

    /// <summary>So many callers for so long.</summary>
    public async Task<LoadResult> RunAsync(int callers, double seconds)
    {
        var started = Stopwatch.GetTimestamp();
        var end = started + (long)(seconds * Stopwatch.Frequency);
        var number = 0;
        var times = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var mine = new List<double>();
            while (Stopwatch.GetTimestamp() is var now && now < end)
            {
                await AskAsync(_bodies[Interlocked.Increment(ref number) % _bodies.Length]);
                mine.Add(Stopwatch.GetElapsedTime(now).TotalMilliseconds);
            }

            return mine;
        })));
        var took = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var sorted = times.SelectMany(t => t).Order().ToList();
        return new LoadResult(
            sorted.Count / took, sorted[sorted.Count / 2], sorted[(int)(sorted.Count * 0.99)], sorted.Count);
    }

    private async Task AskAsync(byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(InferenceProtocol.CompactMediaType);
        using var answer = await _client.SendAsync(request, CancellationToken.None);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException($"{answer.StatusCode}: {Encoding.UTF8.GetString(bytes)}");
    }

    /// <summary>One value a request.</summary>
    private static byte[] Body(string digest, byte[] value, ValueFlags flags)
    {
        var writer = new ArrayBufferWriter<byte>();
        CompactRequest.Begin(writer, digest);
        CompactRequest.Add(writer, value, (int)flags);
        var body = writer.WrittenSpan.ToArray();
        CompactRequest.SetCount(body, 1);
        return body;
    }
}
