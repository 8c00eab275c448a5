using System.Net;
using System.Text;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.Http;
using Ascii = WafOperator.Engine.Values.Ascii;

namespace WafOperator.Engine.Evaluation;

/// <summary>
/// Reads the single-valued fixed variables. One that is absent is an empty value, as in ModSecurity 3.
/// </summary>
internal sealed class ScalarReader(TransactionMemory memory)
{
    private CanonicalRequest? _request;
    private CanonicalResponse? _response;
    private ConnectionFacts _connection;

    public bool HasBody { get; set; }

    public bool HasResponseBody { get; set; }

    public static bool DependsOnBody(VariableId id) => id switch
    {
        VariableId.RequestBody or VariableId.RequestBodyLength or VariableId.FullRequest
            or VariableId.FullRequestLength or VariableId.ArgsCombinedSize or VariableId.FilesCombinedSize
            or VariableId.UrlEncodedError => true,
        >= VariableId.InboundDataError and <= VariableId.MultipartUnmatchedBoundary => true,
        _ => false,
    };

    public void Begin(CanonicalRequest request, in ConnectionFacts connection)
    {
        _request = request;
        _connection = connection;
    }

    public void BeginResponse(CanonicalResponse response) => _response = response;

    public void Reset()
    {
        _request = null;
        _response = null;
        HasBody = HasResponseBody = ForcesBody = false;
    }

    /// <summary>Whether REQUEST_BODY is filled whatever reads the body (<c>ctl:forceRequestBodyVariable</c>).</summary>
    public bool ForcesBody { get; set; }

    public Text Read(VariableId id) => id switch
    {
        <= VariableId.PathInfo => ReadHead(id),
        <= VariableId.FilesCombinedSize => ReadBody(id),
        <= VariableId.UniqueId => ReadConnection(id),
        <= VariableId.ModSecBuild => ReadFlag(id),
        _ => ReadResponse(id),
    };

    private Text ReadHead(VariableId id) => TransactionMemory.OfRequest(id switch
    {
        VariableId.RequestMethod => _request!.Method,
        VariableId.RequestProtocol => _request!.Protocol,
        VariableId.RequestLine => _request!.RequestLine,
        VariableId.RequestUri => _request!.DecodedUri,
        VariableId.RequestUriRaw => _request!.RawUri,
        VariableId.RequestFileName => _request!.Path,
        VariableId.RequestBaseName => _request!.BaseName,
        VariableId.QueryString => _request!.RawQuery,
        _ => _request!.Path,
    });

    /// <summary>
    /// A body whose parts rules see one by one (multipart, JSON, XML, GraphQL) is not shown as a whole as well, as the
    /// reference manual says; one of another type is if it is text, and so is one that could not be read to its end.
    /// </summary>
    private bool ShowsBody =>
        ForcesBody || _request!.BodyError != BodyError.None || _request.Processor is BodyFormat.UrlEncoded
        || _request.Processor is BodyFormat.Plain or BodyFormat.None && !FileContent.IsBinary(_request[_request.Body]);

    private Text ReadBody(VariableId id) => id switch
    {
        VariableId.RequestBody => HasBody && ShowsBody ? TransactionMemory.OfRequest(_request!.Body) : Text.Empty,
        VariableId.RequestBodyLength => HasBody ? memory.Format(_request!.BodyBytesSeen) : Text.Empty,
        VariableId.ArgsCombinedSize => memory.Format(_request!.ArgumentsBytes),
        VariableId.FilesCombinedSize => HasBody ? memory.Format(_request!.FilesBytes) : Text.Empty,
        VariableId.FullRequestLength => memory.Format(FullRequest().Length),
        _ => FullRequest(),
    };

    private Text FullRequest()
    {
        var request = _request!;
        var mark = memory.Mark();
        memory.Extend(TransactionMemory.OfRequest(request.RequestLine));
        memory.Append("\r\n"u8);
        foreach (ref readonly var header in request.Headers)
        {
            memory.Extend(TransactionMemory.OfRequest(header.Name));
            memory.Append(": "u8);
            memory.Extend(TransactionMemory.OfRequest(header.Value));
            memory.Append("\r\n"u8);
        }

        memory.Append("\r\n"u8);
        memory.Extend(HasBody ? TransactionMemory.OfRequest(request.Body) : Text.Empty);
        return memory.Since(mark);
    }

    private Text ReadConnection(VariableId id) => id switch
    {
        VariableId.RemoteAddr or VariableId.RemoteHost => Format(_connection.Client),
        VariableId.RemotePort => memory.Format(_connection.ClientPort),
        VariableId.ServerAddr => Format(_connection.Server),
        VariableId.ServerPort => memory.Format(_connection.ServerPort),
        VariableId.ServerName => ServerName(),
        VariableId.RemoteUser => RemoteUser(),
        VariableId.AuthType => AuthType(),
        _ => Format(_connection.UniqueId),
    };

    private Text Format(IPAddress? address)
    {
        if (address is null || !memory.Reserve(64))
        {
            return Text.Empty;
        }

        var shown = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return shown.TryFormat(memory.Arena.Tail, out var written)
            ? new Text(Origin.Own, memory.Arena.Commit(written))
            : Text.Empty;
    }

    private Text Format(UInt128 id) =>
        memory.Reserve(32) && id.TryFormat(memory.Arena.Tail, out var written, "x32")
            ? new Text(Origin.Own, memory.Arena.Commit(written))
            : Text.Empty;

    private Text ServerName()
    {
        var host = _request!.Host;
        var bytes = _request[host];
        var bracket = bytes.IndexOf((byte)']');
        var colon = bytes[(bracket + 1)..].IndexOf((byte)':');
        return TransactionMemory.OfRequest(colon < 0 ? host : host.Sub(0, bracket + 1 + colon));
    }

