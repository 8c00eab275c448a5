using Microsoft.Extensions.Logging;

namespace WafOperator.Kubernetes.Events;

internal static partial class EventLog
{
    [LoggerMessage(3401, LogLevel.Warning, "The event {Reason} about {Key} could not be written: {Problem}")]
    public static partial void Failed(ILogger logger, string reason, string key, string problem);
}
