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
            ReadOpaque(request, body);
            return;
        }

        switch (request.Processor)
        {
            case BodyFormat.UrlEncoded:
                ReadForm(request, body);
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
                if (request[body] is [(byte)'<' or (byte)'[' or (byte)'"' or (byte)'-', ..])
                    GuessDocument(request, body);
                // Without escapes the pairs of a form would show nothing that the text does not.
                if (request[body].IndexOfAny((byte)'%', (byte)'+') >= 0) BodyGuess.TryForm(request, body);
                break;
            case BodyFormat.None:
            case BodyFormat.Plain:
            default:
                request.IsBodyRead = ReadUnknown(request, body);
                return;
        }

        request.IsBodyRead = request.BodyError == BodyError.None;
    }

    /// <summary>
    /// The word "form" buys nothing: what is a document is read as one, and what no browser would send under it is said
    /// to be unread, for a program may read the bytes as something else without asking for their type.
    /// </summary>
    private static void ReadForm(CanonicalRequest request, Slice body)
    {
        UrlEncodedReader.Read(request, body, ArgumentSource.Form);
        var guess = GuessDocument(request, body);
        // What begins in ASCII is split as ASCII, and its values are converted one by one.
        if (!Charsets.LooksLikeAscii(request[body]) && BodyDecoder.TryConvert(request, body, out var converted))
        {
            UrlEncodedReader.Read(request, converted, ArgumentSource.Form, isAgain: true);
            (guess, body) = (GuessDocument(request, converted), converted);
        }

        if (guess is Guess.Nothing && FormText.IsOdd(request[body]))
            request.Note(
                FileContent.IsBinary(request[body]) ? UnreadContent.ContentType : UnreadContent.Text, body.Length);
    }

    /// <summary>
    /// Under a coding that is not undone only JSON or XML that goes to its end is surely what the application reads.
    /// A form cannot fail and parts may have anything around them, so the coding may hide something all the same.
    /// </summary>
    private static void ReadOpaque(CanonicalRequest request, Slice body)
    {
        var isDeclared = TryDeclared(request, body);
        // As without a coding: what was declared to be a form may be a document all the same.
        if (isDeclared && request.Processor is not BodyFormat.UrlEncoded) return;
        var guess = BodyGuess.Document(request, body);
        request.IsBodyRead = guess is Guess.Document;
        if (guess is Guess.Nothing or Guess.Stopped && request.Processor is not BodyFormat.UrlEncoded)
            BodyGuess.TryForm(request, body);
    }

    /// <summary>
    /// Also looks for a document in what was declared to be something that cannot fail. One that only a more lenient
    /// reader takes to its end is shown as text, and said not to have been taken apart.
    /// </summary>
    private static Guess GuessDocument(CanonicalRequest request, Slice body)
    {
        var guess = BodyGuess.Document(request, body);
        if (guess is Guess.Stopped) request.Note(UnreadContent.Text, body.Length);
        return guess;
    }

    /// <summary>
    /// Whatever a body of messages is declared to be, a program that does not ask for the type may read it as something
    /// else. Base64 of messages has the letters of a form or of one line, which says nothing about the messages: those
    /// are read behind this.
    /// </summary>
    private static bool ReadUnknown(CanonicalRequest request, Slice body)
    {
        if (BodyGuess.TryDocument(request, body)) return true;
        var isRead = BodyGuess.TryForm(request, body) || TryValue(request, body);
        return isRead && !ContentTypeReader.IsFramed(request[request.MediaType]);
    }

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
        return PartContent.IsPlainValue(request[body]);
    }
}
