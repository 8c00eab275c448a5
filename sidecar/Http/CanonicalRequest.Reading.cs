using WafOperator.Http.Bodies;
using WafOperator.Http.Decoding;
using WafOperator.Http.Messages;

namespace WafOperator.Http;

/// <content>Feeding a request: request line, headers, body.</content>
public sealed partial class CanonicalRequest
{
    private BodyWorkspace? _workspace;
    private int _headerBytes;
    private int _bodyStart = -1;
    private bool _bodyEnded;
    private string? _exceededMessage;
    private int _shownAgain;

    /// <summary>So many second readings are shown for each argument that there may be.</summary>
    private const int ShownAgainMax = 3;

    /// <summary>Takes the request line. The target is as sent: not decoded, with its query.</summary>
    public void Begin(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> protocol)
    {
        var room = Limits.HeaderBytesMax;
        _headerBytes = method.Length + target.Length + protocol.Length + 2;
        if (_headerBytes > room)
        {
            Exceeded |= ExceededLimits.HeaderBytes;
            method = method[..Math.Min(method.Length, 64)];
            protocol = protocol[..Math.Min(protocol.Length, 64)];
            target = target[..Math.Clamp(room - method.Length - protocol.Length - 2, 0, target.Length)];
        }

        if (!_arena.TryReserve(method.Length + target.Length + protocol.Length + 2)) { NoMemory(); return; }
        _arena.TryAppend(method, out var methodSlice);
        _arena.TryAppend((byte)' ');
        _arena.TryAppend(target, out var targetSlice);
        _arena.TryAppend((byte)' ');
        _arena.TryAppend(protocol, out var protocolSlice);
        (Method, RawUri, Protocol) = (methodSlice, targetSlice, protocolSlice);
        RequestLine = new Slice(methodSlice.Offset, protocolSlice.End - methodSlice.Offset);
        if (method.IsEmpty || target.IsEmpty || method.ContainsAny(" \t\r\n\0"u8))
            Anomalies |= Anomalies.MalformedRequestLine;
    }

    /// <summary>
    /// The same from the strings a web server hands out (one character is one byte, others become UTF-8).
    /// </summary>
    public void Begin(ReadOnlySpan<char> method, ReadOnlySpan<char> target, ReadOnlySpan<char> protocol)
    {
        Span<byte> buffer = stackalloc byte[256];
        if (Narrow(method, buffer[..64], out var methodBytes)
            && Narrow(protocol, buffer[64..128], out var protocolBytes)
            && Narrow(target, buffer[128..], out var targetBytes))
        {
            Begin(methodBytes, targetBytes, protocolBytes);
            return;
        }

        var long1 = _scratch.Take(method);
        var long2 = _scratch.Take(target);
        var long3 = _scratch.Take(protocol);
        Begin(_scratch[long1], _scratch[long2], _scratch[long3]);
        _scratch.Clear();
    }

    /// <summary>Adds one header line. Surrounding white space of the value is dropped.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        value = value.Trim(" \t"u8);
        if (_headers.Count >= Limits.HeadersMax) { Exceeded |= ExceededLimits.Headers; return; }
        _headerBytes += name.Length + value.Length + 4;
        if (_headerBytes > Limits.HeaderBytesMax) { Exceeded |= ExceededLimits.HeaderBytes; return; }
        if (!_arena.TryReserve(name.Length * 2 + value.Length)) { NoMemory(); return; }

