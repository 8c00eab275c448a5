using System.Buffers;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Reads JSON (RFC 8259) into one argument for each scalar, named as ModSecurity 3 names them: json, then keys joined
/// by dots, array items as array_0. Strings without escapes are not copied. One pass, no recursion. What cannot be read
/// becomes the argument json.unparsed, so that it is inspected as text, and the body is in error.
/// </summary>
internal ref struct JsonBodyReader
{
    /// <summary>So many keys and containers are allowed for each scalar that is.</summary>
    private const int NodesForEachLeaf = 4;

    /// <summary>Keys of one object that later ones are compared with; the comparison is quadratic.</summary>
    private const int ComparedKeysMax = 4096;

    private static readonly SearchValues<byte> Separators = SearchValues.Create(" \t\r\n\u001e,:]}"u8);

    private readonly CanonicalRequest _request;
    private readonly BodyWorkspace _work;
    private readonly ReadOnlySpan<byte> _text;
    private readonly int _offset;
    private readonly Slice _body;
    private int _position;
    private int _depth;
    private int _leaves;
    private int _nodes;
    private bool _isQueryKey;

    private JsonBodyReader(CanonicalRequest request, Slice body)
    {
        _request = request;
        _work = request.Workspace;
        _offset = body.Offset;
        _body = body;
        _text = request[body];
    }

    private enum Step
    {
        Value,
        KeyOrEnd,
        Key,
        ItemOrEnd,
        AfterValue,
    }

    /// <summary>Reads the request's body, which is declared to be JSON.</summary>
    public static void Read(CanonicalRequest request)
    {
        if (TryRead(request, request.Body, out var position) is not { } error) return;
        if (!request.IsBound(error)) request.Note(Anomalies.MalformedJson);
        request.Fail(BodyError.Json, error, position);
        Unparsed.Add(request, "json.unparsed"u8, request.Body.From(position));
    }

    /// <summary>Reads JSON; null, or why and where it ends. What was found until then is kept.</summary>
    public static string? TryRead(CanonicalRequest request, Slice body, out int position)
    {
        var reader = new JsonBodyReader(request, body);
        reader._work.Reset();
        reader._work.TryAppendPath("json"u8);
        var error = reader.ReadDocuments();
        position = Math.Min(reader._position, body.Length);
        return error;
    }

    /// <summary>
    /// One document, or several one after the other: lines, sequences (RFC 7464), bulk requests. A program that reads
    /// the first only is shown less than we show.
    /// </summary>
    private string? ReadDocuments()
    {
        if (_text is [0xef, 0xbb, 0xbf, ..]) _position = 3;
        while (true)
        {
            SkipBetween();
            if (_position >= _text.Length) return null;
            if (ReadDocument() is { } error) return error;
            if (_position < _text.Length && !IsBetween(_text[_position])
                && _text[_position] is not ((byte)'{' or (byte)'['))
                return "JSON: text behind the document.";
        }
    }

    private string? ReadDocument()
    {
        var step = Step.Value;
        while (true)
        {
            SkipSpace();
            if (_position >= _text.Length) return "JSON: the document ends too early.";
            var error = step switch
            {
                Step.Value => ReadValue(ref step),
                Step.KeyOrEnd or Step.Key => ReadKey(ref step),
                Step.ItemOrEnd => ReadItemOrEnd(ref step),
                _ => ReadSeparator(ref step),
            };
            if (error is not null) return error;
            if (step == Step.AfterValue && _depth == 0) return null;
        }
    }

    private string? ReadValue(ref Step step)
    {
        switch (_text[_position])
        {
            case (byte)'{':
                return Open(isArray: false, ref step);
            case (byte)'[':
                return Open(isArray: true, ref step);
            case (byte)'"':
                step = Step.AfterValue;
                return JsonText.TryRead(_request, _body, ref _position, out var value)
                    ? AddLeaf(value)
                    : "JSON: a string is malformed.";
            default:
                step = Step.AfterValue;
                return ReadWord();
        }
    }

    private string? ReadWord()
    {
        var rest = _text[_position..];
        var end = rest.IndexOfAny(Separators);
        var word = end < 0 ? rest : rest[..end];
        var isNull = word.SequenceEqual("null"u8);
        if (!isNull && !word.SequenceEqual("true"u8) && !word.SequenceEqual("false"u8) && !JsonText.IsNumber(word)
            && !JsonText.IsNotANumber(word))
            return "JSON: a value is neither string, number, true, false nor null.";
        var slice = new Slice(_offset + _position, isNull ? 0 : word.Length);
        _position += word.Length;
        return AddLeaf(slice);
    }

    private string? Open(bool isArray, ref Step step)
    {
        if (_depth >= _request.Limits.JsonDepthMax)
            return _request.Exceed(ExceededLimits.JsonDepth, "JSON: nested too deep.");

        if (CountNode() is { } tooMany) return tooMany;
        _position++;
        _work.EnsureDepth(_depth + 1);
        ref var frame = ref _work.Frames[_depth++];
        frame.IsArray = isArray;
        frame.Index = 0;
        frame.KeysStart = _work.Keys.Count;
        if (isArray) AppendPath(".array_"u8);
        frame.PathLength = _work.PathLength;
        if (isArray) NoteCut(_work.TryAppendPath(0));
        step = isArray ? Step.ItemOrEnd : Step.KeyOrEnd;
        return null;
    }

    private string? ReadItemOrEnd(ref Step step)
    {
        if (_text[_position] == ']') return CloseEmpty(ref step);
        step = Step.Value;
        return null;
    }

    private string? ReadKey(ref Step step)
    {
        if (_text[_position] == '}' && step == Step.KeyOrEnd) return CloseEmpty(ref step);
        if (_text[_position] != '"') return "JSON: a key is missing.";
        if (!JsonText.TryRead(_request, _body, ref _position, out var key)) return "JSON: a key is malformed.";
        SkipSpace();
        if (_position >= _text.Length || _text[_position] != ':') return "JSON: a colon is missing.";
        _position++;
        EnterKey(key);
        step = Step.Value;
        return CountNode();
    }

    /// <summary>Keys and containers cost work too, also where no scalar is in them.</summary>
    private string? CountNode()
    {
        if (++_nodes <= _request.Limits.JsonLeavesMax * NodesForEachLeaf) return null;
        return _request.Exceed(ExceededLimits.JsonLeaves, "JSON: too many keys and containers.");
    }

    private void EnterKey(Slice key)
    {
        ref var frame = ref _work.Frames[_depth - 1];
        var name = _request[key];
        _work.TruncatePath(frame.PathLength);
        AppendPath("."u8);
        AppendPath(name.IsEmpty ? "empty-key"u8 : name);
        _isQueryKey = _depth <= 2 && name.SequenceEqual("query"u8);
        var hash = CaseSensitiveHash(name);
        if (_work.Keys.AsSpan()[frame.KeysStart..].Contains(hash)) _request.Note(Anomalies.DuplicateJsonKey);
        else if (_work.Keys.Count - frame.KeysStart < ComparedKeysMax) _work.Keys.Add(hash);
    }

    private string? ReadSeparator(ref Step step)
    {
        ref var frame = ref _work.Frames[_depth - 1];
        var mark = _text[_position];
        if (mark == ',')
        {
            _position++;
            if (!frame.IsArray)
            {
                step = Step.Key;
                return null;
            }

            frame.Index++;
            _work.TruncatePath(frame.PathLength);
            NoteCut(_work.TryAppendPath(frame.Index));
            step = Step.Value;
            return null;
        }

        if (mark != (frame.IsArray ? ']' : '}')) return "JSON: a comma or the end of a container is missing.";
        Close(ref step);
        return null;
    }

    /// <summary>
    /// A container with nothing in it is shown as an empty value, or nobody would see the key that it stands under.
    /// </summary>
    private string? CloseEmpty(ref Step step)
    {
        _isQueryKey = false;
        var error = _depth > 1 ? AddLeaf(new Slice(_offset + _position, 0)) : null;
        Close(ref step);
        return error;
    }

    private void Close(ref Step step)
    {
        _position++;
        _depth--;
        _work.Keys.Truncate(_work.Frames[_depth].KeysStart);
        if (_depth > 0) _work.TruncatePath(_work.Frames[_depth].PathLength);
        else _work.TruncatePath(4);
        step = Step.AfterValue;
    }

    private string? AddLeaf(Slice value)
    {
        if (++_leaves > _request.Limits.JsonLeavesMax)
            return _request.Exceed(ExceededLimits.JsonLeaves, "JSON: too many values.");

        if (!_request.Arena.TryAppend(_work.Path, out var name))
        {
            _request.NoMemory();
            return "JSON: no memory.";
        }

        _request.AddArgument(name, value, name, value, ArgumentSource.Json);
        if (_isQueryKey) GraphQlReader.ReadEmbedded(_request, value);
        _isQueryKey = false;
        return null;
    }

    private void AppendPath(ReadOnlySpan<byte> name) => NoteCut(_work.TryAppendPath(name));

    private void NoteCut(bool isWhole)
    {
        if (!isWhole) _request.Note(ExceededLimits.ArgumentBytes);
    }

    private void SkipSpace()
    {
        while (_position < _text.Length && _text[_position] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            _position++;
    }

    private void SkipBetween()
    {
        while (_position < _text.Length && IsBetween(_text[_position])) _position++;
    }

    private static bool IsBetween(byte value) => value is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' or 0x1e;

    private static uint CaseSensitiveHash(ReadOnlySpan<byte> name)
    {
        var hash = 2166136261u;
        foreach (var value in name) hash = (hash ^ value) * 16777619;
        return hash;
    }
}
