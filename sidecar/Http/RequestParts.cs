using System.Buffers;
using System.Text;
using WafOperator.Http.Decoding;

namespace WafOperator.Http;

/// <summary>What a part of a request is, for models and reports.</summary>
public enum PartKind : byte
{
    /// <summary>The decoded path; no name.</summary>
    Path,

    /// <summary>A query argument.</summary>
    QueryArgument,

    /// <summary>A header, without those that only steer the connection.</summary>
    Header,

    /// <summary>A cookie.</summary>
    Cookie,

    /// <summary>An argument of the body.</summary>
    BodyArgument,

    /// <summary>A text of an XML body, named by its path.</summary>
    XmlText,

    /// <summary>An attribute of an XML body, named by its path.</summary>
    XmlAttribute,

    /// <summary>Field and name of an uploaded file.</summary>
    FileName,

    /// <summary>
    /// What a part's own header says beyond field and file name, named by its field: the value, or of a disposition one
    /// parameter.
    /// </summary>
    PartHeader,

    /// <summary>A body nothing was read from: its beginning; of an XML body that declares a document type,
    /// that declaration; the beginning of uploaded text files, named by their field; and of all that is binary the text
    /// that a server or a browser would run.</summary>
    Body,
}

/// <summary>A part of a request: kind, name and value. The name is empty where the kind has none.</summary>
public readonly record struct RequestPart(PartKind Kind, Slice Name, Slice Value);

