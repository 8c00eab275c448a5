using System.IO.Compression;
using System.Text.Json;
using WafOperator.Console.Intake;
using WafOperator.Console.Store;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Archive;

/// <summary>One line of an archive: exactly one of its parts is there.</summary>
internal sealed record ArchiveLine
{
    public string? Format { get; init; }
    public SecurityEvent? Event { get; init; }
    public LabelEntry? Label { get; init; }
    public AuditNote? Audit { get; init; }
    public string? Rule { get; init; }
    public string? Json { get; init; }
}

/// <summary>
/// Backup and restore in one file of compressed JSON lines that either store writes and reads: events, labels, alert
/// rules and
/// the audit trail, whose hashes come out the same in an empty store. Sessions are left out.
/// </summary>
internal static class StoreArchive
{
    public const string FormatVersion = "waf-console-archive/v1";
    private const int AtOnce = 1_000;
    private static readonly TimeSpan AnyAge = TimeSpan.FromDays(36_500);

    public static async Task<string> WriteAsync(IEventStore store, string file, CancellationToken cancellationToken)
    {
        long events = 0;
        await WholeFile.WriteAsync(file, async stream =>
        {
            await using var archive = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true);
            events = await WriteAsync(store, archive, cancellationToken);
        });
        return $"{events} events written to {file}";
    }

    private static async Task<long> WriteAsync(
        IEventStore store, GZipStream archive, CancellationToken cancellationToken)
    {
        long events = 0;
        await AddAsync(archive, new ArchiveLine { Format = FormatVersion }, cancellationToken);
        for (long at = 0; ;)
        {
            var some = await store.ReadOnAsync(at, AtOnce, onlyAttacks: false, cancellationToken);
            if (some.Count == 0) break;
            foreach (var stored in some) await AddAsync(archive, new ArchiveLine { Event = stored.Event },
                cancellationToken);
            // Also of events whose last label was taken back: what was said stays said.
            foreach (var label in await store.LabelsAsync([.. some.Select(static s => s.Row)], cancellationToken))
                await AddAsync(archive, new ArchiveLine { Label = label }, cancellationToken);

            (at, events) = (some[^1].Row.Sequence, events + some.Count);
        }

        foreach (var (name, json) in await store.ListDocumentsAsync(Alerts.AlertRules.Kind, cancellationToken))
            await AddAsync(archive, new ArchiveLine { Rule = name, Json = json }, cancellationToken);
        long number = 0;
        while (await store.ReadAuditAsync(number, AtOnce, cancellationToken) is { Count: > 0 } entries)
        {
            foreach (var entry in entries) await AddAsync(archive, new ArchiveLine { Audit = entry.Note },
                cancellationToken);
            number = entries[^1].Number;
        }

        return events;
    }

    /// <exception cref="FormatException">The file is no archive, or damaged; what was read before that is
    /// kept.</exception>
    public static async Task<string> ReadAsync(IEventStore store, string file, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadLinesAsync(store, file, cancellationToken);
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException)
        {
            throw new FormatException($"{file} is damaged, or was cut off: {failure.Message}", failure);
        }
    }

    private static async Task<string> ReadLinesAsync(
        IEventStore store, string file, CancellationToken cancellationToken)
    {
        using var lines = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        if (await lines.ReadLineAsync(cancellationToken) is not { } first || Parse(first).Format != FormatVersion)
            throw new FormatException($"{file} is no archive of this program ({FormatVersion})");
        var trail = new TrailRestore(store);
        var waiting = new List<PreparedEvent>();
        var (added, known, refused) = (0L, 0L, 0L);
        while (await lines.ReadLineAsync(cancellationToken) is { } text)
        {
            var line = Parse(text);
            if (line.Event is { } e)
            {
                if (EventPreparation.Prepare(e, e.Time, AnyAge, out _) is { } prepared) waiting.Add(prepared);
                else refused++;
            }

            // A label needs its event.
            if (waiting.Count >= AtOnce || line.Event is null) await FlushAsync();
            if (line.Label is { } label) await RestoreAsync(label);
            if (line is { Rule: { } rule, Json: { } json })
                await store.PutDocumentAsync(Alerts.AlertRules.Kind, rule, json, cancellationToken);
            if (line.Audit is { } note) await trail.AddAsync(note, cancellationToken);
        }

        await FlushAsync();
        return $"{added} events restored, {known} were there already"
            + (refused > 0 ? $", {refused} are none and were left out" : "")
            + (trail.IsOther ? "; the audit trail of the store was kept, that of the archive left out" : "");

        async Task FlushAsync()
        {
            if (waiting.Count == 0) return;
            var result = await store.AddAsync(waiting, cancellationToken);
            (added, known) = (added + result.Added, known + result.Duplicates);
            waiting.Clear();
        }

        async Task RestoreAsync(LabelEntry label)
        {
            // Archives of an earlier version name no namespace: ids were unique among all.
            if (label.Namespace is null or "")
            {
                var found = await store.NamespacesOfAsync(label.EventId, 1, cancellationToken);
                label = label with { Namespace = found.Count > 0 ? found[0] : "" };
            }

            if (!(await store.LabelsAsync(label.Namespace, label.EventId, cancellationToken)).Contains(label))
                await store.LabelAsync(label, cancellationToken);
        }
    }

    private static async Task AddAsync(Stream archive, ArchiveLine line, CancellationToken cancellationToken)
    {
        await JsonSerializer.SerializeAsync(archive, line, ProtocolJson.Default.Options, cancellationToken);
        archive.WriteByte((byte)'\n');
    }

    private static ArchiveLine Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<ArchiveLine>(line, ProtocolJson.Default.Options) ?? new ArchiveLine();
        }
        catch (JsonException failure)
        {
            throw new FormatException("the archive is damaged: " + failure.Message, failure);
        }
    }
}
