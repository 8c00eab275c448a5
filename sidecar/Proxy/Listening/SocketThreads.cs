using System.Runtime.CompilerServices;

namespace WafOperator.Proxy.Listening;

/// <summary>
/// Requests go on where their bytes arrived, on the threads that wait for all sockets: handing each step to the thread
/// pool costs more than a short request does (decisions/2026-11-22-socket-threads.md). What takes long, or waits,
/// leaves them first, so that nobody else's bytes wait behind it.
/// </summary>
internal static class SocketThreads
{
    /// <summary>Most bytes that are inspected there: rules take well under a millisecond for them.</summary>
    public const int BytesMax = 4 * 1024;

    public static bool IsLong(long bytes) => bytes > BytesMax;

    /// <summary>The thread that runs this may be one that waits for sockets.</summary>
    public static bool IsOne => !Thread.CurrentThread.IsThreadPoolThread;

    /// <summary>Awaited, goes on in the thread pool.</summary>
    public static YieldAwaitable LeaveAsync() => Task.Yield();
}
