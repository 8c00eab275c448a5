using Microsoft.Extensions.Logging;

namespace WafOperator.Kubernetes.Client;

internal static partial class TransportLog
{
    [LoggerMessage(3001, LogLevel.Information,
        "The API server asked to wait before {Request} (status {Code}); repeating after {Seconds} s")]
    public static partial void Throttled(ILogger logger, string request, int code, double seconds);
}
