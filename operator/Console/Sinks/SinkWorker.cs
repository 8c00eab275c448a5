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
/// with the same id each time. What the server refuses for good is set aside after a few tries, counted, said and kept
/// by id, so that it does not hold up what comes behind it. One replica sends.
/// </summary>
public sealed class SinkWorker(
    SinkOptions options, IEventStore store, string replica, TimeProvider time, ILogger<SinkWorker> logger)
{
    /// <summary>Times that an event is sent that the server refuses.</summary>
    public const int TriesMax = 3;

    private const string CursorKind = "cursor";
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    private long _at;
    private int _batch = options.BatchMax;
    private (long At, int Tries) _refused;

    /// <summary>Runs until cancelled, whatever goes wrong on the way.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = LookEvery;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                // Opened here: a file that is missing now may be there later.
                using var roots = options.CaFile is { } file ? new TrustedRoots(file) : null;
                using var client = Connections.ToServer(TimeSpan.FromSeconds(30), roots);
                await SendAllAsync(client, roots, () => pause = LookEvery, cancellationToken);
            }
            catch (Exception failure)
            {
                if (cancellationToken.IsCancellationRequested) return;
                SinkLog.Failed(logger, options.Name, failure.Message);
                var wait = (failure as SinkException)?.RetryAfter ?? pause;
                pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
                await Task.Delay(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Sends what there is and what comes, until something fails.</summary>
    private async Task SendAllAsync(
        HttpClient client, TrustedRoots? roots, Action succeeded, CancellationToken cancellationToken)
    {
        while (true)
        {
            var isMine = await store.TryLeaseAsync(
                $"sink-{options.Name}", replica, time.GetUtcNow(), LeaseTime, cancellationToken);
            var hasMore = isMine && await SendSomeAsync(client, roots, cancellationToken);
            succeeded();
            if (!hasMore) await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    /// <summary>Sends the next events and moves the cursor; true when there may be more.</summary>
    /// <exception cref="SinkException">The server did not take them; they come again.</exception>
    internal async Task<bool> SendSomeAsync(HttpClient client, TrustedRoots? roots, CancellationToken cancellationToken)
    {
        var stored = await store.GetDocumentAsync(CursorKind, options.Name, cancellationToken);
        _at = long.TryParse(stored, CultureInfo.InvariantCulture, out var at) ? at : 0;
        var last = await store.LastSequenceAsync(cancellationToken);
        var isBehind = last - _at > options.LagMax;
        var events = await store.ReadOnAsync(_at, _batch, options.OnlyAttacks || isBehind, cancellationToken);
        var next = events.Count > 0 ? events[^1].Row.Sequence : last;
        var aside = 0;
        if (events.Count > 0)
        {
            try
            {
                await SendAsync(client, roots, events, cancellationToken);
            }
            catch (SinkException failure) when (failure.IsForGood)
            {
                if (!await IsSetAsideAsync(failure, events, cancellationToken)) return true;
                aside = failure.Refused.Count;
            }
        }

        if (next == _at) return false;
        if (isBehind && !options.OnlyAttacks) Count("left-out", next - _at - events.Count);
        Count("sent", events.Count - aside);
        await store.PutDocumentAsync(
            CursorKind, options.Name, next.ToString(CultureInfo.InvariantCulture), cancellationToken);
        var isFull = events.Count == _batch;
        _batch = Math.Min(options.BatchMax, _batch * 2);
        return isFull;
    }

    /// <summary>
    /// What to do about events that were refused for good: true when they are set aside and the rest is there. False:
    /// it is not known which of them it was, and fewer are to be sent.
    /// </summary>
    /// <exception cref="SinkException">They are to be tried again.</exception>
    private async Task<bool> IsSetAsideAsync(
        SinkException failure, IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        if (failure.Refused.Count == 0 && events.Count > 1)
        {
            _batch = events.Count / 2;
            return false;
        }

        if (failure.Refused.Count == 0) failure.Refused.Add(0);
        _refused = (_at, _refused.At == _at ? _refused.Tries + 1 : 1);
        if (_refused.Tries < TriesMax) throw failure;
        foreach (var i in failure.Refused)
            SinkLog.SetAside(logger, options.Name, events[i].Row.Namespace, events[i].Row.Id, failure.Message);
        Count("set-aside", failure.Refused.Count);
        await SetAside.KeepAsync(
            store, options.Name, [.. failure.Refused.Select(i => events[i].Row)], failure.Message, cancellationToken);
        return true;
    }

    private void Count(string outcome, long count) =>
        ConsoleMetrics.SinkEvents.Of(options.Name, outcome).Inc(count);

    private Task SendAsync(
        HttpClient client, TrustedRoots? roots, IReadOnlyList<StoredEvent> events,
            CancellationToken cancellationToken) =>
        options.Kind is SinkKind.Syslog
            ? SendLinesAsync(roots, events, cancellationToken)
            : PostAsync(client, events, cancellationToken);

    /// <summary>A format that fails over an event is a mistake of ours, and fails again.</summary>
    private static string Written(Func<string> write)
    {
        try
        {
            return write();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            throw new SinkException($"an event cannot be written: {failure.Message}", null) { IsForGood = true };
        }
    }

    private async Task SendLinesAsync(
        TrustedRoots? roots, IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        await using var connection = await Connections.OpenAsync(
            options.Url.Host, options.Url.Port, options.Url.Scheme == "tls", roots, cancellationToken);
        using var frames = new MemoryStream();
        foreach (var e in events)
        {
            var line = Encoding.UTF8.GetBytes(Written(() => EventFormats.Of(options.Format, e)));
            frames.Write(Encoding.ASCII.GetBytes(line.Length.ToString(CultureInfo.InvariantCulture) + " "));
            frames.Write(line);
        }

        await connection.SendAsync(frames.GetBuffer().AsMemory(0, (int)frames.Length), cancellationToken);
    }

    private async Task PostAsync(HttpClient client, IReadOnlyList<StoredEvent> events,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Kind is SinkKind.Elasticsearch
            ? new Uri(options.Url, "_bulk") : options.Url)
        {
            Content = new StringContent(Written(() => SinkBodies.Of(options, events)), Encoding.UTF8,
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
                    ? null : PauseMax)
            {
                IsForGood = IsForGood((int)response.StatusCode),
            };
        }

        if (options.Kind is not SinkKind.Elasticsearch) return;
        // 200 is an answer to the call; each document has its own, and 409 means that it is there already.
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (BulkAnswer.Problem(bytes, events.Count) is { } problem) throw problem;
    }

    /// <summary>About what was sent, not about who sends, where to, or when: it would be refused again.</summary>
    internal static bool IsForGood(int status) => status is 400 or 406 or 413 or 415 or 422;
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
                        ["create"] = new JsonObject
                        {
                            // Ids are made by sidecars: one namespace's must not be taken for another's.
                            ["_index"] = options.Index ?? "logs-waf-default",
                            ["_id"] = $"{e.Row.Namespace}:{e.Event.Id}",
                        },
                    }.ToJsonString()).Append('\n').Append(EventFormats.Ecs(e).ToJsonString()).Append('\n');
                    break;
                default:
                    text.Append(EventFormats.Of(options.Format, e)).Append('\n');
                    break;
            }
        }

        return text.ToString();
    }
}

