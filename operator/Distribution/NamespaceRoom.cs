namespace WafOperator.Distribution;

/// <summary>
/// Memory for bodies that are being received. All of them share a bound, and one namespace gets a part of it, so that
/// pods of a namespace that send much, or slowly, take nothing from others. Nobody waits. Thread-safe.
/// </summary>
/// <param name="bytesMax">Bytes of all bodies.</param>
/// <param name="bytesPerNamespaceMax">Bytes of the bodies of one namespace.</param>
internal sealed class NamespaceRoom(long bytesMax, long bytesPerNamespaceMax)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _byNamespace = new(StringComparer.Ordinal);
    private long _taken;

    /// <summary>A part of the room that a body takes as it grows; disposing it gives everything back.</summary>
    public Share For(string ns) => new(this, ns);

    private bool TryTake(string ns, long bytes)
    {
        lock (_lock)
        {
            var own = _byNamespace.GetValueOrDefault(ns) + bytes;
            if (_taken + bytes > bytesMax || own > bytesPerNamespaceMax) return false;
            _taken += bytes;
            _byNamespace[ns] = own;
            return true;
        }
    }

    private void Return(string ns, long bytes)
    {
        lock (_lock)
        {
            _taken -= bytes;
            var rest = _byNamespace.GetValueOrDefault(ns) - bytes;
            if (rest > 0) _byNamespace[ns] = rest;
            else _byNamespace.Remove(ns);
        }
    }

    /// <summary>What one body takes. Not thread-safe.</summary>
    public sealed class Share(NamespaceRoom room, string ns) : IDisposable
    {
        private long _taken;

        /// <summary>Takes more; false when there is no room.</summary>
        public bool TryTake(long bytes)
        {
            if (!room.TryTake(ns, bytes)) return false;
            _taken += bytes;
            return true;
        }

        public void Dispose()
        {
            room.Return(ns, _taken);
            _taken = 0;
        }
    }
}
