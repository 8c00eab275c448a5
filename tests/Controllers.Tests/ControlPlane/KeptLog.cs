using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace WafOperator.Controllers.Tests.ControlPlane;

/// <summary>Keeps what was logged, for the message of a test that fails.</summary>
public sealed class KeptLog : ILoggerFactory, ILogger
{
    private const int LinesMax = 200;

    private readonly ConcurrentQueue<string> _lines = new();

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        _lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
        while (_lines.Count > LinesMax) _lines.TryDequeue(out _);
    }

    public void Dispose()
    {
    }

    public string Tail(int count) => string.Join('\n', _lines.TakeLast(count));
}