        _arena.TryAppend(name, out var nameSlice);
        var lowered = _arena.Tail[..name.Length];
        var hash = NameHash.OfLowered(name, lowered);
        var lowerSlice = lowered.SequenceEqual(name) ? nameSlice : _arena.Commit(name.Length);
        _arena.TryAppend(value, out var valueSlice);
        _headers.Add(new Header(nameSlice, lowerSlice, valueSlice, hash));
    }

    /// <summary>A header in a second reading: lines as one, escapes undone. At most as many as were sent.</summary>
    internal void AddHeaderAgain(in Header header, Slice value) => _headers.Add(header with { Value = value });

    /// <summary>The same from the strings a web server hands out.</summary>
    public void AddHeader(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        Span<byte> buffer = stackalloc byte[512];
        if (Narrow(name, buffer[..64], out var nameBytes) && Narrow(value, buffer[64..], out var valueBytes))
        {
            AddHeader(nameBytes, valueBytes);
            return;
        }

        var longName = _scratch.Take(name);
        var longValue = _scratch.Take(value);
        AddHeader(_scratch[longName], _scratch[longValue]);
        _scratch.Clear();
    }

    /// <summary>Ends the head: path, query, cookies and content type are read.</summary>
    public void EndHeaders()
    {
        HeadReader.ReadTarget(this);
        HeadReader.ReadHeaders(this);
        EmbeddedText.ShowCookies(this);
        RepeatedValues.ShowHeaders(this);
        EmbeddedText.ShowHead(this);
        if (HasQuery) UrlEncodedReader.Read(this, RawQuery, ArgumentSource.Query);
        RepeatedValues.ShowArguments(this, 0);
        if (BinaryMetadata.Read(this) | CredentialsReader.Read(this) || HasQuery) EmbeddedText.Show(this, 0);
        QueryArgumentCount = _arguments.Count;
    }

    /// <summary>Adds a piece of the body, without transfer coding. What exceeds BodyBytesMax is counted only.</summary>
    public void AppendBody(ReadOnlySpan<byte> chunk)
    {
        BodyBytesSeen += chunk.Length;
        if (_bodyStart < 0) _bodyStart = _arena.Length;
        var kept = _arena.Length - _bodyStart;
        if (chunk.Length > Limits.BodyBytesMax - kept)
        {
            Exceeded |= ExceededLimits.BodyBytes;
            chunk = chunk[..Math.Max(0, Limits.BodyBytesMax - kept)];
        }

        if (!_arena.TryAppend(chunk, out _)) NoMemory();
        RawBody = new Slice(_bodyStart, _arena.Length - _bodyStart);
    }

    /// <summary>Ends the body and reads it by <see cref="Processor"/>. Calls after the first do nothing.</summary>
    public void EndBody()
    {
        if (_bodyEnded) return;
        _bodyEnded = true;
        Body = RawBody;
        if (RawBody.IsEmpty) return;
        if (!BodyDecoder.TryDecode(this))
        {
            Unparsed.Add(this, "body.unparsed"u8, Body);
            if (IsCoded) CodedBytes.Show(this);
            return;
        }

        BodyDispatcher.Read(this);
        if (ContentTypeReader.IsFramed(this[MediaType]))
            IsBodyRead |= FramedMessages.TryRead(this, Body);
        RepeatedValues.ShowArguments(this, QueryArgumentCount);
        if (IsCoded) CodedBytes.Show(this);
        EmbeddedText.Show(this, QueryArgumentCount);
        NoteUnread();
        if (BodyBytesWithoutFiles > Limits.BodyNoFilesBytesMax) Exceeded |= ExceededLimits.BodyNoFilesBytes;
    }

    /// <summary>What of a body that no reader took apart is said: its whole length.</summary>
    private void NoteUnread()
    {
        if (IsBodyRead || BodyError != BodyError.None) return;
        if (!IsCodingOpaque && Processor is not (BodyFormat.Plain or BodyFormat.None)) return;
        Note(
            IsCodingOpaque ? UnreadContent.Coding
                : !FileContent.IsBinary(this[Body]) ? UnreadContent.Text
                : UnreadContent.ContentType,
            Body.Length);
    }

    /// <summary>
    /// Arguments that the client sent. Those that are shown a second time, in another reading, have a bound of their
    /// own: a body must not be too much because we look at it twice.
    /// </summary>
    internal int ArgumentCount => _arguments.Count - _shownAgain;

    internal BodyWorkspace Workspace => _workspace ??= new BodyWorkspace(Limits);

    /// <summary>
    /// Adds an argument; a second reading of the same one (<paramref name="isAgain"/>) is no duplicate.
    /// </summary>
    internal void AddArgument(
        Slice name, Slice value, Slice rawName, Slice rawValue, ArgumentSource source, bool isAgain = false)
    {
        if (isAgain ? _shownAgain >= Limits.ArgumentsMax * ShownAgainMax : ArgumentCount >= Limits.ArgumentsMax)
            { Exceeded |= ExceededLimits.Arguments; return; }
        if (isAgain) _shownAgain++;
        Store(name, value, rawName, rawValue, source, isAgain);
    }

    /// <summary>Adds what no reader took apart, also where a bound on the number of arguments was met.</summary>
    internal void AddRest(Slice name, Slice rest, ArgumentSource source)
    {
        Store(name, rest, name, rest, source, isAgain: true);
        ArgumentsBytes += name.Length + rest.Length;
    }

    private void Store(
        Slice name, Slice value, Slice rawName, Slice rawValue, ArgumentSource source, bool isAgain)
    {
        name = Cut(name);
        value = Cut(value);
        var hash = NameHash.Of(this[name]);
        if (!isAgain && source is ArgumentSource.Query or ArgumentSource.Form or ArgumentSource.Multipart)
            NoteDuplicate(hash);
        _arguments.Add(new Argument(name, value, rawName, rawValue, hash, source));
        // What the client sent counts, not how often we look at it.
        if (!isAgain) ArgumentsBytes += name.Length + value.Length;
    }

    internal Slice Cut(Slice value)
    {
        if (value.Length <= Limits.ArgumentBytesMax) return value;
        Exceeded |= ExceededLimits.ArgumentBytes;
        return value.Sub(0, Limits.ArgumentBytesMax);
    }

    internal void AddCookie(Slice name, Slice value)
    {
        if (_cookies.Count >= Limits.CookiesMax) { Exceeded |= ExceededLimits.Cookies; return; }
        _cookies.Add(new Cookie(name, value, NameHash.Of(this[name])));
    }

    internal void AddFile(in UploadedFile file)
    {
        FilesBytes += file.Size;
        _files.Add(file);
    }

    internal void AddPartHeader(Slice partName, Slice line) => _partHeaders.Add(new PartHeader(partName, line));

    internal void SetPartHeader(int index, Slice line) => _partHeaders.At(index) = new PartHeader(default, line);

    internal void NamePartHeaders(int first, Slice partName)
    {
        for (var i = first; i < _partHeaders.Count; i++)
            _partHeaders.At(i) = new PartHeader(partName, _partHeaders[i].Line);
    }

    internal void AddXmlText(Slice path, Slice value) => _xmlTexts.Add(new XmlValue(path, value));

    internal void DropXmlTexts() => _xmlTexts.Clear();

    internal void MoveXmlTexts(int first, int offset)
    {
        for (var i = first; i < _xmlTexts.Count; i++)
        {
            var item = _xmlTexts[i];
            _xmlTexts.At(i) = item with { Value = Cut(new Slice(item.Value.Offset + offset, item.Value.Length)) };
        }
    }

    internal void AddXmlAttribute(Slice path, Slice value) => _xmlAttributes.Add(new XmlValue(path, value));

    /// <summary>A text or attribute of XML in a second reading; these have a bound of their own.</summary>
    internal void AddXmlAgain(Slice path, Slice value, bool isAttribute)
    {
        var values = isAttribute ? _xmlAttributes : _xmlTexts;
        if (values.Count >= Limits.XmlNodesMax * (1 + ShownAgainMax)) { Exceeded |= ExceededLimits.XmlNodes; return; }
        values.Add(new XmlValue(path, Cut(value)));
    }

    internal void Note(Anomalies anomalies) => Anomalies |= anomalies;

    internal void Note(ExceededLimits exceeded) => Exceeded |= exceeded;

    internal void Note(UnreadContent unread, long bytes)
    {
        if (bytes <= 0) return;
        Unread |= unread;
        UnreadBytes += bytes;
    }

    internal void Note(MultipartFlags flags) => Multipart |= IsBodyCut ? flags & ~CutFlags : flags;

    internal void NoteUrlEncodedError() => UrlEncodedError = true;

    /// <summary>
    /// The body cannot be read on from <paramref name="offset"/>. A bound that was met (<see cref="Exceed"/>) is no
    /// error of the body: it has its own flag. The end of what was held of a longer body looks like an error and is
    /// none; a document that is refused for what it declares is refused all the same.
    /// </summary>
    internal void Fail(BodyError error, string message, int offset = 0)
    {
        if (BodyError != BodyError.None || IsBodyCut && !XmlBodyReader.IsRefusal(message)) return;
        if (IsBound(message))
        {
            Problem ??= new ReadProblem(message, offset);
            return;
        }

        BodyError = error;
        Problem = new ReadProblem(message, offset);
    }

    /// <summary>True for what <see cref="Exceed"/> returned last.</summary>
    internal bool IsBound(string message) => ReferenceEquals(message, _exceededMessage);

    /// <summary>A bound of the body's structure is met: reading stops with the given reason, and returns it.</summary>
    internal string Exceed(ExceededLimits limit, string message)
    {
        Exceeded |= limit;
        _exceededMessage = message;
        return message;
    }

    internal void NoMemory()
    {
        Exceeded |= ExceededLimits.Memory;
        Fail(BodyError.Memory, "The request needs more memory than its limits allow.");
    }

    internal void SetTarget(in TargetSlices target)
    {
        (Uri, DecodedUri, RawPath, RawQuery) = (target.Uri, target.DecodedUri, target.RawPath, target.RawQuery);
        (Path, BaseName, NormalPath, HasQuery) = (target.Path, target.BaseName, target.NormalPath, target.HasQuery);
    }

    internal void SetHost(Slice host) => Host = host;

    internal void SetContentType(Slice value, Slice mediaType, Slice charset, BodyFormat format)
    {
        (ContentType, MediaType, Charset) = (value, mediaType, charset);
        Format = Processor = format;
    }

    internal void SetBody(Slice body) => Body = body;

    internal void AddXmlContent(Slice content) => XmlContent = Joined(XmlContent, content);

    internal void AddXmlAttributeContent(Slice content) => XmlAttributeContent = Joined(XmlAttributeContent, content);

    /// <summary>More than one document in a body (parts of a batch) gives one text.</summary>
    private Slice Joined(Slice before, Slice content)
    {
        if (before.IsEmpty || content.IsEmpty) return before.IsEmpty ? content : before;
        if (!_arena.TryAppendCopy(before, out var first) || !_arena.TryAppendCopy(content, out var second))
        {
            NoMemory();
            return before;
        }

        return new Slice(first.Offset, first.Length + second.Length);
    }

    /// <summary>The facts that a guess about the body's format may have to take back.</summary>
    internal (Anomalies, MultipartFlags, bool) Facts
    {
        get => (Anomalies, Multipart, UrlEncodedError);
        set => (Anomalies, Multipart, UrlEncodedError) = value;
    }

    /// <summary>The body is still in a content coding that is not undone.</summary>
    public bool IsCodingOpaque { get; internal set; }

    /// <summary>A content coding of the body was undone, or should have been.</summary>
    internal bool IsCoded { get; set; }

    internal void SetMultipartName(Slice name) => MultipartName = name;

    internal void SetMultipartFileName(Slice name) => MultipartFileName = name;

    private void NoteDuplicate(uint hash)
    {
        if ((Anomalies & Anomalies.DuplicateArgument) != 0) return;
        if (_argumentNames.AsSpan().Contains(hash)) Anomalies |= Anomalies.DuplicateArgument;
        else _argumentNames.Add(hash);
    }

    private void ResetReading()
    {
        _headerBytes = _shownAgain = 0;
        _bodyStart = -1;
        _bodyEnded = false;
        _exceededMessage = null;
        Problem = null;
        IsBodyRead = IsCodingOpaque = IsCoded = false;
    }

    private readonly NarrowScratch _scratch = new();

    private static bool Narrow(ReadOnlySpan<char> text, Span<byte> buffer, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (text.Length > buffer.Length) return false;
        if (!NarrowScratch.TryNarrow(text, buffer)) return false;
        bytes = buffer[..text.Length];
        return true;
    }
}
