using WafOperator.Engine.Transformations;

namespace WafOperator.Engine.Detectors;

/// <summary>
/// Walks tags and attributes as the tokenizer of the HTML standard does (section 13.2.5), but only as far as it takes
/// to see what would run. One pass for data; a tag's attributes are read once.
/// </summary>
internal static class HtmlScanner
{
    /// <summary>
    /// Markup inside of attribute values is read as well, since browsers disagree on where values end; so many times
    /// the input's length may be spent on that.
    /// </summary>
    private const int RereadMax = 4;

    /// <summary>Reads the input as text between tags. Returns what was found, empty for nothing.</summary>
    public static XssFinding FindInData(ReadOnlySpan<byte> input)
    {
        var rest = input;
        var budget = (long)input.Length * RereadMax;
        while (true)
        {
            var next = rest.IndexOf((byte)'<');
            if (next < 0 || next + 1 >= rest.Length) return XssFinding.None;
            rest = rest[(next + 1)..];
            if (rest[0] == '/' && rest.Length > 1) rest = rest[1..];
            var first = rest[0];
            if (char.IsAsciiLetter((char)first))
            {
                var behind = rest;
                if (FindInStartTag(ref behind) is not XssFinding.None and var found) return found;
                budget -= rest.Length - behind.Length;
                rest = budget > 0 ? rest[1..] : behind;
            }
            else if (first is (byte)'!' or (byte)'?' or (byte)'%')
            {
                if (IsActiveDeclaration(rest)) return XssFinding.Declaration;
            }
        }
    }

    /// <summary>
    /// Reads the input as the inside of a tag, from behind an attribute's value. Where no quote was closed
    /// (<paramref name="isBare"/>) prose is likelier, so a handler's value must look like code.
    /// </summary>
    public static XssFinding FindInTag(ReadOnlySpan<byte> input, bool isBare)
    {
        var rest = input;
        return FindInAttributes(ref rest, isBare, isInTag: false);
    }

    private static XssFinding FindInStartTag(ref ReadOnlySpan<byte> rest)
    {
        var length = 0;
        while (length < rest.Length && !Bytes.IsSpace(rest[length])
            && rest[length] is not ((byte)'/' or (byte)'>' or (byte)'<')) length++;
        var name = rest[..length];
        var isComplete = length < rest.Length;
        rest = rest[length..];
        if (HtmlNames.IsActiveTag(name.TrimEnd("\"'`"u8)) && (isComplete || name.Length > 3)) return XssFinding.Tag;
        var isStyle = name.Length == 5 && (name[0] | 0x20) == 's' && (name[1] | 0x20) == 't' && (name[4] | 0x20) == 'e';
        var content = rest;
        if (FindInAttributes(ref rest, isBare: false, isInTag: true) is not XssFinding.None and var found) return found;
        return isStyle && ScriptText.IsActiveStyle(content) ? XssFinding.Style : XssFinding.None;
    }

    private static XssFinding FindInAttributes(ref ReadOnlySpan<byte> rest, bool isBare, bool isInTag)
    {
        while (true)
        {
            var skip = 0;
            while (skip < rest.Length && (Bytes.IsSpace(rest[skip])
                || rest[skip] is (byte)'/' or (byte)'"' or (byte)'\'' or (byte)'`' or 0)) skip++;
            rest = rest[skip..];
            if (rest.IsEmpty) return XssFinding.None;
            if (rest[0] is (byte)'>' or (byte)'<') return XssFinding.None;
            var length = 0;
            while (length < rest.Length && !Bytes.IsSpace(rest[length])
                && rest[length] is not ((byte)'=' or (byte)'>' or (byte)'/')) length++;
            if (length == 0) length = 1;
            var name = rest[..length];
            rest = rest[length..];
            if (!TryReadValue(ref rest, out var value)) continue;
            if (Judge(name, value, isBare, isInTag) is not XssFinding.None and var found) return found;
        }
    }

    private static bool TryReadValue(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        value = default;
        var after = SkipSpace(rest);
        if (after.IsEmpty || after[0] != '=') return false;
        after = SkipSpace(after[1..]);
        if (!after.IsEmpty && after[0] is (byte)'"' or (byte)'\'' or (byte)'`')
        {
            var end = after[1..].IndexOf(after[0]);
            value = end < 0 ? after[1..] : after.Slice(1, end);
            rest = end < 0 ? default : after[(end + 2)..];
            return true;
        }

        var length = 0;
        while (length < after.Length && !Bytes.IsSpace(after[length]) && after[length] != '>'
            && !IsGluedHandler(after[length..])) length++;
        value = after[..length];
        rest = after[length..];
        return true;
    }

    /// <summary>x/onerror=: lenient parsers end the value at the slash.</summary>
    private static bool IsGluedHandler(ReadOnlySpan<byte> rest) =>
        rest.Length > 3 && rest[0] == '/' && (rest[1] | 0x20) == 'o' && (rest[2] | 0x20) == 'n';

    private static XssFinding Judge(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isBare, bool isInTag)
    {
        name = name.Trim("\"'`\0"u8);
        if (HtmlNames.IsHandler(name))
        {
            if (isInTag) return XssFinding.Handler;
            return IsCode(value, isBare) ? XssFinding.Attribute : XssFinding.None;
        }

        if (ScriptText.IsActiveUrl(value) && (isInTag || HtmlNames.IsUrlAttribute(name))) return XssFinding.Link;
        if (Equals(name, "style"u8) && ScriptText.IsActiveStyle(value) && (isInTag
            || value.ContainsAny("(:"u8))) return XssFinding.Style;
        if (isInTag && (Equals(name, "srcdoc"u8) || Equals(name, "formaction"u8) || Equals(name, "http-equiv"u8)))
            return XssFinding.Frame;
        return XssFinding.None;
    }

    /// <summary>A handler's value outside of a tag: a call, an assignment or a path of names.</summary>
    private static bool IsCode(ReadOnlySpan<byte> value, bool isBare) =>
        value.ContainsAny("(`"u8) || value.Contains((byte)'=') && !isBare || ScriptText.HoldsAction(value)
        || !isBare && value.ContainsAny(".[\\&"u8);

    /// <summary>Declarations that load, and comments that old browsers read as markup.</summary>
    private static bool IsActiveDeclaration(ReadOnlySpan<byte> rest)
    {
        var head = rest[..Math.Min(rest.Length, 64)];
        if (head[0] == '!')
            return ScriptText.Holds(head[..Math.Min(head.Length, 16)], "!entity"u8)
                || ScriptText.Holds(head[..Math.Min(head.Length, 10)], "!--[if"u8)
                || ScriptText.Holds(head[..Math.Min(head.Length, 9)], "!attlist"u8);
        return ScriptText.Holds(head[..Math.Min(head.Length, 16)], "import"u8)
            || ScriptText.Holds(head, "xml-stylesheet"u8);
    }

    private static bool Equals(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower)
    {
        if (name.Length != lower.Length) return false;
        for (var i = 0; i < name.Length; i++)
        {
            if ((name[i] | 0x20) != lower[i] && name[i] != lower[i]) return false;
        }

        return true;
    }

    private static ReadOnlySpan<byte> SkipSpace(ReadOnlySpan<byte> rest)
    {
        var skip = 0;
        while (skip < rest.Length && Bytes.IsSpace(rest[skip])) skip++;
        return rest[skip..];
    }
}
