using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using WafOperator.Console.Outgoing;
using WafOperator.Console.Store;

namespace WafOperator.Console.Sinks;

/// <summary>What a server is spoken to with; opened anew after a failure, so that what was changed is used.</summary>
internal sealed class SinkSession(HttpClient client) : IDisposable
{
    private readonly Peer _peer = new();

    /// <summary>A session with a server that has its own authorities or wants to know us.</summary>
    /// <param name="peer">Who it is; disposed with the session.</param>
    public SinkSession(Peer peer) : this(Connections.To(SendWithin, peer)) => _peer = peer;

    /// <summary>End of a call.</summary>
    public static readonly TimeSpan SendWithin = TimeSpan.FromSeconds(30);

    public HttpClient Client { get; } = client;

    /// <summary>Who the server is.</summary>
    public Peer Peer => _peer;

    /// <summary>Name and password, instead of a token.</summary>
    public AuthenticationHeaderValue? Login { get; init; }

    /// <summary>The token; null: that of the options' file.</summary>
    public string? Token { get; init; }

    public void Dispose()
    {
        Client.Dispose();
        _peer.Roots?.Dispose();
        _peer.Certificate?.Dispose();
    }
}

/// <summary>Brings events to one server, in its protocol.</summary>
internal sealed class SinkSender(SinkOptions options)
{
    private static readonly TimeSpan AskAgainMax = TimeSpan.FromSeconds(30);

    /// <summary>Sends; says how many the server took the call for and did not keep.</summary>
    /// <exception cref="SinkException">The server did not take them.</exception>
    public async Task<long> SendAsync(
        SinkSession session, IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        if (options.Kind is not SinkKind.Syslog) return await PostAsync(session, events, cancellationToken);
        await SendLinesAsync(session, events, cancellationToken);
        return 0;
    }

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
        SinkSession session, IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        await using var connection = await Connections.OpenAsync(options.Url, session.Peer, cancellationToken);
        using var frames = new MemoryStream();
        foreach (var e in events)
        {
            var line = Encoding.UTF8.GetBytes(Written(() => EventFormats.Of(options.Format, e)));
            frames.Write(Encoding.ASCII.GetBytes(line.Length.ToString(CultureInfo.InvariantCulture) + " "));
            frames.Write(line);
        }

        await connection.SendAsync(frames.GetBuffer().AsMemory(0, (int)frames.Length), cancellationToken);
    }

    private async Task<long> PostAsync(
        SinkSession session, IReadOnlyList<StoredEvent> events, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Kind is SinkKind.Elasticsearch
            ? BulkOf(options.Url) : options.Url)
        {
            Content = new StringContent(
                Written(() => SinkBodies.Of(options, events)), Encoding.UTF8,
                options.Kind is SinkKind.SplunkHec or SinkKind.Otlp ? "application/json" : "application/x-ndjson"),
        };
        request.Headers.Authorization = session.Login ?? await TokenAsync(session, cancellationToken);
        using var response = await session.Client.SendAsync(request, cancellationToken);
        var status = (int)response.StatusCode;
        if (!response.IsSuccessStatusCode)
        {
            var after = response.Headers.RetryAfter?.Delta;
            throw new SinkException(
                $"the server answered {status}", after is { } a && a < AskAgainMax ? a : after is null
                    ? null : AskAgainMax)
            {
                IsForGood = IsForGood(status), Status = status,
            };
        }

        if (options.Kind is not (SinkKind.Elasticsearch or SinkKind.Otlp)) return 0;
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (options.Kind is SinkKind.Otlp) return Math.Min(OtlpFormat.Rejected(bytes), events.Count);
        // 200 is an answer to the call; each document has its own, and 409 means that it is there already.
        if (BulkAnswer.Problem(bytes, events.Count) is { } problem) throw problem;
        return 0;
    }

    /// <summary>Below the path that the server is at, with or without a slash at its end.</summary>
    internal static Uri BulkOf(Uri url) => new UriBuilder(url) { Path = url.AbsolutePath.TrimEnd('/') + "/_bulk" }.Uri;

    private async Task<AuthenticationHeaderValue?> TokenAsync(
        SinkSession session, CancellationToken cancellationToken)
    {
        var token = session.Token ?? (options.TokenFile is { } file
            ? (await File.ReadAllTextAsync(file, cancellationToken)).Trim() : null);
        return token is null ? null : new AuthenticationHeaderValue(
            options.Kind switch { SinkKind.SplunkHec => "Splunk", SinkKind.Elasticsearch => "ApiKey", _ => "Bearer" },
            token);
    }

    /// <summary>About what was sent, not about who sends, where to, or when: it would be refused again.</summary>
    internal static bool IsForGood(int status) => status is 400 or 406 or 413 or 415 or 422;
}

/// <summary>A sink did not take what was sent.</summary>
public sealed class SinkException(string message, TimeSpan? retryAfter) : Exception(message)
{
    /// <summary>When the server wants to be asked again.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>The status that the server answered with; null where that is not what went wrong.</summary>
    public int? Status { get; init; }

    /// <summary>The same would be refused again.</summary>
    public bool IsForGood { get; init; }

    /// <summary>Which of the events it is about, by their place; none where the server does not say.</summary>
    internal List<int> Refused { get; init; } = [];
}
