using System.Buffers;
using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads XML 1.0 without validating: texts and attributes with their paths, and all of them joined (XML:/*). Nothing
/// outside the document is ever fetched, entities declared in it are never expanded: a reference to one stays as text,
/// so there is nothing to blow up. A document type that could name files or hide text is refused, see
/// <see cref="XmlDoctype"/>. One pass, no recursion.
/// </summary>
internal ref struct XmlBodyReader
{
    /// <summary>Bytes of names that a further one is compared with: what a name costs is bounded.</summary>
    private const int NamesComparedMax = 1024;

    private static readonly SearchValues<byte> WordBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"u8);

    private readonly CanonicalRequest _request;
    private readonly BodyWorkspace _work;
    private readonly ReadOnlySpan<byte> _text;
    private readonly int _offset;
    private readonly int _firstText;
    private readonly int _firstAttribute;
    private int _position;
    private int _depth;
    private int _nodes;
    private bool _hasRoot;
    private bool _hasDoctype;

    private XmlBodyReader(CanonicalRequest request, Slice body)
    {
        _request = request;
        _work = request.Workspace;
        _text = request[body];
        _offset = body.Offset;
        _firstText = request.XmlTexts.Length;
        _firstAttribute = request.XmlAttributes.Length;
    }

    /// <summary>Reads the request's body, which is declared to be XML.</summary>
    public static void Read(CanonicalRequest request)
    {
        if (TryRead(request, request.Body, out var position) is not { } error) return;
        if (!request.IsBound(error)) request.Note(Anomalies.MalformedXml);
        request.Fail(BodyError.Xml, error, position);
        Unparsed.Add(request, "xml.unparsed"u8, request.Body.From(position));
    }

    /// <summary>Reads XML; null, or why and where it ends. What was found until then is kept.</summary>
    public static string? TryRead(CanonicalRequest request, Slice body, out int position)
    {
        var error = ReadOnce(request, body, out position);
        return error ?? ReadAsDeclared(request, body);
    }

    private static string? ReadOnce(CanonicalRequest request, Slice body, out int position)
    {
        var reader = new XmlBodyReader(request, body);
        reader._work.Reset();
        reader._work.TryAppendPath("xml"u8);
        var error = reader.ReadNodes();
        reader.StoreContent();
        position = Math.Min(reader._position, body.Length);
        return error;
    }

    /// <summary>
    /// A document that names an encoding which is no superset of ASCII is read in that too: some readers heed it. Null,
    /// or why it is refused. What says UTF-16 in bytes of one width is none: many writers leave that in UTF-8.
    /// </summary>
    private static string? ReadAsDeclared(CanonicalRequest request, Slice body)
    {
        var charset = XmlDeclaration.Encoding(request, body);
        if (charset.IsEmpty || Charsets.IsWideName(request[charset])) return null;
        var converted = Charsets.ToUtf8(request, body, charset);
        if (converted == body) return null;
        var error = ReadOnce(request, converted, out var position);
        if (error is null) return null;
        request.Note(UnreadContent.Text, body.Length);
        Unparsed.Add(request, "xml.unparsed"u8, converted.From(position));
        return IsRefusal(error) ? error : null;
    }

    private string? ReadNodes()
    {
        if (_text is [0xef, 0xbb, 0xbf, ..]) _position = 3;
        while (_position < _text.Length)
        {
            var next = _text[_position..].IndexOf((byte)'<');
            var end = next < 0 ? _text.Length : _position + next;
            if (end > _position && AddText(_text[_position..end]) is { } textError) return textError;
            _position = end;
            if (next < 0) break;
            if (ReadMarkup() is { } error) return error;
        }

        if (!_hasRoot) return "XML: there is no element.";
        return _depth > 0 ? "XML: an element is not closed." : null;
    }

    private string? ReadMarkup()
    {
        var rest = _text[_position..];
        if (rest.StartsWith("<!--"u8)) return ReadAside(rest, 4, "-->"u8, _work.Comments);
        if (rest.StartsWith("<?"u8)) return ReadAside(rest, 2, "?>"u8, _work.Instructions);
        if (rest.StartsWith("<![CDATA["u8)) return ReadCharacterData(rest);
        if (rest.StartsWith("<!DOCTYPE"u8)) return ReadDocumentType(rest);
        if (rest.StartsWith("<!"u8)) return "XML: unknown markup.";
        return rest.StartsWith("</"u8) ? ReadEndTag(rest) : ReadStartTag(rest);
    }

    /// <summary>
    /// Nothing of the document's text, but some programs read comments and instructions, or run a file that holds them:
    /// then the marks around them count as well.
    /// </summary>
    private string? ReadAside(ReadOnlySpan<byte> rest, int opening, ReadOnlySpan<byte> closing, ByteArena asides)
    {
        var end = rest[opening..].IndexOf(closing);
        if (end < 0) return "XML: a comment or instruction does not end.";
        var isDeclaration = _position <= 3 && XmlDeclaration.IsPlain(rest[..(opening + end + closing.Length)]);
        _position += opening + end + closing.Length;
        if (end == 0 || isDeclaration) return null;
        var whole = rest[..(opening + end + closing.Length)];
        var shown = FileContent.FindActive(whole, isBeginning: false) == 0 ? whole : rest.Slice(opening, end);
        if (CountNode() is { } tooMany) return tooMany;
        if (asides.TryAppend(shown, out _) && asides.TryAppend((byte)'\n')) return null;
        _request.NoMemory();
        return "XML: no memory.";
    }

    /// <summary>
    /// Names are no values, but for readers that make classes or members of them: a word, with a prefix or without, is
    /// harmless; others are shown, those that were shown lately not again.
    /// </summary>
    private readonly void ShowName(ReadOnlySpan<byte> name)
    {
        if (IsPlainName(name)) return;
        var names = _work.Names;
        if (names[new Slice(0, Math.Min(names.Length, NamesComparedMax))].IndexOf(name) >= 0) return;
        if (!names.TryAppend(name, out _) || !names.TryAppend((byte)'\n')) _request.NoMemory();
    }

    private static bool IsPlainName(ReadOnlySpan<byte> name)
    {
        var colon = name.IndexOf((byte)':');
        return colon < 0 ? IsWord(name) : IsWord(name[..colon]) && IsWord(name[(colon + 1)..]);
    }

    private static bool IsWord(ReadOnlySpan<byte> name) =>
        !name.IsEmpty && char.IsAsciiLetter((char)name[0]) && !name.ContainsAnyExcept(WordBytes);

    private string? ReadCharacterData(ReadOnlySpan<byte> rest)
    {
        var end = rest[9..].IndexOf("]]>"u8);
        if (end < 0) return "XML: a CDATA section does not end.";
        if (_depth == 0) return "XML: text outside the root element.";
        _position += 9 + end + 3;
        return Store(rest.Slice(9, end), isEscaped: false);
    }

    private string? ReadDocumentType(ReadOnlySpan<byte> rest)
    {
        _request.Note(Anomalies.XmlDoctype);
        if (_hasRoot || _hasDoctype) return "XML: a document type declaration inside the document.";
        _hasDoctype = true;
        var doctype = XmlDoctype.Read(rest);
        if (doctype.NamesEntities) _request.Note(Anomalies.XmlEntityDeclaration);
        if (doctype.Length == 0) return "XML: a document type declaration does not end.";
        if (doctype.IsRisky)
        {
            if (!_request.AllowsXmlDoctypes) return XmlDoctype.Refusal;
            Unparsed.Add(_request, "xml.doctype"u8, new Slice(_offset + _position, doctype.Length));
        }

        _position += doctype.Length;
        return null;
    }

    private string? ReadStartTag(ReadOnlySpan<byte> rest)
    {
        var length = NameLength(rest[1..]);
        if (length == 0) return "XML: an element has no name.";
        if (_depth == 0 && _hasRoot) return "XML: more than one root element.";
        if (_depth >= _request.Limits.XmlDepthMax)
            return _request.Exceed(ExceededLimits.XmlDepth, "XML: nested too deep.");

        _hasRoot = true;
        if (CountNode() is { } tooMany) return tooMany;
        _work.EnsureDepth(_depth + 1);
        ref var element = ref _work.Elements[_depth++];
        element.Name = new Slice(_offset + _position + 1, length);
        element.PathLength = _work.PathLength;
        AppendPath(rest.Slice(1, length));
        ShowName(rest.Slice(1, length));
        _position += 1 + length;
        return ReadAttributes();
    }

    private string? ReadAttributes()
    {
        while (true)
        {
            SkipSpace();
            var rest = _text[_position..];
            if (rest.StartsWith(">"u8))
            {
                _position++;
                return null;
            }

            if (rest.StartsWith("/>"u8))
            {
                _position += 2;
                Close();
                return null;
            }

            var length = NameLength(rest);
            if (length == 0) return "XML: a tag is malformed.";
            _position += length;
            SkipSpace();
            if (_position >= _text.Length || _text[_position++] != '=') return "XML: an attribute has no value.";
            SkipSpace();
            if (_position >= _text.Length || _text[_position] is not ((byte)'"' or (byte)'\''))
                return "XML: an attribute's value is not quoted.";
            var value = _text[(_position + 1)..];
            var end = value.IndexOf(_text[_position]);
            if (end < 0) return "XML: an attribute's value does not end.";
            if (AddAttribute(rest[..length], new Slice(_offset + _position + 1, end)) is { } error) return error;
            _position += end + 2;
        }
    }

    private string? AddAttribute(ReadOnlySpan<byte> name, Slice value)
    {
        if (CountNode() is { } error) return error;
        var bytes = _request[value];
        if (bytes.Contains((byte)'&'))
        {
            if (!_request.Arena.TryReserve(bytes.Length)) { _request.NoMemory(); return "XML: no memory."; }
            value = _request.Arena.Commit(XmlText.Decode(bytes, _request.Arena.Tail));
        }

        ShowName(name);
        var pathLength = _work.PathLength;
        AppendPath("@"u8, name);
        var isStored = _request.Arena.TryAppend(_work.Path, out var path);
        _work.TruncatePath(pathLength);
        if (!isStored) { _request.NoMemory(); return "XML: no memory."; }
        _request.Note(Utf8Facts.Of(_request[value]));
        _request.AddXmlAttribute(path, _request.Cut(value));
        return null;
    }

    private string? ReadEndTag(ReadOnlySpan<byte> rest)
    {
        var length = NameLength(rest[2..]);
        if (_depth == 0) return "XML: an element is closed that is not open.";
        if (!rest.Slice(2, length).SequenceEqual(_request[_work.Elements[_depth - 1].Name]))
            return "XML: an element is closed by another name.";
        _position += 2 + length;
        SkipSpace();
        if (_position >= _text.Length || _text[_position] != '>') return "XML: a tag is malformed.";
        _position++;
        Close();
        return null;
    }

    private void Close() => _work.TruncatePath(_work.Elements[--_depth].PathLength);

    private string? AddText(ReadOnlySpan<byte> text)
    {
        if (_depth > 0) return Store(text, isEscaped: true);
        return text.Trim(" \t\r\n\0"u8).IsEmpty ? null : "XML: text outside the root element.";
    }

    /// <summary>Collects a text; the slices get their final place in <see cref="StoreContent"/>.</summary>
    private string? Store(ReadOnlySpan<byte> text, bool isEscaped)
    {
        var content = _work.Content;
        if (!content.TryReserve(text.Length)) { _request.NoMemory(); return "XML: no memory."; }
        int written;
        if (isEscaped && text.Contains((byte)'&'))
        {
            written = XmlText.Decode(text, content.Tail);
        }
        else
        {
            text.CopyTo(content.Tail);
            written = text.Length;
        }

        var value = content.Commit(written);
        if (content[value].Trim(" \t\r\n"u8).IsEmpty) return null;
        if (CountNode() is { } error) return error;
        if (!_request.Arena.TryAppend(_work.Path, out var path)) { _request.NoMemory(); return "XML: no memory."; }
        _request.AddXmlText(path, value);
        return null;
    }

    /// <summary>The texts get their place; the attributes' values are joined beside them.</summary>
    private readonly void StoreContent()
    {
        var content = _work.Content;
        if (!_request.Arena.TryAppend(content[new Slice(0, content.Length)], out var all))
        {
            _request.NoMemory();
            _request.DropXmlTexts();
            return;
        }

        _request.Note(Utf8Facts.Of(_request[all]));
        _request.MoveXmlTexts(_firstText, all.Offset);
        _request.AddXmlContent(EmbeddedText.ShowTexts(_request, _firstText, all));
        EmbeddedText.ShowAttributes(_request, _firstAttribute);
        var attributes = _request.Arena.Length;
        for (var i = _firstAttribute; i < _request.XmlAttributes.Length; i++)
        {
            ref readonly var attribute = ref _request.XmlAttributes[i];
            if (_request[attribute.Path].IndexOf(".@xmlns"u8) >= 0) continue;
            if (_request.Arena.TryAppendCopy(attribute.Value, out _) && _request.Arena.TryAppend((byte)'\n')) continue;
            _request.NoMemory();
            return;
        }

        _request.AddXmlAttributeContent(new Slice(attributes, _request.Arena.Length - attributes));
        Show("xml.comment"u8, _work.Comments);
        Show("xml.instruction"u8, _work.Instructions);
        // The rule sets' own tests have it that names are no values; models are shown them.
        if (TryKeep(_work.Names, out var names) && _request.Arena.TryAppend("xml.names"u8, out var path))
            _request.AddXmlText(path, names);
    }

    private readonly void Show(ReadOnlySpan<byte> name, ByteArena collected)
    {
        if (TryKeep(collected, out var text)) Unparsed.Add(_request, name, text);
    }

    private readonly bool TryKeep(ByteArena collected, out Slice text)
    {
        text = default;
        if (collected.Length == 0) return false;
        if (_request.Arena.TryAppend(collected[new Slice(0, collected.Length - 1)], out text)) return true;
        _request.NoMemory();
        return false;
    }

    private string? CountNode()
    {
        if (++_nodes <= _request.Limits.XmlNodesMax) return null;
        return _request.Exceed(ExceededLimits.XmlNodes, "XML: too many elements, attributes or texts.");
    }

    private readonly void AppendPath(ReadOnlySpan<byte> name) => AppendPath(default, name);

    private readonly void AppendPath(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name)
    {
        var isWhole = _work.TryAppendPath("."u8) & _work.TryAppendPath(prefix) & _work.TryAppendPath(name);
        if (!isWhole) _request.Note(ExceededLimits.ArgumentBytes);
    }

    private void SkipSpace()
    {
        while (_position < _text.Length && _text[_position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            _position++;
    }

    /// <summary>True for an error that refuses a body also where it was not declared to be XML.</summary>
    public static bool IsRefusal(string error) => ReferenceEquals(error, XmlDoctype.Refusal);

    private static int NameLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (length < text.Length && IsName(text[length])) length++;
        return length;
    }

    private static bool IsName(byte value) =>
        char.IsAsciiLetterOrDigit((char)value) || value is (byte)':' or (byte)'_' or (byte)'-' or (byte)'.' or >= 0x80;
}
