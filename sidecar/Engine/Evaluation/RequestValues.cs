using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.Http;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// The fixed variables of a request and response as lists of values, each built when the first rule asks for it. Values
/// point into the request; nothing is copied. What depends on the body is read again once the body is there.
/// </summary>
internal sealed class RequestValues(TransactionMemory memory)
{
    private readonly ValueList[] _lists = CreateLists();
    private readonly ScalarReader _scalars = new(memory);
    private CanonicalRequest? _request;
    private CanonicalResponse? _response;

    public CanonicalRequest Request => _request!;

    public ReadOnlySpan<byte> Bytes(Text text) => memory[text];

    public void Begin(CanonicalRequest request, in ConnectionFacts connection)
    {
        _request = request;
        _scalars.Begin(request, connection);
    }

    /// <summary>The body has been read: what depends on it is built anew.</summary>
    public void OnBody()
    {
        foreach (var id in BodyLists)
        {
            _lists[(int)id].Clear();
        }

        _lists[(int)VariableId.Args].IsBuilt = false;
        _lists[(int)VariableId.ArgsNames].IsBuilt = false;
        _scalars.HasBody = true;
        for (var id = VariableNames.LastCollection + 1; id <= VariableNames.LastStatic; id++)
        {
            if (ScalarReader.DependsOnBody(id))
            {
                _lists[(int)id].Clear();
            }
        }
    }

    public void OnProcessorChosen() => _lists[(int)VariableId.ReqBodyProcessor].Clear();

    public void ForceBody() => _scalars.ForcesBody = true;

    public void OnResponse(CanonicalResponse response)
    {
        _response = response;
        _scalars.BeginResponse(response);
        for (var id = VariableId.ResponseStatus; id <= VariableNames.LastStatic; id++)
        {
            _lists[(int)id].Clear();
        }
    }

    public void OnResponseBody()
    {
        _scalars.HasResponseBody = true;
        _lists[(int)VariableId.ResponseBody].Clear();
    }

    public void Reset()
    {
        foreach (var list in _lists)
        {
            if (list.IsBuilt || list.Count > 0)
            {
                list.Clear();
            }
        }

        _request = null;
        _response = null;
        _scalars.Reset();
    }

    /// <summary>The values of a variable.</summary>
    public ValueList this[VariableId id]
    {
        get
        {
            var list = _lists[(int)id];
            if (!list.IsBuilt)
            {
                Build(id, list);
                list.IsBuilt = true;
            }

            return list;
        }
    }

    private static readonly VariableId[] BodyLists =
    [
        VariableId.ArgsPost, VariableId.ArgsPostNames, VariableId.Files, VariableId.FilesNames, VariableId.FilesSizes,
        VariableId.FilesTmpContent, VariableId.FilesTmpNames, VariableId.MultipartPartHeaders,
        VariableId.MultipartFileName, VariableId.MultipartName, VariableId.XmlContent, VariableId.XmlAttributes,
    ];

    private static ValueList[] CreateLists()
    {
        var lists = new ValueList[(int)VariableNames.LastStatic + 1];
        for (var i = 0; i < lists.Length; i++)
        {
            lists[i] = new ValueList();
        }

        return lists;
    }

