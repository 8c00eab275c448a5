using Microsoft.Extensions.Logging;

namespace WafOperator.Kubernetes.Reconciling;

internal static partial class ControllerLog
{
    [LoggerMessage(3201, LogLevel.Information, "Controller {Controller} started with {Workers} workers")]
    public static partial void Started(ILogger logger, string controller, int workers);

    [LoggerMessage(3202, LogLevel.Debug, "Controller {Controller}: {Key} changed meanwhile, again: {Problem}")]
    public static partial void Conflict(ILogger logger, string controller, string key, string problem);

    [LoggerMessage(3203, LogLevel.Warning, "Controller {Controller}: {Key} failed ({Failures} in a row): {Problem}")]
    public static partial void Failed(ILogger logger, string controller, string key, int failures, string problem);

    [LoggerMessage(3204, LogLevel.Warning, "Controller {Controller}: {Key} rests until it changes: {Problem}")]
    public static partial void Terminal(ILogger logger, string controller, string key, string problem);

    [LoggerMessage(3205, LogLevel.Warning, "Controller {Controller}: {Key} took longer than {Seconds} s")]
    public static partial void TimedOut(ILogger logger, string controller, string key, double seconds);

    [LoggerMessage(3206, LogLevel.Error, "Controller {Controller}: {Key} failed by a bug ({Failures} in a row)")]
    public static partial void Panicked(ILogger logger, Exception e, string controller, string key, int failures);
}
