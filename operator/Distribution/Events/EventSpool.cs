using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using WafOperator.Protocols;

namespace WafOperator.Distribution.Events;

/// <summary>
/// Events on their way to the console, on disk and bounded: batches of JSON lines, each of one namespace, compressed
/// when they are complete, given to whoever asks and kept until that one says that it has them. An event is in a file
/// before its sender hears that it was taken. A namespace may hold as much as is free for all others: one alone half of
/// the bound, two a third each, so that there is always room for one that comes new; whoever has too much is told to
/// come again. Batches are given in turns, a namespace at a time. Thread-safe.
/// </summary>
public sealed partial class EventSpool : IDisposable
{
    private const int BatchBytesMax = 1 << 20;

    /// <summary>Files that are open at once; with more namespaces the oldest is closed early.</summary>
    private const int OpenMax = 128;

    /// <summary>Namespaces that send at once before their batches are closed later.</summary>
    private const int OpenPromptlyMax = 16;

    private static readonly TimeSpan BatchAge = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan BatchAgeMax = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly long _bytesMax;
    private readonly TimeProvider _time;
    private readonly SortedDictionary<string, Batch> _batches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Holding> _holdings = new(StringComparer.Ordinal);
    private long _bytes;
    private long _number;
    private long _turn;

    /// <summary>Goes on with what an earlier process left in the folder.</summary>
    public EventSpool(string folder, long bytesMax, TimeProvider time)
    {
        (_folder, _bytesMax, _time) = (folder, bytesMax, time);
        Directory.CreateDirectory(folder);
        foreach (var left in Directory.GetFiles(folder, "*.open")) Compress(left);
        foreach (var file in Directory.GetFiles(folder, "*.gz"))
            Adopt(Path.GetFileNameWithoutExtension(file), new FileInfo(file).Length);
    }

