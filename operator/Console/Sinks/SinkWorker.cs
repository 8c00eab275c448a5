using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Console.Outgoing;
using WafOperator.Console.Store;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Sinks;

/// <summary>
/// Sends events to one server, in the order in which they arrived, from a cursor that the store keeps: the store is the
/// spool, so that nothing is lost while the server is away, and no other sink waits. An event is sent at least once,
/// with
/// the same id each time. One replica sends.
/// </summary>
public sealed class SinkWorker(
    SinkOptions options, IEventStore store, string replica, TimeProvider time, ILogger<SinkWorker> logger)
{
    private const string CursorKind = "cursor";
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    private long _at;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var roots = options.CaFile is { } file ? new TrustedRoots(file) : null;
        using var client = Connections.ToServer(TimeSpan.FromSeconds(30), roots);
        var pause = LookEvery;
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = LookEvery;
            try
            {
                if (await store.TryLeaseAsync($"sink-{options.Name}", replica, time.GetUtcNow(), LeaseTime,
                    cancellationToken)
                    && await SendSomeAsync(client, roots, cancellationToken))
                    wait = TimeSpan.Zero;
                pause = LookEvery;
            }
            catch (SinkException failure)
            {
                SinkLog.Failed(logger, options.Name, failure.Message);
                wait = failure.RetryAfter ?? pause;
                pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
            }
            catch (Exception failure) when (failure is StoreException or HttpRequestException or IOException
                or TaskCanceledException or System.Net.Sockets.SocketException
                    or System.Security.Authentication.AuthenticationException)
            {
                if (cancellationToken.IsCancellationRequested) return;
                SinkLog.Failed(logger, options.Name, failure.Message);
                wait = pause;
                pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
            }

            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends the next events and moves the cursor; true when there may be more.</summary>
    internal async Task<bool> SendSomeAsync(HttpClient client, TrustedRoots? roots, CancellationToken cancellationToken)
    {
        var stored = await store.GetDocumentAsync(CursorKind, options.Name, cancellationToken);
        _at = long.TryParse(stored, CultureInfo.InvariantCulture, out var at) ? at : 0;
        var last = await store.LastSequenceAsync(cancellationToken);
        var isBehind = last - _at > options.LagMax;
        var events = await store.ReadOnAsync(
            _at, options.BatchMax, options.OnlyAttacks || isBehind, cancellationToken);
        var next = events.Count > 0 ? events[^1].Row.Sequence : last;
        if (events.Count > 0) await SendAsync(client, roots, events, cancellationToken);
        if (next == _at) return false;
        if (isBehind && !options.OnlyAttacks) Count("left-out", next - _at - events.Count);
        Count("sent", events.Count);
        await store.PutDocumentAsync(
            CursorKind, options.Name, next.ToString(CultureInfo.InvariantCulture), cancellationToken);
        return events.Count == options.BatchMax;
    }

    private void Count(string outcome, long count) =>
        ConsoleMetrics.SinkEvents.Of(options.Name, outcome).Inc(count);

    private Task SendAsync(
        HttpClient client, TrustedRoots? roots, IReadOnlyList<StoredEvent> events,
            CancellationToken cancellationToken) =>
        options.Kind is SinkKind.Syslog
            ? SendLinesAsync(roots, events, cancellationToken)
            : PostAsync(client, events, cancellationToken);

    private async Task SendLinesAsync(
        TrustedRoots? roots, IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        await using var stream = await Connections.OpenAsync(
            options.Url.Host, options.Url.Port, options.Url.Scheme == "tls", roots, cancellationToken);
        using var frames = new MemoryStream();
        foreach (var e in events)
        {
            var line = Encoding.UTF8.GetBytes(EventFormats.Of(options.Format, e));
            frames.Write(Encoding.ASCII.GetBytes(line.Length.ToString(CultureInfo.InvariantCulture) + " "));
            frames.Write(line);
        }

        await stream.WriteAsync(frames.GetBuffer().AsMemory(0, (int)frames.Length), cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    private async Task PostAsync(HttpClient client, IReadOnlyList<StoredEvent> events,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Kind is SinkKind.Elasticsearch
            ? new Uri(options.Url, "_bulk") : options.Url)
        {
            Content = new StringContent(SinkBodies.Of(options, events), Encoding.UTF8,
                options.Kind is SinkKind.SplunkHec
                ? "application/json" : "application/x-ndjson"),
        };
        if (options.TokenFile is { } file)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                options.Kind switch { SinkKind.SplunkHec => "Splunk", SinkKind.Elasticsearch => "ApiKey", _ =>
                    "Bearer" },
                (await File.ReadAllTextAsync(file, cancellationToken)).Trim());
        }

        using var response = await client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            var after = response.Headers.RetryAfter?.Delta;
            throw new SinkException(
                $"the server answered {(int)response.StatusCode}", after is { } a && a < PauseMax ? a : after is null
                    ? null : PauseMax);
        }

        if (options.Kind is not SinkKind.Elasticsearch) return;
        // 200 is an answer to the call; each document has its own, and 409 means that it is there already.
        using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        if (SinkBodies.Refused(answer.RootElement) is { } refused)
            throw new SinkException($"the server took not all documents: {refused}", null);
    }
}

