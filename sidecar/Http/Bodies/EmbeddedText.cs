using System.Buffers;

namespace WafOperator.Http.Bodies;

/// <summary>
/// Shows values a second time with the escapes undone that a program undoes after the request was read: JSON in a
/// parameter, in a field, in a string of JSON. The name stays, so that an exclusion for the value holds for both.
/// </summary>
internal static class EmbeddedText
{
    /// <summary>JSON in a string of JSON in a string of JSON.</summary>
    private const int RoundsMax = 3;

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);

    /// <summary>Looks at all arguments from an index on.</summary>
    public static void Show(CanonicalRequest request, int first)
    {
        var count = request.Arguments.Length;
        for (var i = first; i < count; i++)
        {
            var argument = request.Arguments[i];
            var value = argument.Value;
            for (var round = 0; round < RoundsMax && IsEscapedJson(request[value]); round++)
            {
                if (!TryUnescape(request, value, out var shown)) break;
                request.AddArgument(
                    argument.Name, shown, argument.RawName, argument.RawValue, argument.Source, isAgain: true);
                value = shown;
            }
        }
    }

    /// <summary>
    /// Text that a reader of JSON may be given, or of a form whose field holds it, with something in it that is undone.
    /// </summary>
    private static bool IsEscapedJson(ReadOnlySpan<byte> value)
    {
        if (value.Length < 4 || !value.Contains((byte)'\\')) return false;
        var start = value.IndexOfAnyExcept(Blanks);
        if (start < 0) return false;
        return value[start] is (byte)'{' or (byte)'[' or (byte)'"'
            || value.IndexOf("={"u8) >= 0 || value.IndexOf("=["u8) >= 0 || value.IndexOf("=\""u8) >= 0;
    }

    /// <summary>Undoes escapes wherever they stand: how the text is nested does not matter.</summary>
    private static bool TryUnescape(CanonicalRequest request, Slice value, out Slice shown)
    {
        shown = default;
        if (!request.Arena.TryReserve(value.Length))
        {
            request.NoMemory();
            return false;
        }

        var written = JsonText.UnescapeAll(request[value], request.Arena.Tail);
        if (request[value].SequenceEqual(request.Arena.Tail[..written])) return false;
        shown = request.Arena.Commit(written);
        return true;
    }
}
