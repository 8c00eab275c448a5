using System.Collections.Frozen;

namespace WafOperator.SecLang;

/// <summary>
/// A transformation. <paramref name="Canonical"/> is the name it is an alternative spelling of, or its own.
/// </summary>
public sealed record TransformationInfo(string Name, string Canonical);

/// <summary>All transformations of the ModSecurity reference manual, and those CRS 4 adds.</summary>
public static class TransformationCatalogue
{
    /// <summary>All transformations by name, whatever the case; <c>none</c> is one of them.</summary>
    public static FrozenDictionary<string, TransformationInfo> All { get; } =
        Rows().ToFrozenDictionary(info => info.Name, StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<TransformationInfo> Rows()
    {
        string[] names =
        [
            "none", "base64Decode", "base64DecodeExt", "base64Encode", "cmdLine", "compressWhitespace", "cssDecode",
            "escapeSeqDecode", "hexDecode", "hexEncode", "htmlEntityDecode", "jsDecode", "length", "lowercase", "md5",
            "normalizePath", "normalizePathWin", "parityEven7bit", "parityOdd7bit", "parityZero7bit", "removeComments",
            "removeCommentsChar", "removeNulls", "removeWhitespace", "replaceComments", "replaceNulls", "sha1",
            "sqlHexDecode", "trim", "trimLeft", "trimRight", "uppercase", "urlDecode", "urlDecodeUni", "urlEncode",
            "utf8toUnicode",
        ];
        return
        [
            .. names.Select(n => new TransformationInfo(n, n)),
            new("normalisePath", "normalizePath"), new("normalisePathWin", "normalizePathWin"),
        ];
    }
}
