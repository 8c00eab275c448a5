using System.Text;
using WafOperator.Http;

namespace WafOperator.Fuzz.Targets;

/// <summary>Everything a request says, as one text, touching every slice on the way.</summary>
internal static class HttpSnapshot
{
    public static string Of(CanonicalRequest request)
    {
        var text = new StringBuilder();
        text.Append($"{request.Anomalies}|{request.Exceeded}|{request.Multipart}|{request.BodyError}|"
            + $"{request.UrlEncodedError}|");
        text.Append($"{request.Format}|{request.QueryArgumentCount}|{request.BodyBytesSeen}|{request.FilesBytes}\n");
        foreach (var argument in request.Arguments)
            Add(text, request, argument.Name, argument.Value, argument.RawName, argument.RawValue);
        foreach (var file in request.Files) Add(text, request, file.FieldName, file.FileName, file.ContentType,
            file.Content);
        foreach (var header in request.PartHeaders) Add(text, request, header.PartName, header.Line);
        foreach (var value in request.XmlTexts) Add(text, request, value.Path, value.Value);
        foreach (var value in request.XmlAttributes) Add(text, request, value.Path, value.Value);
        foreach (var cookie in request.Cookies) Add(text, request, cookie.Name, cookie.Value);
        foreach (var header in request.Headers) Add(text, request, header.Name, header.LowerName, header.Value);
        foreach (var part in new RequestParts(request)) Add(text, request, part.Name, part.Value);
        Add(text, request, request.Body, request.RawBody, request.XmlContent, request.MultipartName,
            request.MultipartFileName);
        Add(text, request, request.Path, request.NormalPath, request.BaseName, request.RawQuery, request.DecodedUri);
        return text.ToString();
    }

    private static void Add(StringBuilder text, CanonicalRequest request, params ReadOnlySpan<Slice> slices)
    {
        foreach (var slice in slices) text.Append(Encoding.Latin1.GetString(request[slice])).Append('\u0001');
        text.Append('\n');
    }
}
