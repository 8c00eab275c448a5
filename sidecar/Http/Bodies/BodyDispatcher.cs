namespace WafOperator.Http.Bodies;

/// <summary>Hands a complete body to the reader of its format.</summary>
internal static class BodyDispatcher
{
    public static void Read(CanonicalRequest request)
    {
        switch (request.Processor)
        {
            case BodyFormat.UrlEncoded:
                UrlEncodedReader.Read(request, request.Body, ArgumentSource.Form);
                break;
            case BodyFormat.Json:
                JsonBodyReader.Read(request, IsLines(request));
                break;
            case BodyFormat.Multipart:
                MultipartReader.Read(request);
                break;
            case BodyFormat.Xml:
                XmlBodyReader.Read(request);
                break;
            case BodyFormat.GraphQl:
                GraphQlReader.Read(request);
                break;
            case BodyFormat.None:
            case BodyFormat.Plain:
            default:
                break;
        }
    }

    private static bool IsLines(CanonicalRequest request) =>
        request[request.MediaType].SequenceEqual("application/x-ndjson"u8);
}
