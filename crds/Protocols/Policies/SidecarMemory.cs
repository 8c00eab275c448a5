namespace WafOperator.Protocols.Policies;

/// <summary>
/// How much of bodies a sidecar holds by the memory it may use: what the sidecar keeps to, and what the operator says
/// of a policy that
/// asks for more. Pure.
/// </summary>
public static class SidecarMemory
{
    /// <summary>Rules and models at rest: the Core Rule Set takes 11 MiB.</summary>
    private const long ProgramBytes = 32L << 20;

    /// <summary>A process with less than this to spare serves all the same, few at a time.</summary>
    private const long MemoryBytesMin = 16L << 20;

    /// <summary>More than this is not held, however much memory there is.</summary>
    private const long HeldBytesCeiling = 1L << 30;

    /// <summary>
    /// Bytes for connections, requests and bodies. Three fifths of the memory count, less what the program itself
    /// needs: a heap that is
    /// nearly full spends its time collecting.
    /// </summary>
    /// <param name="memoryBytes">What the collector may use.</param>
    public static long Usable(long memoryBytes) => Math.Max((memoryBytes / 5 * 3) - ProgramBytes, MemoryBytesMin);

    /// <summary>Bytes of bodies that are held, all requests together: two fifths, of which inspection makes three
    /// times as much.</summary>
    /// <param name="memoryBytes">What the collector may use.</param>
    public static long HeldBytesMax(long memoryBytes) => Math.Min(Usable(memoryBytes) / 15 * 2, HeldBytesCeiling);

    /// <summary>
    /// The longest body that is held for a client while nobody else sends one. A client may have four times what is
    /// left for others.
    /// </summary>
    /// <param name="limitBytes">Memory limit of the container, of which the collector may use three quarters.</param>
    public static long BodyBytesMax(long limitBytes) => HeldBytesMax(limitBytes / 4 * 3) / 5 * 4;
}
