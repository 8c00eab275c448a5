namespace WafOperator.Console.Store;

/// <summary>
/// Keeps decisions for a bounded time. What is added is there for everybody when the call returns, each event once
/// however often it is added: by its namespace and its id, which sidecars make. Thread-safe; failures of the database
/// are <see cref="StoreException"/>.
/// </summary>
public interface IEventStore : IAsyncDisposable
{
    /// <summary>Makes what is missing in the database. Safe to repeat, also by several replicas at once.</summary>
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Adds a batch: all of it or nothing.</summary>
    Task<AddResult> AddAsync(IReadOnlyList<PreparedEvent> events, CancellationToken cancellationToken);

    Task<Page<EventRow>> ListAsync(EventQuery query, CancellationToken cancellationToken);

    /// <summary>The same with all that is known of each.</summary>
    Task<Page<StoredEvent>> ListWholeAsync(EventQuery query, CancellationToken cancellationToken);

    /// <summary>One event of a namespace by its id (32 hexadecimal digits).</summary>
    Task<StoredEvent?> FindAsync(string ns, string id, CancellationToken cancellationToken);

    /// <summary>
    /// Namespaces that have an event of an id, in the order in which they came, at most <paramref name="max"/>. There
    /// is one, unless somebody made up an id that is another's.
    /// </summary>
    Task<IReadOnlyList<string>> NamespacesOfAsync(string id, int max, CancellationToken cancellationToken);

    Task<Page<AttackGroup>> ListAttacksAsync(AttackQuery query, CancellationToken cancellationToken);

    Task<AttackGroup?> FindAttackAsync(long id, CancellationToken cancellationToken);

    /// <summary>Traffic by stretches of five minutes, oldest first.</summary>
    Task<IReadOnlyList<TrafficRow>> TrafficAsync(
        AccessScope scope, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

    /// <summary>Namespaces with events, by name.</summary>
    /// <param name="after">The last one that the caller has; empty for the beginning.</param>
    /// <param name="max">Most that are given.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<IReadOnlyList<string>> NamespacesAsync(string after, int max, CancellationToken cancellationToken);

    /// <summary>
    /// Says what an event is, unless somebody said otherwise later; false when there is no such event.
    /// </summary>
    /// <param name="entry">The label.</param>
    /// <param name="note">Line of the audit trail that is written with it, or none of both; null for no line.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<bool> LabelAsync(LabelEntry entry, AuditNote? note, CancellationToken cancellationToken);

    /// <summary>Everything that was said about an event, oldest first.</summary>
    Task<IReadOnlyList<LabelEntry>> LabelsAsync(string ns, string id, CancellationToken cancellationToken);

    /// <summary>Everything that was said about some events, oldest first.</summary>
    Task<IReadOnlyList<LabelEntry>> LabelsAsync(IReadOnlyList<EventRow> events, CancellationToken cancellationToken);

    /// <summary>
    /// Events behind a sequence number in the order in which they arrived: whoever reads on with the last number
    /// misses none.
    /// </summary>
    Task<IReadOnlyList<StoredEvent>> ReadOnAsync(ReadOnQuery query, CancellationToken cancellationToken);

    /// <summary>How many events <see cref="ReadOnAsync"/> would give, at most <see cref="ReadOnQuery.Max"/>.</summary>
    Task<int> CountOnAsync(ReadOnQuery query, CancellationToken cancellationToken);

    /// <summary>The last sequence number.</summary>
    Task<long> LastSequenceAsync(CancellationToken cancellationToken);

    /// <summary>A document of the console's own (alert rules, cursors, settings), or null.</summary>
    Task<string?> GetDocumentAsync(string kind, string name, CancellationToken cancellationToken);

    /// <summary>Documents of a kind by name, at most 1,000.</summary>
    Task<IReadOnlyDictionary<string, string>> ListDocumentsAsync(string kind, CancellationToken cancellationToken);

    /// <summary>Writes a document; null removes it.</summary>
    /// <param name="document">The document.</param>
    /// <param name="note">Line of the audit trail that is written with it, or none of both; null for no line.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task PutDocumentAsync(StoredDocument document, AuditNote? note, CancellationToken cancellationToken);

    /// <summary>
    /// Takes or keeps a lease: true for one holder at a time, as long as it asks again before the time is over.
    /// </summary>
    Task<bool> TryLeaseAsync(
        string name, string holder, DateTimeOffset now, TimeSpan time, CancellationToken cancellationToken);

    /// <summary>The last sequence number of events that were decided before a moment, by the store's order.</summary>
    Task<long> SequenceBeforeAsync(DateTimeOffset time, CancellationToken cancellationToken);

    /// <summary>Adds a line to the audit trail; the store orders them, one after the other.</summary>
    Task<AuditEntry> AppendAuditAsync(AuditNote note, CancellationToken cancellationToken);

    /// <summary>Lines of the audit trail behind a number, oldest first.</summary>
    Task<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int max, CancellationToken cancellationToken);

    /// <summary>The last lines of the audit trail, newest first.</summary>
    Task<IReadOnlyList<AuditEntry>> LastAuditAsync(int max, CancellationToken cancellationToken);

    /// <summary>Drops the days that end before <paramref name="before"/>; says how many.</summary>
    Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellationToken);

    Task<StoreState> StateAsync(CancellationToken cancellationToken);
}

/// <summary>Readers of what comes.</summary>
public static class ReadingOn
{
    /// <summary>Events of all namespaces behind a sequence number.</summary>
    /// <param name="store">The store.</param>
    /// <param name="sequence">The last one that the reader has; 0 for the beginning.</param>
    /// <param name="max">Most that are given.</param>
    /// <param name="onlyAttacks">Leave out what was allowed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public static Task<IReadOnlyList<StoredEvent>> ReadOnAsync(
        this IEventStore store, long sequence, int max, bool onlyAttacks, CancellationToken cancellationToken) =>
        store.ReadOnAsync(new ReadOnQuery(sequence, max) { OnlyAttacks = onlyAttacks }, cancellationToken);
}

/// <summary>Changes without a line of the audit trail: for what no person did.</summary>
public static class UnattendedChanges
{
    public static Task<bool> LabelAsync(
        this IEventStore store, LabelEntry entry, CancellationToken cancellationToken) =>
        store.LabelAsync(entry, null, cancellationToken);

    public static Task PutDocumentAsync(
        this IEventStore store, string kind, string name, string? json, CancellationToken cancellationToken) =>
        store.PutDocumentAsync(new StoredDocument(kind, name, json), null, cancellationToken);
}

/// <summary>A document of the console's own; without text: one that is to go.</summary>
public sealed record StoredDocument(string Kind, string Name, string? Json);

/// <summary>The database could not be asked, or refused.</summary>
public sealed class StoreException(string message, Exception inner, bool isAboutData = false)
    : Exception(message, inner)
{
    /// <summary>
    /// It refused a value and would refuse it again; else it may take the same a moment later, and nothing is given up.
    /// </summary>
    public bool IsAboutData { get; } = isAboutData;
}
