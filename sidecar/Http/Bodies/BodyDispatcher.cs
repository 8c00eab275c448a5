using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Hands a complete body to the reader of its format. A body whose format is not declared, not known, or belies its
/// first byte is read in every way that is plausible: a program may not ask for the type.
/// </summary>
internal static class BodyDispatcher
{
    public static void Read(CanonicalRequest request)
    {
        var body = request.Body;
        if (request.IsCodingOpaque)
        {
            var isForm = request.Processor is BodyFormat.UrlEncoded;
            request.IsBodyRead = TryDeclared(request, body);
            // As without a coding: what was declared to be a form may be a document all the same.
            if (isForm || !request.IsBodyRead) request.IsBodyRead |= BodyGuess.TryDocument(request, body);
            if (!isForm && !request.IsBodyRead) request.IsBodyRead = TryOther(request, body, BodyGuess.TryForm);
            return;
        }

        switch (request.Processor)
        {
            case BodyFormat.UrlEncoded:
                UrlEncodedReader.Read(request, body, ArgumentSource.Form);
                BodyGuess.TryDocument(request, body);
                break;
            case BodyFormat.Json:
                JsonBodyReader.Read(request);
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
                request.IsBodyRead = ReadUnknown(request, body);
                return;
        }

        request.IsBodyRead = request.BodyError == BodyError.None;
    }

    private static bool ReadUnknown(CanonicalRequest request, Slice body) => BodyGuess.TryDocument(request, body)
        || TryOther(request, body, static (request, body) => BodyGuess.TryForm(request, body)
            || TryValue(request, body));

    /// <summary>
    /// Whatever a body of messages is declared to be, a program that does not ask for the type may read it as something
    /// else. Base64 of messages has the letters of a form or of one line, which says nothing about the messages: those
    /// are read behind this.
    /// </summary>
    private static bool TryOther(CanonicalRequest request, Slice body, Func<CanonicalRequest, Slice, bool> read) =>
        read(request, body) && !ContentTypeReader.IsFramed(request[request.MediaType]);

    /// <summary>
    /// A program that does not heed a coding it does not know reads the bytes as what they are declared to be. Text
    /// that such a reader cannot take apart is no error: the application may undo the coding itself.
    /// </summary>
    private static bool TryDeclared(CanonicalRequest request, Slice body)
    {
        switch (request.Processor)
        {
            case BodyFormat.UrlEncoded:
                UrlEncodedReader.Read(request, body, ArgumentSource.Form);
                return TextBytes.IsText(request[body], out var isClean) && isClean;
            case BodyFormat.Multipart when MultipartReader.HoldsBoundary(request, body):
                MultipartReader.Read(request);
                return request.BodyError == BodyError.None;
            case BodyFormat.GraphQl:
                Unparsed.Add(request, "graphql.query"u8, body);
                return false;
            default:
                // What documents begin with, BodyGuess looks for.
                return false;
        }
    }

    /// <summary>
    /// One short line is shown as a value: a query in a language of the application, a command, a name.
    /// </summary>
    private static bool TryValue(CanonicalRequest request, Slice body)
    {
        if (!PartContent.IsValue(request[body])) return false;
        Unparsed.Add(request, "body.text"u8, body);
        return true;
    }
}
