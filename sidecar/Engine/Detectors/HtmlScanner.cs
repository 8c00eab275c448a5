using WafOperator.Engine.Transformations;

namespace WafOperator.Engine.Detectors;

/// <summary>
/// Walks tags and attributes as the tokenizer of the HTML standard does (section 13.2.5), but only as far as it takes
/// to see what would run. One pass for data; a tag's attributes are read once. What is read is paid for in steps; once
/// they are used up, nothing is found any more.
/// </summary>
internal static class HtmlScanner
{
    /// <summary>
    /// Markup inside of attribute values is read as well, since browsers disagree on where values end; so many times
    /// the input's length may be spent on that.
    /// </summary>
    private const int RereadMax = 4;

    private const int StepsPerByte = 2;
    private const int StepsPerBracket = 12;
    private const int StepsPerTag = 40;
    private const int StepsPerAttribute = 24;

    /// <summary>Reads the input as text between tags. Returns what was found, empty for nothing.</summary>
    public static XssFinding FindInData(ReadOnlySpan<byte> input, ref long steps)
    {
        var rest = input;
        var budget = (long)input.Length * RereadMax;
        var isStyleRead = false;
        while (steps >= 0)
        {
            var next = rest.IndexOf((byte)'<');
            steps -= StepsPerBracket + ((next < 0 ? rest.Length : next) / ScriptText.BytesPerStep);
            if (next < 0 || next + 1 >= rest.Length) return XssFinding.None;
            rest = rest[(next + 1)..];
            if (rest[0] == '/' && rest.Length > 1) rest = rest[1..];
            var first = rest[0];
            if (char.IsAsciiLetter((char)first))
            {
                var behind = rest;
                var found = FindInStartTag(ref behind, ref isStyleRead, ref steps);
                if (found != XssFinding.None) return found;
                budget -= rest.Length - behind.Length;
                rest = budget > 0 ? rest[1..] : behind;
            }
            else if (first is (byte)'!' or (byte)'?' or (byte)'%')
            {
                if (IsActiveDeclaration(rest, ref steps)) return XssFinding.Declaration;
            }
        }

        return XssFinding.None;
    }

    /// <summary>
    /// Reads the input as the inside of a tag, from behind an attribute's value. Where no quote was closed
    /// (<paramref name="isBare"/>) prose is likelier, so a handler's value must look like code.
    /// </summary>
    public static XssFinding FindInTag(ReadOnlySpan<byte> input, bool isBare, ref long steps)
    {
        var rest = input;
        return FindInAttributes(ref rest, isBare, isInTag: false, ref steps);
    }

    /// <param name="rest">From the tag's name; afterwards from behind its attributes.</param>
    /// <param name="isStyleRead">
    /// Whether the text behind a style tag was searched: it reaches to the end, so the next style tag has no other.
    /// </param>
    /// <param name="steps">What is left to spend.</param>
    private static XssFinding FindInStartTag(ref ReadOnlySpan<byte> rest, ref bool isStyleRead, ref long steps)
    {
        var length = 0;
        while (length < rest.Length && !Bytes.IsSpace(rest[length])
            && rest[length] is not ((byte)'/' or (byte)'>' or (byte)'<')) length++;
        steps -= StepsPerTag + (StepsPerByte * length);
        var name = rest[..length];
        var isComplete = length < rest.Length;
        rest = rest[length..];
        if (HtmlNames.IsActiveTag(name.TrimEnd("\"'`"u8)) && (isComplete || name.Length > 3)) return XssFinding.Tag;
        var isStyle = name.Length == 5 && (name[0] | 0x20) == 's' && (name[1] | 0x20) == 't' && (name[4] | 0x20) == 'e';
        var content = rest;
        if (FindInAttributes(ref rest, isBare: false, isInTag: true, ref steps) is not XssFinding.None and var found)
            return found;
        if (!isStyle || isStyleRead) return XssFinding.None;
        isStyleRead = true;
        return ScriptText.IsActiveStyle(content, ref steps) ? XssFinding.Style : XssFinding.None;
    }

    private static XssFinding FindInAttributes(
        ref ReadOnlySpan<byte> rest, bool isBare, bool isInTag, ref long steps)
    {
        while (steps >= 0)
        {
            var skip = 0;
            while (skip < rest.Length && (Bytes.IsSpace(rest[skip])
                || rest[skip] is (byte)'/' or (byte)'"' or (byte)'\'' or (byte)'`' or 0)) skip++;
            rest = rest[skip..];
            steps -= StepsPerByte * skip;
            if (rest.IsEmpty) return XssFinding.None;
            if (rest[0] is (byte)'>' or (byte)'<') return XssFinding.None;
            var before = rest.Length;
            var length = 0;
            while (length < rest.Length && !Bytes.IsSpace(rest[length])
                && rest[length] is not ((byte)'=' or (byte)'>' or (byte)'/')) length++;
            if (length == 0) length = 1;
            var name = rest[..length];
            rest = rest[length..];
            var hasValue = TryReadValue(ref rest, out var value);
            steps -= StepsPerAttribute + (StepsPerByte * (before - rest.Length));
            if (!hasValue) continue;
            if (Judge(name, value, isBare, isInTag, ref steps) is not XssFinding.None and var found) return found;
        }

        return XssFinding.None;
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

    private static XssFinding Judge(
        ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isBare, bool isInTag, ref long steps)
    {
        name = name.Trim("\"'`\0"u8);
        if (HtmlNames.IsHandler(name))
        {
            if (isInTag) return XssFinding.Handler;
            return IsCode(value, isBare, ref steps) ? XssFinding.Attribute : XssFinding.None;
        }

        if (ScriptText.IsActiveUrl(value, ref steps) && (isInTag || HtmlNames.IsUrlAttribute(name)))
            return XssFinding.Link;
        if (Equals(name, "style"u8) && ScriptText.IsActiveStyle(value, ref steps) && (isInTag
            || value.ContainsAny("(:"u8))) return XssFinding.Style;
        if (isInTag && (Equals(name, "srcdoc"u8) || Equals(name, "formaction"u8) || Equals(name, "http-equiv"u8)))
            return XssFinding.Frame;
        return XssFinding.None;
    }

    /// <summary>A handler's value outside of a tag: a call, an assignment or a path of names.</summary>
    private static bool IsCode(ReadOnlySpan<byte> value, bool isBare, ref long steps) =>
        value.ContainsAny("(`"u8) || value.Contains((byte)'=') && !isBare || ScriptText.HoldsAction(value, ref steps)
        || !isBare && value.ContainsAny(".[\\&"u8);

    /// <summary>Declarations that load, and comments that old browsers read as markup.</summary>
    private static bool IsActiveDeclaration(ReadOnlySpan<byte> rest, ref long steps)
    {
        var head = rest[..Math.Min(rest.Length, 64)];
        if (head[0] == '!')
            return ScriptText.Holds(head[..Math.Min(head.Length, 16)], "!entity"u8, ref steps)
                || ScriptText.Holds(head[..Math.Min(head.Length, 10)], "!--[if"u8, ref steps)
                || ScriptText.Holds(head[..Math.Min(head.Length, 9)], "!attlist"u8, ref steps);
        return ScriptText.Holds(head[..Math.Min(head.Length, 16)], "import"u8, ref steps)
            || ScriptText.Holds(head, "xml-stylesheet"u8, ref steps);
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