    private void Build(VariableId id, ValueList list)
    {
        switch (id)
        {
            case VariableId.Args or VariableId.ArgsNames:
                AddArguments(list, _request!.Arguments[list.SourceRead..], id == VariableId.ArgsNames);
                list.SourceRead = _request.Arguments.Length;
                break;
            case VariableId.ArgsGet or VariableId.ArgsGetNames:
                AddArguments(list, _request!.QueryArguments, id == VariableId.ArgsGetNames);
                break;
            case VariableId.ArgsPost or VariableId.ArgsPostNames:
                AddArguments(list, _request!.BodyArguments, id == VariableId.ArgsPostNames);
                break;
            case VariableId.RequestHeaders or VariableId.RequestHeadersNames:
                AddHeaders(list, _request!.Headers, Origin.Request, id == VariableId.RequestHeadersNames);
                break;
            case VariableId.ResponseHeaders or VariableId.ResponseHeadersNames when _response is not null:
                AddHeaders(list, _response.Headers, Origin.Response, id == VariableId.ResponseHeadersNames);
                break;
            case VariableId.RequestCookies or VariableId.RequestCookiesNames:
                AddCookies(list, id == VariableId.RequestCookiesNames);
                break;
            case >= VariableId.Files and <= VariableId.FilesTmpNames:
                AddFiles(list, id);
                break;
            case >= VariableId.MultipartPartHeaders and <= VariableId.XmlAttributes:
                AddParts(list, id);
                break;
            case > VariableNames.LastCollection:
                list.Add(Value.Of(Text.Empty, _scalars.Read(id), 0));
                break;
        }
    }

    private static void AddArguments(ValueList list, ReadOnlySpan<Argument> arguments, bool names)
    {
        foreach (ref readonly var argument in arguments)
        {
            var name = TransactionMemory.OfRequest(argument.Name);
            list.Add(Value.Of(name, names ? name : TransactionMemory.OfRequest(argument.Value), argument.NameHash));
        }
    }

    private static void AddHeaders(ValueList list, ReadOnlySpan<Header> headers, Origin origin, bool names)
    {
        foreach (ref readonly var header in headers)
        {
            var name = new Text(origin, header.Name);
            list.Add(Value.Of(name, names ? name : new Text(origin, header.Value), header.NameHash));
        }
    }

    private void AddCookies(ValueList list, bool names)
    {
        foreach (ref readonly var cookie in _request!.Cookies)
        {
            var name = TransactionMemory.OfRequest(cookie.Name);
            list.Add(Value.Of(name, names ? name : TransactionMemory.OfRequest(cookie.Value), cookie.NameHash));
        }
    }

    private void AddFiles(ValueList list, VariableId id)
    {
        foreach (ref readonly var file in _request!.Files)
        {
            var name = TransactionMemory.OfRequest(file.FieldName);
            var bytes = id switch
            {
                VariableId.Files => TransactionMemory.OfRequest(file.FileName),
                VariableId.FilesNames => name,
                VariableId.FilesSizes => memory.Format(file.Size),
                VariableId.FilesTmpContent => TransactionMemory.OfRequest(file.Content),
                _ => Text.Empty,
            };
            list.Add(Value.Of(name, bytes, NameHash.Of(memory[name])));
        }
    }

    private void AddParts(ValueList list, VariableId id)
    {
        var request = _request!;
        switch (id)
        {
            case VariableId.MultipartPartHeaders:
                foreach (ref readonly var header in request.PartHeaders)
                {
                    list.Add(Value.Of(
                        TransactionMemory.OfRequest(header.PartName), TransactionMemory.OfRequest(header.Line),
                        NameHash.Of(request[header.PartName])));
                }

                break;
            case VariableId.XmlAttributes:
                foreach (ref readonly var attribute in request.XmlAttributes)
                {
                    list.Add(Value.Of(
                        TransactionMemory.OfRequest(attribute.Path), TransactionMemory.OfRequest(attribute.Value), 0));
                }

                break;
            default:
                AddOne(list, id switch
                {
                    VariableId.MultipartFileName => request.MultipartFileName,
                    VariableId.MultipartName => request.MultipartName,
                    _ => request.XmlContent,
                });
                // Rule sets look at XML:/* alone, and attributes carry values as elements do.
                if (id == VariableId.XmlContent) AddOne(list, request.XmlAttributeContent);
                break;
        }
    }

    private static void AddOne(ValueList list, Slice slice)
    {
        if (!slice.IsEmpty)
        {
            list.Add(Value.Of(Text.Empty, TransactionMemory.OfRequest(slice), 0));
        }
    }
}