/// <summary>
/// Walks the parts of a request that models look at, in a fixed order and without allocation:
/// <c>foreach (var part in new RequestParts(request))</c>.
/// </summary>
/// <param name="request">A request after EndHeaders; body parts appear after EndBody.</param>
public ref struct RequestParts(CanonicalRequest request)
{
    /// <summary>Bytes of an unread body that are shown as one part.</summary>
    public const int BodyPartBytesMax = 16 * 1024;

    /// <summary>Bytes of an uploaded text file that are shown, and of each text within a binary one.</summary>
    public const int FilePartBytesMax = 4 * 1024;

    /// <summary>Texts that are shown of one file or body beyond its beginning.</summary>
    public const int ActivePartsMax = 8;

    private const int DoctypeBytesMax = 4096;

    /// <summary>What hosts, dates, entity tags and names of protocols and codings consist of.</summary>
    private static readonly SearchValues<byte> Steering = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \t\",;:=._+/*-[]~"u8);

    private PartKind _kind = PartKind.Path;
    private int _index = -1;

    /// <summary>What is still to be searched of the file or body that was shown last; and texts found in it.</summary>
    private Slice _rest;
    private int _found = -1;

    /// <summary>The part just reached.</summary>
    public RequestPart Current { get; private set; }

    /// <summary>This walk itself.</summary>
    public readonly RequestParts GetEnumerator() => this;

    /// <summary>Goes to the next part; false at the end.</summary>
    public bool MoveNext()
    {
        while (_kind <= PartKind.Body)
        {
            if (TryNext()) return true;
            _kind++;
            _index = -1;
        }

        return false;
    }

    private bool TryNext()
    {
        _index++;
        switch (_kind)
        {
            case PartKind.Path:
                return _index == 0 && Show(default, request.Path);
            case PartKind.QueryArgument:
                return _index < request.QueryArguments.Length && Show(request.QueryArguments[_index]);
            case PartKind.Header:
                return NextHeader();
            case PartKind.Cookie:
                return _index < request.Cookies.Length
                    && Show(request.Cookies[_index].Name, request.Cookies[_index].Value);
            case PartKind.BodyArgument:
                return _index < request.BodyArguments.Length && Show(request.BodyArguments[_index]);
            case PartKind.XmlText:
                return _index < request.XmlTexts.Length
                    && Show(request.XmlTexts[_index].Path, request.XmlTexts[_index].Value);
            case PartKind.XmlAttribute:
                return _index < request.XmlAttributes.Length
                    && Show(request.XmlAttributes[_index].Path, request.XmlAttributes[_index].Value);
            case PartKind.FileName:
                return _index < request.Files.Length
                    && Show(request.Files[_index].FieldName, request.Files[_index].FileName);
            case PartKind.PartHeader:
                return NextPartHeader();
            default:
                return ShowBody();
        }
    }

    private bool NextHeader()
    {
        for (; _index < request.Headers.Length; _index++)
        {
            ref readonly var header = ref request.Headers[_index];
            var name = request[header.LowerName];
            if (IsShown(name) || !name.SequenceEqual("cookie"u8) && HoldsMore(request[header.Value]))
                return Show(header.LowerName, header.Value);
        }

        return false;
    }

    private bool NextPartHeader()
    {
        for (; _index < request.PartHeaders.Length; _index++)
        {
            ref readonly var header = ref request.PartHeaders[_index];
            if (_found < 0) _found = 0;
            if (PartHeaderText.TryNext(request, header.Line, ref _found, out var text))
            {
                Show(header.PartName, text);
                return Stay();
            }

            _found = -1;
        }

        return false;
    }

    private static bool HoldsMore(ReadOnlySpan<byte> value) =>
        value.ContainsAnyExcept(Steering) || value.IndexOf(".."u8) >= 0;

    /// <summary>
    /// All but routing, hop-by-hop fields and validators, which are shown only where they hold more than such fields
    /// need: applications log them as any other. Cookies are parts of their own.
    /// </summary>
    private static bool IsShown(ReadOnlySpan<byte> lowerName) => lowerName.Length switch
    {
        2 => !lowerName.SequenceEqual("te"u8),
        4 => !lowerName.SequenceEqual("host"u8) && !lowerName.SequenceEqual("date"u8)
            && !lowerName.SequenceEqual("etag"u8),
        6 => !lowerName.SequenceEqual("cookie"u8),
        7 => !lowerName.SequenceEqual("upgrade"u8),
        8 => !lowerName.SequenceEqual("if-match"u8),
        10 => !lowerName.SequenceEqual("connection"u8),
        13 => !lowerName.SequenceEqual("if-none-match"u8),
        14 => !lowerName.SequenceEqual("content-length"u8),
        17 => !lowerName.SequenceEqual("transfer-encoding"u8) && !lowerName.SequenceEqual("if-modified-since"u8)
            && !lowerName.SequenceEqual("sec-websocket-key"u8),
        _ => true,
    };

    /// <summary>
    /// First the body itself where it has something that no argument holds, then the uploaded files: of text the
    /// beginning, of anything what would run wherever it stands.
    /// </summary>
    private bool ShowBody()
    {
        for (; _index <= request.Files.Length; _index++)
        {
            if (_found < 0 && (_index == 0 ? ShowUnreadBody() : ShowFile(request.Files[_index - 1]))) return Stay();
            if (ShowActive()) return Stay();
            _found = -1;
        }

        return false;
    }

    /// <summary>The same file or body is asked again.</summary>
    private bool Stay()
    {
        _index--;
        return true;
    }

    private bool ShowFile(in UploadedFile file)
    {
        (_rest, _found) = (file.Content, 0);
        if (file.Content.IsEmpty || FileContent.IsBinary(request[file.Content])) return false;
        var head = file.Content.Sub(0, Math.Min(file.Content.Length, FilePartBytesMax));
        _rest = file.Content.From(head.Length);
        return Show(file.FieldName, head);
    }

    private bool ShowActive()
    {
        if (_found >= ActivePartsMax || _rest.IsEmpty) return false;
        var at = FileContent.FindActive(request[_rest], _found == 0);
        if (at < 0) return false;
        var text = _rest.Sub(at, Math.Min(_rest.Length - at, FilePartBytesMax));
        _rest = _rest.From(at + text.Length);
        _found++;
        return Show(_index == 0 ? default : request.Files[_index - 1].FieldName, text);
    }

    private bool ShowUnreadBody()
    {
        var body = request.Body;
        (_rest, _found) = (default, 0);
        if (body.IsEmpty) return false;
        if (!request.IsBodyRead)
        {
            _rest = body;
            if (FileContent.IsBinary(request[body])) return false;
            var head = body.Sub(0, Math.Min(body.Length, BodyPartBytesMax));
            _rest = body.From(head.Length);
            return Show(default, head);
        }

        var doctype = DoctypeStart(request[body]);
        return doctype >= 0 && Show(default, body.Sub(doctype, Math.Min(body.Length - doctype, DoctypeBytesMax)));
    }

    /// <summary>
    /// Where an XML body declares its type, or -1: no argument holds that, and it is where external entities are
    /// named.
    /// </summary>
    private static int DoctypeStart(ReadOnlySpan<byte> body)
    {
        if (body.TrimStart(" \t\r\n\uFEFF"u8) is not [(byte)'<', ..]) return -1;
        var head = body[..Math.Min(body.Length, DoctypeBytesMax)];
        for (var at = head.IndexOf("<!"u8); at >= 0;)
        {
            if (Ascii.EqualsIgnoreCase(head.Slice(at + 2, Math.Min(7, head.Length - at - 2)), "doctype"u8)) return at;
            var next = head[(at + 2)..].IndexOf("<!"u8);
            at = next < 0 ? -1 : at + 2 + next;
        }

        return -1;
    }

    private bool Show(in Argument argument) => Show(argument.Name, argument.Value);

    private bool Show(Slice name, Slice value)
    {
        Current = new RequestPart(_kind, name, value);
        return true;
    }
}