/// <summary>What Elasticsearch and OpenSearch say of a bulk call. Pure.</summary>
public static class BulkAnswer
{
    /// <summary>Why not all documents are kept; null when all are, or were there. Any other answer than the documented
    /// one is a problem, never an exception.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="sent">Documents that were sent.</param>
    public static SinkException? Problem(ReadOnlyMemory<byte> json, int sent)
    {
        try
        {
            using var answer = JsonDocument.Parse(json);
            if (!answer.RootElement.GetProperty("errors").GetBoolean()) return null;
            return ProblemOf(answer.RootElement.GetProperty("items"), sent);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException
            or InvalidOperationException or FormatException)
        {
            return new SinkException("the server's answer is not that of the bulk API", null);
        }
    }

    private static SinkException? ProblemOf(JsonElement items, int sent)
    {
        var refused = new List<int>();
        var (first, other) = (0, 0);
        for (var i = 0; i < items.GetArrayLength(); i++)
        {
            var status = items[i].GetProperty("create").GetProperty("status").GetInt32();
            if (status is < 300 or (int)HttpStatusCode.Conflict) continue;
            if (first == 0) first = status;
            if (SinkWorker.IsForGood(status) && i < sent) refused.Add(i);
            else other = status;
        }

        if (first == 0) return null;
        // Those that may be taken later first: the others are there then, and the rest is known.
        return new SinkException(
            $"the server took not all documents: {(other != 0 ? other : first)}", null)
        {
            IsForGood = other == 0, Refused = refused,
        };
    }
}

/// <summary>A sink did not take what was sent.</summary>
public sealed class SinkException(string message, TimeSpan? retryAfter) : Exception(message)
{
    /// <summary>When the server wants to be asked again.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>The same would be refused again.</summary>
    public bool IsForGood { get; init; }

    /// <summary>Which of the events it is about, by their place; none where the server does not say.</summary>
    internal List<int> Refused { get; init; } = [];
}

/// <summary>Events that a sink refused, by id: who runs the server finds them in the store.</summary>
public static class SetAside
{
    /// <summary>Kind of the documents, named as the sinks are.</summary>
    public const string Kind = "set-aside";

    /// <summary>Lines that are kept for a sink; older ones go.</summary>
    public const int LinesMax = 200;

    /// <summary>Adds events, a line each: namespace, id, reason.</summary>
    public static async Task KeepAsync(
        IEventStore store, string sink, IReadOnlyList<EventRow> events, string reason,
        CancellationToken cancellationToken)
    {
        var lines = (await store.GetDocumentAsync(Kind, sink, cancellationToken) ?? "")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Concat(events.Select(e => $"{e.Namespace} {e.Id} {reason}")).TakeLast(LinesMax);
        await store.PutDocumentAsync(Kind, sink, string.Join('\n', lines), cancellationToken);
    }
}

/// <summary>What sinks tell.</summary>
internal static partial class SinkLog
{
    [LoggerMessage(7020, LogLevel.Warning, "sink {Sink} takes no events at present: {Problem}")]
    public static partial void Failed(ILogger logger, string sink, string problem);

    [LoggerMessage(
        7021, LogLevel.Error, "sink {Sink} refuses event {Id} of {Namespace} for good, it is left out: {Problem}")]
    public static partial void SetAside(ILogger logger, string sink, string @namespace, string id, string problem);
}
