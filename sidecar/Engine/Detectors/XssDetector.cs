using System.Buffers;
using System.Text;

namespace WafOperator.Engine.Detectors;

/// <summary>What was found; the names in lower case are the fingerprints.</summary>
internal enum XssFinding
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A tag that runs or loads by itself.</summary>
    Tag,

    /// <summary>An event handler in a tag.</summary>
    Handler,

    /// <summary>An event handler behind a closed attribute value.</summary>
    Attribute,

    /// <summary>An attribute with an address that runs code.</summary>
    Link,

    /// <summary>A style that runs or loads code.</summary>
    Style,

    /// <summary>A document or action given in an attribute.</summary>
    Frame,

    /// <summary>A declaration that loads or defines.</summary>
    Declaration,

    /// <summary>The whole input is an address that runs code.</summary>
    Url,

    /// <summary>Text that leaves a script's string.</summary>
    Script,

    /// <summary>A template placeholder that acts.</summary>
    Template,
}

/// <summary>
/// Finds cross-site scripting by structure: the input is read as a browser would that finds it between tags, as an
/// attribute's value without and with each quote, as an address, and inside a script's string. Linear, stateless,
/// thread-safe, no allocation. Design and figures: README.md in this folder.
/// </summary>
public static class XssDetector
{
    /// <summary>Bytes that a fingerprint takes at most.</summary>
    public const int FingerprintBytesMax = 16;

    private static readonly byte[][] Names =
        [.. Enum.GetNames<XssFinding>().Select(name => Encoding.ASCII.GetBytes(name.ToLowerInvariant()))];

    private static readonly SearchValues<byte> CodeMarks = SearchValues.Create("(`=%<,;+/"u8);

    private static readonly SearchValues<byte> Marks = SearchValues.Create(NeededBytes);

    /// <summary>Without one of these a value is never found.</summary>
    public static ReadOnlySpan<byte> NeededBytes => "<=:`({[."u8;

    /// <summary>Whether the input is worth reading.</summary>
    internal static bool CanHold(ReadOnlySpan<byte> input) => input.ContainsAny(Marks);

    /// <summary>True when the input would run a script in one of the contexts.</summary>
    /// <param name="input">A decoded value.</param>
    /// <param name="fingerprint">Takes the context and what was found, as letters for a log.</param>
    /// <param name="fingerprintLength">How many bytes of it were written.</param>
    public static bool Detect(ReadOnlySpan<byte> input, Span<byte> fingerprint, out int fingerprintLength)
    {
        var steps = long.MaxValue;
        return Detect(input, fingerprint, ref steps, out fingerprintLength);
    }

    /// <summary>The same within a number of steps; below zero afterwards, the input was not read to its end.</summary>
    public static bool Detect(
        ReadOnlySpan<byte> input, Span<byte> fingerprint, ref long steps, out int fingerprintLength)
    {
        var found = Detect(input, ref steps);
        var name = Names[(int)found].AsSpan();
        fingerprintLength = Math.Min(name.Length, fingerprint.Length);
        name[..fingerprintLength].CopyTo(fingerprint);
        return found != XssFinding.None;
    }

    private static XssFinding Detect(ReadOnlySpan<byte> input, ref long steps)
    {
        // The searches for single bytes that follow, a dozen of them.
        steps -= input.Length;
        if (input.Length < 4 || !input.ContainsAny(Marks)) return XssFinding.None;
        if (input.Contains((byte)'<') && HtmlScanner.FindInData(input, ref steps) is not XssFinding.None and var inData)
            return inData;
        if (input.Contains((byte)':') && IsUrl(input, ref steps)) return XssFinding.Url;
        var hasValue = input.Contains((byte)'=');
        foreach (var quote in "\"'`"u8)
        {
            var end = input.IndexOf(quote);
            if (end < 0) continue;
            var inTag = hasValue
                ? HtmlScanner.FindInTag(input[(end + 1)..], isBare: false, ref steps)
                : XssFinding.None;
            if (inTag != XssFinding.None) return inTag;
            if (ScriptText.IsBreakout(input, quote, ref steps)) return XssFinding.Script;
        }

        if (hasValue && HtmlScanner.FindInTag(input, isBare: true, ref steps) is not XssFinding.None and var bare)
            return bare;
        if (ScriptText.IsBareCode(input, ref steps)) return XssFinding.Script;
        if (IsMarkdownLink(input, ref steps)) return XssFinding.Link;
        var isTemplate = input.Contains((byte)'{') && ScriptText.IsTemplate(input, ref steps);
        return isTemplate ? XssFinding.Template : XssFinding.None;
    }

    /// <summary>[text](javascript:…).</summary>
    private static bool IsMarkdownLink(ReadOnlySpan<byte> input, ref long steps)
    {
        for (var next = input.IndexOf("]("u8); next >= 0 && steps >= 0; next = input.IndexOf("]("u8))
        {
            input = input[(next + 2)..];
            if (ScriptText.IsActiveUrl(input, ref steps)) return true;
        }

        return false;
    }

    /// <summary>The whole input as an address; script addresses need something behind the colon.</summary>
    private static bool IsUrl(ReadOnlySpan<byte> input, ref long steps)
    {
        input = input.TrimStart("\"'`"u8);
        if (!ScriptText.IsActiveUrl(input, ref steps)) return false;
        var code = input[(input.IndexOf((byte)':') + 1)..];
        return code.ContainsAny(CodeMarks);
    }
}
