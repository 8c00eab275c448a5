namespace WafOperator.Matching;

/// <summary>
/// How much memory the state tables of a group of patterns may take together. Tables are caches: at the limit they are
/// dropped and built anew, which costs time and never an answer. Safe for concurrent use.
/// </summary>
/// <param name="bytesMax">The limit in bytes.</param>
public sealed class RegexMemory(long bytesMax)
{
    private long _bytes;

    /// <summary>Used where the caller gives none: 24 MiB for all patterns of the process.</summary>
    public static RegexMemory Default { get; } = new(24L << 20);

    /// <summary>Bytes in use.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    internal bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= bytesMax) return true;
        Interlocked.Add(ref _bytes, -bytes);
        return false;
    }

    internal void Reserve(long bytes) => Interlocked.Add(ref _bytes, bytes);

    internal void Release(long bytes) => Interlocked.Add(ref _bytes, -bytes);
}