    /// <summary>Bytes on disk.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _bytes;
        }
    }

    /// <summary>Batches that nobody has taken for good yet.</summary>
    public int Batches
    {
        get
        {
            lock (_lock) return _batches.Count;
        }
    }

    /// <summary>False: senders of the namespace keep what they have and try again.</summary>
    public bool HasRoomFor(string ns)
    {
        lock (_lock) return HasRoom(ns, 1);
    }

    /// <summary>Writes lines of events; they outlive this process when the call returns.</summary>
    /// <param name="ns">Namespace that they are of.</param>
    /// <param name="lines">Whole lines of JSON, each with its line break.</param>
    /// <returns>False: the namespace has no room, and nothing was written.</returns>
    /// <exception cref="IOException">The disk takes no more: nothing of the call counts as taken.</exception>
    public bool Append(string ns, ReadOnlyMemory<byte> lines)
    {
        lock (_lock)
        {
            CloseWhenDue();
            if (lines.IsEmpty) return true;
            if (!HasRoom(ns, lines.Length)) return false;
            var stream = Open(ns);
            var before = stream.Length;
            try
            {
                stream.Write(lines.Span);
                stream.Flush();
            }
            catch (IOException)
            {
                // Half a line would spoil the batch.
                stream.SetLength(before);
                stream.Position = before;
                throw;
            }

            Count(ns, lines.Length);
            return true;
        }
    }

    /// <summary>
    /// The oldest batch that nobody holds, of the namespace whose turn it is, as a file of compressed JSON lines; null
    /// when none came in time. Whoever gets it holds it for a minute; without <see cref="Remove"/> it is then given
    /// again.
    /// </summary>
    public async Task<(string Name, string File)?> TakeAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var until = _time.GetUtcNow() + wait;
        while (true)
        {
            lock (_lock)
            {
                CloseWhenDue();
                var now = _time.GetUtcNow();
                // The first of those with the lowest turn, and batches are sorted by age.
                var next = _batches.Values.Where(batch => batch.HeldUntil <= now)
                    .MinBy(batch => _holdings[batch.Namespace].Turn);
                if (next is not null)
                {
                    next.HeldUntil = now + LeaseTime;
                    _holdings[next.Namespace].Turn = ++_turn;
                    return (next.Name, FileOf(next.Name));
                }
            }

            if (_time.GetUtcNow() >= until) return null;
            await Task.Delay(LookEvery, _time, cancellationToken);
        }
    }

    /// <summary>Forgets a batch that its taker has; false when there is none of that name.</summary>
    public bool Remove(string name)
    {
        lock (_lock)
        {
            if (!_batches.Remove(name, out var batch)) return false;
            Count(batch.Namespace, -batch.Bytes);
            File.Delete(FileOf(name));
            return true;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var holding in _holdings.Values)
            {
                holding.Open?.Dispose();
                holding.Open = null;
            }
        }
    }

    private string FileOf(string name) => Path.Combine(_folder, name + ".gz");

    private bool HasRoom(string ns, long bytes) =>
        (_holdings.GetValueOrDefault(ns)?.Bytes ?? 0) + bytes <= _bytesMax - _bytes - bytes;

    private void Count(string ns, long bytes)
    {
        if (!_holdings.TryGetValue(ns, out var holding)) _holdings[ns] = holding = new Holding();
        _bytes += bytes;
        holding.Bytes += bytes;
        if (holding is { Bytes: <= 0, Open: null }) _holdings.Remove(ns);
    }

    private FileStream Open(string ns)
    {
        if (!_holdings.TryGetValue(ns, out var holding)) _holdings[ns] = holding = new Holding();
        if (holding.Open is { } open) return open;
        if (_holdings.Count(h => h.Value.Open is not null) >= OpenMax)
            Close(_holdings.Where(h => h.Value.Open is not null).MinBy(h => h.Value.OpenedAt).Key);
        holding.OpenedAt = _time.GetUtcNow();
        // Sorted as they were written, also those of an earlier process.
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{holding.OpenedAt.UtcTicks:x16}-{Interlocked.Increment(ref _number):x8}-{ns}");
        return holding.Open = new FileStream(
            Path.Combine(_folder, name + ".open"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
    }

    private void CloseWhenDue()
    {
        var open = _holdings.Where(h => h.Value.Open is not null).ToList();
        // Fewer and larger batches where many namespaces send: each costs its taker two calls and a transaction.
        var age = BatchAge * Math.Max(1, open.Count / OpenPromptlyMax);
        var until = _time.GetUtcNow() - (age < BatchAgeMax ? age : BatchAgeMax);
        foreach (var (ns, holding) in open)
        {
            if (holding.Open!.Length >= BatchBytesMax || holding.OpenedAt <= until) Close(ns);
        }
    }

    private void Close(string ns)
    {
        var holding = _holdings[ns];
        var (file, bytes) = (holding.Open!.Name, holding.Open.Length);
        holding.Open.Dispose();
        holding.Open = null;
        if (bytes == 0)
        {
            // The disk took nothing of it.
            File.Delete(file);
            Count(ns, 0);
            return;
        }

        Compress(file);
        var name = Path.GetFileNameWithoutExtension(file);
        Adopt(name, new FileInfo(FileOf(name)).Length);
        Count(ns, -bytes);
    }

    private void Compress(string file)
    {
        WholeFile.Write(FileOf(Path.GetFileNameWithoutExtension(file)), stream =>
        {
            using var source = File.OpenRead(file);
            using var compressed = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
            source.CopyTo(compressed);
        });
        File.Delete(file);
    }

    private void Adopt(string name, long bytes)
    {
        if (Name().Match(name) is not { Success: true } match) return;
        // Batches of an earlier version name no namespace: they are nobody's, and go first.
        var ns = match.Groups["ns"].Value;
        if (_batches.TryAdd(name, new Batch(name, ns, bytes))) Count(ns, bytes);
    }

    [GeneratedRegex("^[0-9a-f]{16}-[0-9a-f]{8}(-(?<ns>[a-z0-9][a-z0-9-]{0,62}))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Name();

    private sealed class Batch(string name, string ns, long bytes)
    {
        public string Name { get; } = name;
        public string Namespace { get; } = ns;
        public long Bytes { get; } = bytes;
        public DateTimeOffset HeldUntil { get; set; } = DateTimeOffset.MinValue;
    }

    /// <summary>What one namespace has in the spool.</summary>
    private sealed class Holding
    {
        public long Bytes { get; set; }

        /// <summary>When a batch of it was last given; lower is longer ago.</summary>
        public long Turn { get; set; }
        public FileStream? Open { get; set; }
        public DateTimeOffset OpenedAt { get; set; }
    }
}
