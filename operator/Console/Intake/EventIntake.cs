using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Json;
using WafOperator.Console.Store;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Intake;

/// <summary>What became of the lines of a batch.</summary>
public readonly record struct IntakeResult(int Added, int Duplicates, int Refused)
{
    public static IntakeResult operator +(IntakeResult a, IntakeResult b) =>
        new(a.Added + b.Added, a.Duplicates + b.Duplicates, a.Refused + b.Refused);
}

/// <summary>
/// JSON lines of events → the store. A line that is no event is counted and left out: it must not hold up the others.
/// Nothing of a batch is given up because the database is away; the caller keeps it and comes again. Whatever an event
/// holds ends at its own line. Thread-safe.
/// </summary>
public sealed class EventIntake(IEventStore store, TimeSpan keepFor, TimeProvider time)
{
    /// <summary>Events that are written in one transaction.</summary>
    public const int WriteMax = 2_000;

    /// <summary>Reads compressed lines to their end.</summary>
    /// <exception cref="StoreException">The store did not take them; the same lines can be sent again.</exception>
    public async Task<IntakeResult> AddCompressedAsync(Stream lines, CancellationToken cancellationToken)
    {
        await using var plain = new GZipStream(lines, CompressionMode.Decompress);
        return await AddAsync(plain, cancellationToken);
    }

    /// <summary>The same for lines as they are.</summary>
    /// <exception cref="StoreException">The store did not take them; the same lines can be sent again.</exception>
    public async Task<IntakeResult> AddAsync(Stream lines, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(lines);
        var waiting = new List<PreparedEvent>();
        var result = default(IntakeResult);
        var isSkipping = false;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await reader.ReadAsync(cancellationToken);
            }
            catch (InvalidDataException) when (waiting.Count > 0)
            {
                // What was read before the damage is kept, since the batch may be given up.
                await WriteAsync(waiting, cancellationToken);
                throw;
            }

            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                if (!isSkipping && !buffer.Slice(0, end).IsEmpty)
                {
                    if (Prepare(buffer.Slice(0, end)) is { } prepared) waiting.Add(prepared);
                    else result += new IntakeResult(0, 0, 1);
                }

                isSkipping = false;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                if (waiting.Count < WriteMax) continue;
                result += await WriteAsync(waiting, cancellationToken);
                waiting.Clear();
            }

            if (isSkipping || buffer.Length > EventBounds.LineBytesMax)
            {
                // Left out up to its end, and read on behind it.
                if (!isSkipping)
                {
                    Refuse("too-long");
                    result += new IntakeResult(0, 0, 1);
                }

                isSkipping = true;
                buffer = buffer.Slice(buffer.End);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            // What is left without a line break was cut off while it was written: its sender sends it again.
            if (read.IsCompleted) break;
        }

        await reader.CompleteAsync();
        return waiting.Count == 0 ? result : result + await WriteAsync(waiting, cancellationToken);
    }

    private PreparedEvent? Prepare(ReadOnlySequence<byte> line)
    {
        if (line.Length > EventBounds.LineBytesMax) return Refuse("too-long");
        try
        {
            var json = new Utf8JsonReader(line);
            var received = JsonSerializer.Deserialize<SecurityEvent>(ref json, ProtocolJson.Default.Options);
            if (received is null) return Refuse("empty");
            var prepared = EventPreparation.Prepare(received, time.GetUtcNow(), keepFor, out var refusal);
            return prepared ?? Refuse(refusal!);
        }
        catch (JsonException)
        {
            return Refuse("json");
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // A mistake of ours about what an event can hold. Thrown on, the batch would come back with it for ever.
            return Refuse("failed");
        }
    }

    private static PreparedEvent? Refuse(string why)
    {
        IntakeMeters.Refused(why);
        return null;
    }

    private async Task<IntakeResult> WriteAsync(List<PreparedEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            var added = await store.AddAsync(events, cancellationToken);
            IntakeMeters.Added(added, time.GetUtcNow() - events[^1].Event.Time);
            return new IntakeResult(added.Added, added.Duplicates, 0);
        }
        catch (StoreException failure) when (failure.IsAboutData)
        {
            // Something in one of them is not what the database takes. The others are kept, that one is counted.
            if (events.Count == 1)
            {
                IntakeMeters.Refused("store");
                return new IntakeResult(0, 0, 1);
            }

            var half = events.Count / 2;
            return await WriteAsync(events[..half], cancellationToken)
                + await WriteAsync(events[half..], cancellationToken);
        }
    }
}
