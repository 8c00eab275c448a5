namespace WafOperator.Operator.Host;

internal static partial class HostLog
{
    [LoggerMessage(1001, LogLevel.Information, "WAF Operator {Identity} starting against {Server}")]
    public static partial void Starting(ILogger logger, string identity, string server);
}
