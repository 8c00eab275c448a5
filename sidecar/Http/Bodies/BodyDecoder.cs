namespace WafOperator.Http.Bodies;

/// <summary>Undoes content codings and charsets before a body is read.</summary>
internal static class BodyDecoder
{
    /// <summary>False when the body cannot be read; the request then says why.</summary>
    public static bool TryDecode(CanonicalRequest request) => request.BodyError == BodyError.None;
}
