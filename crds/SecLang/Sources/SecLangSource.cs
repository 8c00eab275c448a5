using System.Text;

namespace WafOperator.SecLang;

/// <summary>
/// One file of rules. SecLang is a language of bytes: <see cref="Text"/> holds one char per byte (Latin-1), so that a
/// pattern written in UTF-8 matches the same bytes in a request.
/// </summary>
public sealed record SecLangSource(string Name, string Text)
{
    /// <summary>A source from a file's bytes.</summary>
    public static SecLangSource FromBytes(string name, ReadOnlySpan<byte> bytes) =>
        new(name, Encoding.Latin1.GetString(bytes));

    /// <summary>
    /// A source from ordinary text (a policy's inline rules): encoded as UTF-8, then read byte by byte.
    /// </summary>
    public static SecLangSource FromText(string name, string text) => FromBytes(name, Encoding.UTF8.GetBytes(text));
}
