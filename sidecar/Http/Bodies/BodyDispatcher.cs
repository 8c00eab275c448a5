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
            case BodyFormat.None:
            case BodyFormat.Plain:
            default:
                break;
        }
    }
}
