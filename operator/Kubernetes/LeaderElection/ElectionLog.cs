using Microsoft.Extensions.Logging;

namespace WafOperator.Kubernetes.LeaderElection;

internal static partial class ElectionLog
{
    [LoggerMessage(3301, LogLevel.Information, "{Identity} leads: it holds the lease {Lease}")]
    public static partial void Won(ILogger logger, string identity, string lease);

    [LoggerMessage(3302, LogLevel.Warning, "{Identity} leads no more: the lease {Lease} is {Reason}")]
    public static partial void Lost(ILogger logger, string identity, string lease, string reason);

    [LoggerMessage(3303, LogLevel.Information, "{Identity} released the lease {Lease}")]
    public static partial void Released(ILogger logger, string identity, string lease);

    [LoggerMessage(3304, LogLevel.Warning, "The lease {Lease} could not be written: {Problem}")]
    public static partial void Failed(ILogger logger, string lease, string problem);
}
