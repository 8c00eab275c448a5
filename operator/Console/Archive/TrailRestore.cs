using WafOperator.Console.Store;

namespace WafOperator.Console.Archive;

/// <summary>
/// Lines of an archive's audit trail, into a store. Where the store's own are how the archive's begin (there are none,
/// or a restore was interrupted) the rest follows them. Two trails that differ cannot be made one: that of the store
/// goes on as it is. Not thread-safe.
/// </summary>
internal sealed class TrailRestore(IEventStore store)
{
    private const int AtOnce = 1_000;

    private readonly Queue<AuditNote> _known = new();
    private long _read;
    private bool _isBehind;

    /// <summary>The store's trail is another; nothing of the archive's was taken.</summary>
    public bool IsOther { get; private set; }

    /// <summary>Takes the next line of the archive.</summary>
    public async Task AddAsync(AuditNote note, CancellationToken cancellationToken)
    {
        if (IsOther) return;
        if (!_isBehind && _known.Count == 0)
        {
            var some = await store.ReadAuditAsync(_read, AtOnce, cancellationToken);
            foreach (var entry in some) _known.Enqueue(entry.Note);
            _isBehind = some.Count == 0;
            _read = some.Count == 0 ? _read : some[^1].Number;
        }

        if (_isBehind) await store.AppendAuditAsync(note, cancellationToken);
        else IsOther = _known.Dequeue() != note;
    }
}
