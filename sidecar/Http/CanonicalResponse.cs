namespace WafOperator.Http;

/// <summary>
/// Head and beginning of the body of a response, for rules of phases 3 and 4. The body is kept up to
/// ResponseBodyBytesMax; more is counted only. Reused through <see cref="Reset"/>; not thread-safe.
/// </summary>
public sealed class CanonicalResponse
{
    private readonly ByteArena _arena;
    private readonly Entries<Header> _headers = new();
    private readonly NarrowScratch _scratch = new();
    private int _headerBytes;
    private int _bodyStart = -1;

    /// <summary>An empty response that keeps to the given bounds.</summary>
    public CanonicalResponse(HttpLimits? limits = null)
    {
        Limits = limits ?? HttpLimits.Default;
        _arena = new ByteArena(
            2 * Limits.HeaderBytesMax + Limits.ResponseBodyBytesMax + 1024, Limits.RetainedBytesMax);
    }

    /// <summary>The bounds this response is read under.</summary>
    public HttpLimits Limits { get; }

    /// <summary>Status code.</summary>
    public int Status { get; private set; }

    /// <summary>Protocol of the response, as the request's (RESPONSE_PROTOCOL).</summary>
    public Slice Protocol { get; private set; }

    /// <summary>Value of the first Content-Type header.</summary>
    public Slice ContentType { get; private set; }

    /// <summary>Media type of it without parameters, as sent.</summary>
    public Slice MediaType { get; private set; }

    /// <summary>Headers in wire order.</summary>
    public ReadOnlySpan<Header> Headers => _headers.AsSpan();

    /// <summary>The beginning of the body.</summary>
    public Slice Body { get; private set; }

    /// <summary>Bytes of body that came, kept or not.</summary>
    public long BodyBytesSeen { get; private set; }

    /// <summary>Bounds that were exceeded.</summary>
    public ExceededLimits Exceeded { get; private set; }

    /// <summary>The bytes of a slice of this response.</summary>
    public ReadOnlySpan<byte> this[Slice slice] => _arena[slice];

    /// <summary>Takes the status line.</summary>
    public void Begin(int status, ReadOnlySpan<byte> protocol)
    {
        Status = status;
        if (_arena.TryAppend(protocol[..Math.Min(protocol.Length, 64)], out var slice)) Protocol = slice;
    }

    /// <summary>Adds one header line.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t"u8);
        if (_headers.Count >= Limits.HeadersMax) { Exceeded |= ExceededLimits.Headers; return; }
        _headerBytes += name.Length + value.Length + 4;
        if (_headerBytes > Limits.HeaderBytesMax) { Exceeded |= ExceededLimits.HeaderBytes; return; }
        if (!_arena.TryReserve(name.Length * 2 + value.Length)) { Exceeded |= ExceededLimits.Memory; return; }
        _arena.TryAppend(name, out var nameSlice);
        var lowered = _arena.Tail[..name.Length];
        var hash = NameHash.OfLowered(name, lowered);
        var lowerSlice = lowered.SequenceEqual(name) ? nameSlice : _arena.Commit(name.Length);
        _arena.TryAppend(value, out var valueSlice);
        _headers.Add(new Header(nameSlice, lowerSlice, valueSlice, hash));
        if (!ContentType.IsEmpty || !this[lowerSlice].SequenceEqual("content-type"u8)) return;
        ContentType = valueSlice;
        var end = value.IndexOf((byte)';');
        MediaType = end < 0 ? valueSlice : valueSlice.Sub(0, value[..end].TrimEnd((byte)' ').Length);
    }

    /// <summary>The same from the strings a web server hands out.</summary>
    public void AddHeader(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        var nameSlice = _scratch.Take(name);
        var valueSlice = _scratch.Take(value);
        AddHeader(_scratch[nameSlice], _scratch[valueSlice]);
        _scratch.Clear();
    }

    /// <summary>Adds a piece of the body.</summary>
    public void AppendBody(ReadOnlySpan<byte> chunk)
    {
        BodyBytesSeen += chunk.Length;
        if (_bodyStart < 0) _bodyStart = _arena.Length;
        var room = Limits.ResponseBodyBytesMax - (_arena.Length - _bodyStart);
        if (chunk.Length > room)
        {
            Exceeded |= ExceededLimits.ResponseBodyBytes;
            chunk = chunk[..Math.Max(room, 0)];
        }

        if (!_arena.TryAppend(chunk, out _)) Exceeded |= ExceededLimits.Memory;
        Body = new Slice(_bodyStart, _arena.Length - _bodyStart);
    }

    /// <summary>Empties the response for the next one.</summary>
    public void Reset()
    {
        _arena.Reset();
        _headers.Clear();
        _headerBytes = 0;
        _bodyStart = -1;
        Status = 0;
        Protocol = ContentType = MediaType = Body = default;
        BodyBytesSeen = 0;
        Exceeded = ExceededLimits.None;
    }
}
