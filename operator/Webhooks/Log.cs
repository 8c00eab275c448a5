using Microsoft.Extensions.Logging;

namespace WafOperator.Webhooks;

internal static partial class Log
{
    [LoggerMessage(4601, LogLevel.Error,
        "The webhook {Webhook} failed for {Kind} {Namespace}/{Name}; the request is refused")]
    public static partial void Failed(ILogger logger, string webhook, string kind, string @namespace, string name,
        Exception error);
}
