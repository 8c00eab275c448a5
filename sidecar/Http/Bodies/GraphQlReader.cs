using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Finds the literals of a GraphQL document (October 2021 specification, section 2): each string, block string, number
/// or word behind "name:" becomes an argument graphql.name. Fields and structure carry no values and give none. A
/// tokenizer, not a validator: one pass, no recursion.
/// </summary>
internal ref struct GraphQlReader
{
    private const string TooDeep = "GraphQL: nested too deep.";

    private readonly CanonicalRequest _request;
    private readonly Slice _document;
    private readonly ReadOnlySpan<byte> _text;
    private int _position;
    private int _depth;
    private Slice _name;
    private bool _isAfterColon;
    private bool _isInList;

    private GraphQlReader(CanonicalRequest request, Slice document)
    {
        _request = request;
        _document = document;
        _text = request[document];
    }

    /// <summary>Reads a whole body of type application/graphql.</summary>
    public static void Read(CanonicalRequest request)
    {
        if (!request.Arena.TryAppend("graphql.query"u8, out var name)) { request.NoMemory(); return; }
        request.Note(Utf8Facts.Of(request[request.Body]));
        request.AddArgument(name, request.Body, name, request.Body, ArgumentSource.GraphQl);
        var reader = new GraphQlReader(request, request.Body);
        if (reader.ReadTokens()) return;
        request.Note(Anomalies.MalformedGraphQl);
        var isTooDeep = request.Exceeded.HasFlag(ExceededLimits.GraphQlDepth);
        request.Fail(
            BodyError.GraphQl, isTooDeep ? TooDeep : "GraphQL: the document does not parse.", reader._position);
    }

    /// <summary>
    /// Reads a value when it is GraphQL; anything else is left alone. What begins like it and does not parse is shown
    /// as it came, and said to be unread: the literals in it have escapes.
    /// </summary>
    public static void ReadEmbedded(CanonicalRequest request, Slice value)
    {
        var text = SkipIgnored(request[value]);
        var isGraphQl = text.StartsWith("{"u8) || text.StartsWith("query"u8) || text.StartsWith("mutation"u8)
            || text.StartsWith("subscription"u8) || text.StartsWith("fragment"u8);
        if (!isGraphQl || !text.Contains((byte)'{')) return;
        var reader = new GraphQlReader(request, value);
        if (reader.ReadTokens()) return;
        request.Note(Anomalies.MalformedGraphQl);
        request.Note(UnreadContent.Text, value.Length);
    }

    /// <summary>Blanks, commas, a mark of byte order and comments may stand anywhere (section 2.1.7).</summary>
    private static ReadOnlySpan<byte> SkipIgnored(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            text = text.TrimStart(" \t\r\n,"u8);
            if (text.StartsWith("\uFEFF"u8)) text = text[3..];
            else if (text is [(byte)'#', ..] && text.IndexOfAny((byte)'\n', (byte)'\r') is > 0 and var end)
                text = text[end..];
            else return text;
        }
    }

    private bool ReadTokens()
    {
        while (_position < _text.Length)
        {
            var value = _text[_position];
            switch (value)
            {
                case (byte)'#':
                    SkipComment();
                    break;
                case (byte)'"':
                    if (!ReadString()) return false;
                    break;
                case (byte)'{' or (byte)'(' or (byte)'[':
                    if (++_depth > _request.Limits.GraphQlDepthMax)
                    {
                        _request.Exceed(ExceededLimits.GraphQlDepth, TooDeep);
                        return false;
                    }

                    _isInList = value == '[' && _isAfterColon;
                    _isAfterColon = _isInList;
                    _position++;
                    break;
                case (byte)'}' or (byte)')' or (byte)']':
                    if (--_depth < 0) return false;
                    _isAfterColon = _isInList = false;
                    _position++;
                    break;
                case (byte)':':
                    _isAfterColon = true;
                    _position++;
                    break;
                default:
                    ReadWord(value);
                    break;
            }
        }

        return _depth == 0;
    }

    private void SkipComment()
    {
        var end = _text[_position..].IndexOfAny((byte)'\n', (byte)'\r');
        _position = end < 0 ? _text.Length : _position + end;
    }

    private void ReadWord(byte first)
    {
        if (!IsWord(first))
        {
            _position++;
            return;
        }

        var start = _position;
        while (_position < _text.Length && IsWord(_text[_position])) _position++;
        var word = _document.Sub(start, _position - start);
        if (_isAfterColon) Add(word);
        else _name = word;
        if (!_isInList) _isAfterColon = false;
    }

    private bool ReadString()
    {
        if (_text[_position..].StartsWith("\"\"\""u8)) return ReadBlockString();
        if (!JsonText.TryRead(_request, _document, ref _position, out var value, EscapeSyntax.GraphQl)) return false;
        Add(value);
        if (!_isInList) _isAfterColon = false;
        return true;
    }

    private bool ReadBlockString()
    {
        var start = _position + 3;
        var end = start;
        while (true)
        {
            var next = _text[end..].IndexOf("\"\"\""u8);
            if (next < 0) return false;
            end += next;
            if (_text[end - 1] != '\\') break;
            end += 3;
        }

        Add(_document.Sub(start, end - start));
        _position = end + 3;
        return true;
    }

    private readonly void Add(Slice value)
    {
        var arena = _request.Arena;
        if (!arena.TryReserve("graphql."u8.Length + _name.Length)) { _request.NoMemory(); return; }
        arena.TryAppend("graphql."u8, out var prefix);
        arena.TryAppendCopy(_name, out _);
        var name = new Slice(prefix.Offset, prefix.Length + _name.Length);
        _request.AddArgument(name, value, name, value, ArgumentSource.GraphQl);
    }

    private static bool IsWord(byte value) =>
        char.IsAsciiLetterOrDigit((char)value) || value is (byte)'_' or (byte)'-' or (byte)'.' or (byte)'+' or >= 0x80;
}
