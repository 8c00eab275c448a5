namespace WafOperator.Kubernetes.Watching;

/// <summary>Time limits of one watch.</summary>
/// <param name="Duration">After this time the server ends the watch; the next one may go to another server.</param>
/// <param name="SilenceMax">
/// A connection on which nothing comes for so long is taken for dead. Servers send a bookmark about every minute, so
/// this is well above that; a needless reconnect is cheap because it resumes.
/// </param>
public sealed record WatchLimits(TimeSpan Duration, TimeSpan SilenceMax)
{
    public static WatchLimits Default { get; } = new(TimeSpan.FromMinutes(6), TimeSpan.FromSeconds(150));
}
