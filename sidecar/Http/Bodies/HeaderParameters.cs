namespace WafOperator.Http.Bodies;

/// <summary>
/// Walks the parameters of a header value: <c>; name=value</c> or <c>; name="value"</c> (RFC 9110 section 5.6.6). What
/// programs take apart in different ways ends the walk with an <see cref="Error"/>. Quirks of PHP are named, since it
/// is the reader that departs most from the grammar.
/// </summary>
internal ref struct HeaderParameters(CanonicalRequest request, Slice header)
{
    private readonly ReadOnlySpan<byte> _text = request[header];
    private int _position = Start(request[header]);

    /// <summary>Name of the current parameter, as sent.</summary>
    public Slice Name { get; private set; }

    /// <summary>Its value, without quotes and escapes.</summary>
    public Slice Value { get; private set; }

    /// <summary>Whether the value was quoted.</summary>
    public bool IsQuoted { get; private set; }

    /// <summary>What is wrong, once <see cref="MoveNext"/> returned false.</summary>
    public string? Error { get; private set; }

    private readonly bool AtEnd => _position >= _text.Length;

    /// <summary>Goes to the next parameter; false at the end or at an error.</summary>
    public bool MoveNext()
    {
        SkipBlanks();
        while (!AtEnd && _text[_position] == ';')
        {
            _position++;
            SkipBlanks();
        }

        if (AtEnd) return false;
        var start = _position;
        while (!AtEnd && _text[_position] is not ((byte)'=' or (byte)';')) _position++;
        var name = _text[start.._position];
        if (AtEnd || _text[_position] == ';') name = name.TrimEnd(" \t"u8);
        if (!IsToken(name)) return Fail("a parameter's name is malformed");
        Name = header.Sub(start, name.Length);
        Value = header.Sub(Math.Min(_position, _text.Length), 0);
        IsQuoted = false;
        if (AtEnd || _text[_position] == ';') return true;
        _position++;
        if (AtEnd) return true;
        if (_text[_position] is (byte)' ' or (byte)'\t') return Fail("white space behind an equals sign");
        IsQuoted = _text[_position] == '"';
        return IsQuoted ? ReadQuoted() : ReadPlain(name.EndsWith("*"u8));
    }

    private bool Fail(string error)
    {
        Error = error;
        return false;
    }

    private static int Start(ReadOnlySpan<byte> text)
    {
        var semicolon = text.IndexOf((byte)';');
        return semicolon < 0 ? text.Length : semicolon;
    }

    private bool ReadPlain(bool isExtended)
    {
        var start = _position;
        while (!AtEnd && _text[_position] != ';') _position++;
        var value = _text[start.._position].TrimEnd(" \t"u8);
        if (value.Contains((byte)'"')) return Fail("a quote inside a value");
        // PHP takes what is between apostrophes as quoted.
        var apostrophes = value.Count((byte)'\'');
        if (apostrophes != 0 && !(isExtended && apostrophes == 2)) return Fail("an apostrophe outside quotes");
        Value = header.Sub(start, value.Length);
        return true;
    }

    /// <summary>
    /// Only the quote and the backslash can be escaped; other backslashes are text (paths of Windows).
    /// </summary>
    private bool ReadQuoted()
    {
        var start = ++_position;
        var escapes = 0;
        var firstEscapedQuote = -1;
        var endsEscaped = false;
        for (; !AtEnd && _text[_position] != '"'; _position++)
        {
            endsEscaped = false;
            if (_text[_position] != '\\' || _position + 1 >= _text.Length) continue;
            if (_text[_position + 1] is not ((byte)'"' or (byte)'\\')) continue;
            endsEscaped = _text[_position + 1] == '\\';
            if (!endsEscaped && firstEscapedQuote < 0) firstEscapedQuote = _position;
            _position++;
            escapes++;
        }

        if (AtEnd) return Fail("a quote that does not end");
        // PHP reads the second of two backslashes and the quote behind it as one escape.
        if (endsEscaped) return Fail("a quoted value that ends with a backslash");
        // Readers without escapes end the value at its first quote; what follows would then be a parameter.
        if (firstEscapedQuote >= 0 && _text[firstEscapedQuote.._position].Contains((byte)';'))
            return Fail("an escaped quote before a semicolon");
        var value = header.Sub(start, _position - start);
        _position++;
        SkipBlanks();
        if (!AtEnd && _text[_position] != ';') return Fail("text behind a quoted value");
        if (escapes == 0) Value = value;
        else if (!TryUnescape(value)) return Fail("no memory");
        return true;
    }

    private bool TryUnescape(Slice value)
    {
        if (!request.Arena.TryReserve(value.Length)) { request.NoMemory(); return false; }
        var raw = request[value];
        var output = request.Arena.Tail;
        var written = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\\' && i + 1 < raw.Length && raw[i + 1] is (byte)'"' or (byte)'\\') i++;
            output[written++] = raw[i];
        }

        Value = request.Arena.Commit(written);
        return true;
    }

    private void SkipBlanks()
    {
        while (!AtEnd && _text[_position] is (byte)' ' or (byte)'\t') _position++;
    }

    /// <summary>A token by RFC 9110 section 5.6.2.</summary>
    public static bool IsToken(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty) return false;
        foreach (var value in text)
        {
            if (value is <= 32 or >= 127 || "()<>@,;:\\\"/[]?={}"u8.Contains(value)) return false;
        }

        return true;
    }
}