/// <summary>What is posted. Pure.</summary>
public static class SinkBodies
{
    public static string Of(SinkOptions options, IReadOnlyList<StoredEvent> events)
    {
        var text = new StringBuilder();
        foreach (var e in events)
        {
            switch (options.Kind)
            {
                case SinkKind.SplunkHec:
                    var wrapped = new JsonObject
                    {
                        ["time"] = e.Event.Time.ToUnixTimeMilliseconds() / 1000.0,
                        ["host"] = e.Event.Pod ?? e.Event.Policy,
                        ["source"] = "waf-operator",
                        ["sourcetype"] = "waf:" + options.Format.ToString().ToLowerInvariant(),
                        ["event"] = options.Format is EventFormat.Cef or EventFormat.Rfc5424
                            ? EventFormats.Of(options.Format, e)
                            : JsonNode.Parse(EventFormats.Of(options.Format, e)),
                        ["fields"] = new JsonObject { ["event_id"] = e.Event.Id },
                    };
                    if (options.Index is { } index) wrapped["index"] = index;
                    text.Append(wrapped.ToJsonString());
                    break;
                case SinkKind.Elasticsearch:
                    text.Append(new JsonObject
                    {
                        ["create"] = new JsonObject { ["_index"] = options.Index ?? "logs-waf-default", ["_id"] =
                            e.Event.Id },
                    }.ToJsonString()).Append('\n').Append(EventFormats.Ecs(e).ToJsonString()).Append('\n');
                    break;
                default:
                    text.Append(EventFormats.Of(options.Format, e)).Append('\n');
                    break;
            }
        }

        return text.ToString();
    }

    /// <summary>Why documents of a bulk answer were refused; null when all are kept or were there.</summary>
    public static string? Refused(JsonElement answer)
    {
        if (!answer.TryGetProperty("errors", out var errors) || errors.ValueKind is not JsonValueKind.True) return null;
        foreach (var item in answer.GetProperty("items").EnumerateArray())
        {
            var create = item.GetProperty("create");
            if (create.GetProperty("status").GetInt32() is >= 300 and not (int)HttpStatusCode.Conflict and var status)
                return string.Create(CultureInfo.InvariantCulture, $"{status}");
        }

        return null;
    }
}

/// <summary>A sink did not take what was sent.</summary>
public sealed class SinkException(string message, TimeSpan? retryAfter) : Exception(message)
{
    /// <summary>When the server wants to be asked again.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>What sinks tell.</summary>
internal static partial class SinkLog
{
    [LoggerMessage(7020, LogLevel.Warning, "sink {Sink} takes no events at present: {Problem}")]
    public static partial void Failed(ILogger logger, string sink, string problem);
}
