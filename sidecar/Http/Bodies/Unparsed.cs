using WafOperator.Http.Decoding;

namespace WafOperator.Http.Bodies;

/// <summary>
/// What a reader could not take apart is still looked at: as one argument with the text as it came, or of bytes that
/// are no text with the texts in them.
/// </summary>
internal static class Unparsed
{
    public static void Add(CanonicalRequest request, ReadOnlySpan<byte> name, Slice rest)
    {
        if (rest.IsEmpty) return;
        if (!TextBytes.IsText(request[rest], out _) && !TextRuns.TryKeep(request, rest, out rest)) return;
        if (!request.Arena.TryAppend(name, out var nameSlice)) { request.NoMemory(); return; }
        var source = name.StartsWith("multipart"u8) ? ArgumentSource.Multipart
            : name.StartsWith("graphql"u8) ? ArgumentSource.GraphQl
            : ArgumentSource.Json;
        request.Note(Utf8Facts.Of(request[rest]));
        request.AddRest(nameSlice, rest, source);
    }
}
