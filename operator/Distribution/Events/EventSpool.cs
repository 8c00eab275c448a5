using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using WafOperator.Protocols;
using WafOperator.Protocols.Events;

namespace WafOperator.Distribution.Events;

/// <summary>
/// Events on their way to the console, on disk and bounded: batches of JSON lines, compressed when they are complete,
/// given to whoever asks and kept until that one says that it has them. An event is in a file before its sender hears
/// that
/// it was taken; when the bound is reached senders are told to come again. Thread-safe.
/// </summary>
public sealed partial class EventSpool : IDisposable
{
    private const int BatchBytesMax = 1 << 20;
    private static readonly TimeSpan BatchAge = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly long _bytesMax;
    private readonly TimeProvider _time;
    private readonly SortedDictionary<string, Batch> _batches = new(StringComparer.Ordinal);
    private FileStream? _open;
    private DateTimeOffset _openedAt;
    private long _closedBytes;
    private long _number;

    /// <summary>Goes on with what an earlier process left in the folder.</summary>
    public EventSpool(string folder, long bytesMax, TimeProvider time)
    {
        (_folder, _bytesMax, _time) = (folder, bytesMax, time);
        Directory.CreateDirectory(folder);
        foreach (var left in Directory.GetFiles(folder, "*.open")) Close(left);
        foreach (var file in Directory.GetFiles(folder, "*.gz"))
            Adopt(Path.GetFileNameWithoutExtension(file), new FileInfo(file).Length);
    }

    /// <summary>Bytes on disk.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _closedBytes + (_open?.Length ?? 0);
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

    /// <summary>False: senders keep what they have and try again.</summary>
    public bool HasRoom => Bytes < _bytesMax;

    /// <summary>Writes events; they outlive this process when the call returns.</summary>
    /// <exception cref="IOException">The disk takes no more: nothing of the call counts as taken.</exception>
    public void Append(IEnumerable<SecurityEvent> events)
    {
        using var lines = new MemoryStream();
        foreach (var e in events)
        {
            JsonSerializer.Serialize(lines, e, ProtocolJson.Default.SecurityEvent);
            lines.WriteByte((byte)'\n');
        }

        if (lines.Length == 0) return;
        lock (_lock)
        {
            CloseWhenDue();
            var stream = _open ??= Begin();
            var before = stream.Length;
            try
            {
                lines.Position = 0;
                lines.CopyTo(stream);
                stream.Flush();
            }
            catch (IOException)
            {
                // Half a line would spoil the batch.
                stream.SetLength(before);
                stream.Position = before;
                throw;
            }
        }
    }

    /// <summary>
    /// The oldest batch that nobody holds, as a file of compressed JSON lines; null when none came in time. Whoever
    /// gets it
    /// holds it for a minute; without <see cref="Remove"/> it is then given again.
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
                foreach (var (name, batch) in _batches)
                {
                    if (batch.HeldUntil > now) continue;
                    batch.HeldUntil = now + LeaseTime;
                    return (name, FileOf(name));
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
            _closedBytes -= batch.Bytes;
            File.Delete(FileOf(name));
            return true;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _open?.Dispose();
            _open = null;
        }
    }

    private string FileOf(string name) => Path.Combine(_folder, name + ".gz");

    private FileStream Begin()
    {
        _openedAt = _time.GetUtcNow();
        // Sorted as they were written, also those of an earlier process.
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{_openedAt.UtcTicks:x16}-{Interlocked.Increment(ref _number):x8}");
        return new FileStream(
            Path.Combine(_folder, name + ".open"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
    }

    private void CloseWhenDue()
    {
        if (_open is not { Length: > 0 } open) return;
        if (open.Length < BatchBytesMax && _time.GetUtcNow() - _openedAt < BatchAge) return;
        open.Dispose();
        _open = null;
        Close(open.Name);
    }

    private void Close(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        var target = FileOf(name);
        WholeFile.Write(target, stream =>
        {
            using var source = File.OpenRead(file);
            using var compressed = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
            source.CopyTo(compressed);
        });
        File.Delete(file);
        Adopt(name, new FileInfo(target).Length);
    }

    private void Adopt(string name, long bytes)
    {
        if (!Name().IsMatch(name) || !_batches.TryAdd(name, new Batch(bytes))) return;
        _closedBytes += bytes;
    }

    [GeneratedRegex("^[0-9a-f]{16}-[0-9a-f]{8}$")]
    private static partial Regex Name();

    private sealed class Batch(long bytes)
    {
        public long Bytes { get; } = bytes;
        public DateTimeOffset HeldUntil { get; set; } = DateTimeOffset.MinValue;
    }
}
