using Microsoft.Extensions.Logging;

namespace WafOperator.Kubernetes;

/// <summary>What every running part needs from its host: the clock, chance and logs.</summary>
public sealed record RuntimeServices(TimeProvider Time, Jitter Jitter, ILoggerFactory Loggers);
