using System.Text;

namespace WafOperator.Recordings;

/// <summary>A line of a stranger's text.</summary>
/// <param name="Text">Its characters, or the first of them.</param>
/// <param name="IsWhole">Whether that is all of it.</param>
public readonly record struct BoundedLine(string Text, bool IsWhole);

/// <summary>
/// Lines of a text of strangers: what is longer than a bound is passed over to its end, in the memory of the bound. A
/// line ends with a line feed, or a carriage return before one. Disposes of the stream. Not thread-safe.
/// </summary>
public sealed class BoundedLines(Stream stream) : IDisposable
{
    private readonly StreamReader _reader = new(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, 1 << 16);
    private readonly char[] _buffer = new char[1 << 16];
    private readonly StringBuilder _line = new();
    private int _next;
    private int _count;
    private bool _isBegun;
    private bool _isCut;

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The next line; null at the end.</summary>
    /// <param name="charactersMax">Characters that are kept of it.</param>
    public BoundedLine? Read(int charactersMax)
    {
        while (true)
        {
            if (Take(charactersMax)) return Finish();
            if (!Filled(_reader.Read(_buffer, 0, _buffer.Length))) return _isBegun ? Finish() : null;
        }
    }

    /// <summary>The same, for streams that keep one waiting.</summary>
    public async ValueTask<BoundedLine?> ReadAsync(int charactersMax, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Take(charactersMax)) return Finish();
            if (!Filled(await _reader.ReadAsync(_buffer, cancellationToken))) return _isBegun ? Finish() : null;
        }
    }

    public void Dispose() => _reader.Dispose();

    private bool Filled(int count)
    {
        (_next, _count) = (0, count);
        return count > 0;
    }

    /// <summary>Moves characters from the buffer to the line; true once the line is at its end.</summary>
    private bool Take(int charactersMax)
    {
        if (_next == _count) return false;
        _isBegun = true;
        var rest = _buffer.AsSpan(_next, _count - _next);
        var end = rest.IndexOf('\n');
        var piece = end < 0 ? rest : rest[..end];
        _next += end < 0 ? rest.Length : end + 1;
        var room = charactersMax - _line.Length;
        _isCut |= piece.Length > room;
        _line.Append(piece[..Math.Min(piece.Length, room)]);
        return end >= 0;
    }

    private BoundedLine Finish()
    {
        if (!_isCut && _line.Length > 0 && _line[^1] == '\r') _line.Length--;
        var line = new BoundedLine(_line.ToString(), !_isCut);
        _line.Clear();
        (_isBegun, _isCut) = (false, false);
        Number++;
        return line;
    }
}