    private Text AuthType()
    {
        if (!_request!.TryGetHeader("authorization"u8, out var value))
        {
            return Text.Empty;
        }

        var space = _request[value].IndexOf((byte)' ');
        return TransactionMemory.OfRequest(space < 0 ? value : value.Sub(0, space));
    }

    private Text RemoteUser()
    {
        if (!_request!.TryGetHeader("authorization"u8, out var value))
        {
            return Text.Empty;
        }

        var bytes = _request[value];
        if (bytes.Length <= 6 || !Ascii.EqualsIgnoreCase(bytes[..6], "basic "u8) || !memory.Reserve(bytes.Length))
        {
            return Text.Empty;
        }

        var tail = memory.Arena.Tail;
        System.Buffers.Text.Base64.DecodeFromUtf8(bytes[6..].Trim((byte)' '), tail, out _, out var written);
        var colon = tail[..written].IndexOf((byte)':');
        return colon <= 0 ? Text.Empty : new Text(Origin.Own, memory.Arena.Commit(colon));
    }

    private Text ReadFlag(VariableId id)
    {
        var request = _request!;
        switch (id)
        {
            case VariableId.UrlEncodedError:
                return Flag(request.UrlEncodedError);
            case VariableId.ModSecBuild:
                return memory.Format(30_000_000);
            case VariableId.OutboundDataError:
                return Flag(_response is not null && (_response.Exceeded & ExceededLimits.ResponseBodyBytes) != 0);
            case VariableId.ReqBodyProcessor:
                return memory.Append(ProcessorName(request.Processor));
        }

        if (!HasBody)
        {
            return Text.Empty;
        }

        return id switch
        {
            VariableId.InboundDataError => Flag(
                (request.Exceeded & (ExceededLimits.BodyBytes | ExceededLimits.BodyNoFilesBytes)) != 0),
            VariableId.ReqBodyError or VariableId.ReqBodyProcessorError => Flag(request.BodyError != BodyError.None),
            VariableId.ReqBodyErrorMsg or VariableId.ReqBodyProcessorErrorMsg => AppendText(request.BodyErrorMessage),
            _ => request.Processor == BodyFormat.Multipart ? ReadMultipartFlag(id, request) : Text.Empty,
        };
    }

    private Text AppendText(string text)
    {
        if (text.Length == 0 || !memory.Reserve(text.Length * 3))
        {
            return Text.Empty;
        }

        var written = Encoding.UTF8.GetBytes(text, memory.Arena.Tail);
        return new Text(Origin.Own, memory.Arena.Commit(written));
    }

    internal static ReadOnlySpan<byte> ProcessorName(BodyFormat format) => format switch
    {
        BodyFormat.UrlEncoded => "URLENCODED"u8,
        BodyFormat.Multipart => "MULTIPART"u8,
        BodyFormat.Json => "JSON"u8,
        BodyFormat.Xml => "XML"u8,
        BodyFormat.GraphQl => "GRAPHQL"u8,
        _ => default,
    };

    private Text ReadMultipartFlag(VariableId id, CanonicalRequest request)
    {
        var flags = request.Multipart;
        if (id == VariableId.MultipartUnmatchedBoundary)
        {
            return memory.Format((flags & MultipartFlags.UnmatchedBoundaryInside) != 0 ? 2
                : (flags & MultipartFlags.UnmatchedBoundary) != 0 ? 1 : 0);
        }

        return Flag(id switch
        {
            VariableId.MultipartStrictError => request.MultipartStrictError,
            VariableId.MultipartCrlfLfLines =>
                (flags & MultipartFlags.LfLine) != 0 && (flags & MultipartFlags.CrLfLine) != 0,
            _ => (flags & id switch
            {
                VariableId.MultipartBoundaryQuoted => MultipartFlags.BoundaryQuoted,
                VariableId.MultipartBoundaryWhitespace => MultipartFlags.BoundaryWhitespace,
                VariableId.MultipartDataAfter => MultipartFlags.DataAfter,
                VariableId.MultipartDataBefore => MultipartFlags.DataBefore,
                VariableId.MultipartFileLimitExceeded => MultipartFlags.FileLimitExceeded,
                VariableId.MultipartHeaderFolding => MultipartFlags.HeaderFolding,
                VariableId.MultipartInvalidHeaderFolding => MultipartFlags.InvalidHeaderFolding,
                VariableId.MultipartInvalidPart => MultipartFlags.InvalidPart,
                VariableId.MultipartInvalidQuoting => MultipartFlags.InvalidQuoting,
                VariableId.MultipartLfLine => MultipartFlags.LfLine,
                _ => MultipartFlags.MissingSemicolon,
            }) != 0,
        });
    }

    private Text ReadResponse(VariableId id)
    {
        if (_response is not { } response)
        {
            return Text.Empty;
        }

        return id switch
        {
            VariableId.ResponseStatus => memory.Format(response.Status),
            VariableId.ResponseProtocol => TransactionMemory.OfResponse(response.Protocol),
            VariableId.ResponseContentType => TransactionMemory.OfResponse(response.ContentType),
            VariableId.ResponseContentLength => memory.Format(response.BodyBytesSeen),
            VariableId.ResponseBody => HasResponseBody ? TransactionMemory.OfResponse(response.Body) : Text.Empty,
            _ => StatusLine(response),
        };
    }

    private Text StatusLine(CanonicalResponse response)
    {
        var mark = memory.Mark();
        memory.Extend(TransactionMemory.OfResponse(response.Protocol));
        memory.Append(" "u8);
        memory.Format(response.Status);
        return memory.Since(mark);
    }

    private Text Flag(bool value) => memory.Append(value ? "1"u8 : "0"u8);
}
