using Microsoft.Extensions.Logging;

namespace WafOperator.Kubernetes.Watching;

internal static partial class InformerLog
{
    [LoggerMessage(3101, LogLevel.Information, "Watching {Resource}: {Count} objects")]
    public static partial void Synced(ILogger logger, string resource, int count);

    [LoggerMessage(3102, LogLevel.Information, "The watch of {Resource} is too old; listing again")]
    public static partial void Expired(ILogger logger, string resource);

    [LoggerMessage(3103, LogLevel.Warning, "Watching {Resource} failed ({Failures} in a row): {Problem}")]
    public static partial void Failed(ILogger logger, string resource, string problem, int failures);

    [LoggerMessage(3104, LogLevel.Error, "Watching {Resource} failed by a bug")]
    public static partial void Bug(ILogger logger, Exception e, string resource);

    [LoggerMessage(3106, LogLevel.Information, "The watch of {Resource} was silent for {Seconds} s; connecting anew")]
    public static partial void Silent(ILogger logger, string resource, double seconds);

    [LoggerMessage(3105, LogLevel.Warning, "{Resource} {Key} cannot be read, its last good state is kept: {Problem}")]
    public static partial void Unreadable(ILogger logger, string resource, string key, string problem);
}
