namespace WafOperator.Operator.Host;

internal static partial class HostLog
{
    [LoggerMessage(1001, LogLevel.Information, "WAF Operator {Identity} starting against {Server}")]
    public static partial void Starting(ILogger logger, string identity, string server);

    [LoggerMessage(1002, LogLevel.Information, "Sidecars of new pods are {Form} ones")]
    public static partial void Sidecars(ILogger logger, string form);

    [LoggerMessage(1003, LogLevel.Warning, "Cannot read the versions of the nodes; sidecars stay as they were")]
    public static partial void VersionsUnread(ILogger logger, Exception problem);

    [LoggerMessage(1004, LogLevel.Warning, "{Problem}")]
    public static partial void TraceProblem(ILogger logger, string problem);
}
