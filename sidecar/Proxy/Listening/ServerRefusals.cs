using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace WafOperator.Proxy.Listening;

/// <summary>A request that the server refused before anybody saw it.</summary>
/// <param name="Connection">Where it came from, if that is still known.</param>
/// <param name="Status">What it was answered with.</param>
/// <param name="Reason">The server's reason.</param>
internal readonly record struct ServerRefusal(ProxyConnection? Connection, int Status, string Reason);

/// <summary>
/// Hears of heads that the server cannot take (not HTTP, too long, too slow): it answers them itself and tells nobody
/// but
/// its log. Thread-safe.
/// </summary>
internal sealed class ServerRefusals(ILoggerFactory logs, Action<ServerRefusal> heard) : ILoggerFactory
{
    private const string Category = "Microsoft.AspNetCore.Server.Kestrel.BadRequests";
    private const string ConnectionId = "ConnectionId";

    private readonly ConcurrentDictionary<string, ProxyConnection> _open = new(StringComparer.Ordinal);

    /// <summary>Counter of a refusal.</summary>
    public static string IncidentOf(int status, string reason) => status switch
    {
        StatusCodes.Status414UriTooLong => "request_line_too_long",
        StatusCodes.Status431RequestHeaderFieldsTooLarge => "request_headers_too_long",
        StatusCodes.Status408RequestTimeout => "request_head_too_slow",
        // What breaks in a body was seen by its reader before.
        _ when reason.Contains("content", StringComparison.OrdinalIgnoreCase)
            || reason.Contains("chunk", StringComparison.OrdinalIgnoreCase) => "request_broken",
        _ when reason.Contains("target", StringComparison.OrdinalIgnoreCase) => "request_target_invalid",
        _ => "request_head_invalid",
    };

    /// <summary>
    /// The reason as an event says it. The server's own words about a target may hold the target, and secrets with it.
    /// </summary>
    public static string Words(string incident, string reason) => incident is "request_target_invalid"
        ? "the request target is not one of RFC 3986; letters outside ASCII have to be percent-encoded" : reason;

    public void Opened(string id, ProxyConnection connection) => _open[id] = connection;

    public void Closed(string id) => _open.TryRemove(id, out _);

    public ILogger CreateLogger(string categoryName) =>
        categoryName == Category ? new Listener(this) : logs.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => logs.AddProvider(provider);

    public void Dispose()
    {
        // The factory is the host's.
    }

    private sealed class Listener(ServerRefusals refusals) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
                string> formatter)
        {
            if (exception is not BadHttpRequestException refused) return;
            var id = (state as IReadOnlyList<KeyValuePair<string, object?>>)?
                .FirstOrDefault(pair => pair.Key == ConnectionId).Value as string;
            ProxyConnection? connection = null;
            if (id is not null) refusals._open.TryGetValue(id, out connection);
            refusals.Tell(new ServerRefusal(connection, refused.StatusCode, refused.Message));
        }
    }

    private void Tell(in ServerRefusal refusal) => heard(refusal);
}
