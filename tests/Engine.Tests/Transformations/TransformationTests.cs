using System.Text;
using WafOperator.Engine.Transformations;
using WafOperator.Fixtures;
using WafOperator.SecLang;

namespace WafOperator.Engine.Tests.Transformations;

public sealed class TransformationTests
{
    /// <summary>Name, input and output as Latin-1; a null output stands for "unchanged".</summary>
    public static TheoryData<string, string, string?> Cases { get; } = new()
    {
        { "none", "Any Thing", null },
        { "base64Decode", "d2FmIQ==", "waf!" },
        { "base64Decode", "d2FmIQ", "waf!" },
        { "base64Decode", "d2Fm\u0001d2Fm", "waf" },
        { "base64Decode", "-", "" },
        { "base64DecodeExt", "d2.F m", "waf" },
        { "base64DecodeExt", "fn5-", "~~~" },
        { "base64DecodeExt", "d2FmZ=AAA", "" },
        { "base64Encode", "waf!", "d2FmIQ==" },
        { "base64Encode", "", null },
        { "cmdLine", "C^md.e\"x\"e  ,;/C", "cmd.exe/c" },
        { "cmdLine", "cat\t\t /etc  'x'", "cat/etc x" },
        { "cmdLine", "a (b)", "a(b)" },
        { "cmdLine", "ls", null },
        { "cmdLine", "a b", null },
        { "compressWhitespace", "a \t\r\n b", "a b" },
        { "compressWhitespace", "a\tb", "a b" },
        { "compressWhitespace", "a\u00a0\u00a0b", "a b" },
        { "compressWhitespace", "a b", null },
        { "removeWhitespace", " a \t b\u00a0", "ab" },
        { "removeWhitespace", "ab", null },
        { "cssDecode", "ja\\vascript", "javascript" },
        { "cssDecode", "\\6a\\00061 x", "jax" },
        { "cssDecode", "\\ff1c", "<" },
        { "cssDecode", "\\00ff1c z", "<z" },
        { "cssDecode", "\\12ff1cz", "\u001cz" },
        { "cssDecode", "a\\\nb\\", "ab" },
        { "cssDecode", "\\7", "\u0007" },
        { "cssDecode", "plain", null },
        { "escapeSeqDecode", "\\a\\b\\f\\n\\r\\t\\v\\?\\'\\\"\\\\", "\a\b\f\n\r\t\v?'\"\\" },
        { "escapeSeqDecode", "\\101\\x42\\7z", "AB\u0007z" },
        { "escapeSeqDecode", "\\xg\\8", "xg8" },
        { "escapeSeqDecode", "end\\", null },
        { "hexDecode", "776166", "waf" },
        { "hexDecode", "7761666", "waf" },
        { "hexDecode", "", null },
        { "hexEncode", "waf", "776166" },
        { "htmlEntityDecode", "&lt;b&gt &amp;&quot&nbsp;", "<b> &\"\u00a0" },
        { "htmlEntityDecode", "&#60;&#x3c;&#X3C&#00060x", "<<<<x" },
        { "htmlEntityDecode", "alert&lpar;1&rpar;", "alert(1)" },
        { "htmlEntityDecode", "java&Tab;script&colon;", null },
        { "htmlEntityDecode", "&#x3042;", "\u00e3\u0081\u0082" },
        { "htmlEntityDecode", "&colon&#;&#x;& &unknown;", null },
        { "jsDecode", "\\u0061\\x62\\143\\uff44", "abcd" },
        { "jsDecode", "\\n\\q\\'", "\nq'" },
        { "jsDecode", "\\477", "\u00277" },
        { "jsDecode", "\\u12", "u12" },
        { "jsDecode", "x\\", null },
        { "length", "hello", "5" },
        { "length", "1", null },
        { "lowercase", "ABC xyz \u00c4 [\\] ABCDEFGHIJKLMNOPQRSTUVWXYZ@`{0123456789",
            "abc xyz \u00c4 [\\] abcdefghijklmnopqrstuvwxyz@`{0123456789" },
        { "lowercase", "abc", null },
        { "uppercase", "abc XYZ \u00e4 @[`{ abcdefghijklmnopqrstuvwxyz",
            "ABC XYZ \u00e4 @[`{ ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
        { "md5", "", "\u00d4\u001d\u008c\u00d9\u008f\u0000\u00b2\u0004\u00e9\u0080\u0009\u0098\u00ec\u00f8B~" },
        { "sha1", "", "\u00da9\u00a3\u00ee^kK\u000d2U\u00bf\u00ef\u0095`\u0018\u0090\u00af\u00d8\u0007\u0009" },
        { "normalisePath", "/a/./b/../c//d", "/a/c/d" },
        { "normalizePath", "/a/b/..", "/a" },
        { "normalisePath", "/a/b/../", "/a/" },
        { "normalisePath", "a/../../b", "../b" },
        { "normalisePath", "../..", null },
        { "normalisePath", "../../", null },
        { "normalisePath", "./", "" },
        { "normalisePath", "/../../etc", "/etc" },
        { "normalisePath", "..a/.b/c..", null },
        { "normalisePath", "/a\\..\\b", null },
        { "normalisePath", "/.", "/" },
        { "normalisePathWin", "\\a\\..\\b\\\\c", "/b/c" },
        { "normalizePathWin", "..\\..\\x", "../../x" },
        { "parityEven7bit", "\u0000\u0001\u0003", "\u0000\u0081\u0003" },
        { "parityOdd7bit", "\u0000\u0001\u0003", "\u0080\u0001\u0083" },
        { "parityZero7bit", "\u00c1b", "Ab" },
        { "parityZero7bit", "ab", null },
        { "removeComments", "a/*b*/c<!--d-->e", "ace" },
        { "removeComments", "sel/**//**/ect", "select" },
        { "removeComments", "a/*b", "a " },
        { "removeComments", "a -- b", "a " },
        { "removeComments", "a#b", "a" },
        { "removeComments", "a-b/c<d", null },
        { "removeCommentsChar", "a/*b*/c<!--d-->e--f#g", "abcdefg" },
        { "removeCommentsChar", "a*b/c-d<e", null },
        { "removeNulls", "a\0b\0", "ab" },
        { "replaceNulls", "a\0b\0", "a b " },
        { "replaceComments", "a/*x*/b/*y", "a b " },
        { "replaceComments", "a/b*/c", null },
        { "sqlHexDecode", "select 0x776166 0X21", "select waf !" },
        { "sqlHexDecode", "0x4142430x0x44", "ABC0xD" },
        { "sqlHexDecode", "0xg 0x1", null },
        { "trim", " \t a b \r\n", "a b" },
        { "trimLeft", "  a ", "a " },
        { "trimRight", "  a ", "  a" },
        { "trim", "a b", null },
        { "urlDecode", "a%20b+c%2", "a b c%2" },
        { "urlDecode", "%u0041", null },
        { "urlDecodeUni", "%u0041%41+%u2039%uff1c%u1141%uzz", "AA <<A%uzz" },
        { "urlDecodeUni", "%u01cd", "A" },
        { "urlDecodeUni", "%%u00%", null },
        { "urlEncode", "a b*c-/\u00ff", "a+b*c%2d%2f%ff" },
        { "urlEncode", "abc", null },
        { "utf8toUnicode", "\u00c3\u00a9\u00e2\u0082\u00ac", "%u00e9%u20ac" },
        { "utf8toUnicode", "\u00c0\u00af", "%u002f" },
        { "utf8toUnicode", "\u00f0\u009f\u0098\u0080", "%u1f600" },
        { "utf8toUnicode", "a\u00ffb\u00c3", null },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Apply_TableInput_GivesTableOutput(string name, string input, string? expected)
    {
        var bytes = Encoding.Latin1.GetBytes(input);
        var actual = Run(Find(name), bytes);
        Assert.Equal(expected, actual is null ? null : Encoding.Latin1.GetString(actual));
    }

    [Fact]
    public void Cases_EveryTransformation_HasOne()
    {
        var named = Cases.Select(row => Find((string)row[0]).Name).ToHashSet();
        Assert.Equal(Transformation.All.Select(item => item.Name).Order(), named.Order());
    }

    /// <summary>What admission accepts, a sidecar runs; and nothing runs that admission does not know.</summary>
    [Fact]
    public void Catalogue_AndFunctions_AreTheSame()
    {
        var known = TransformationCatalogue.All.Values;
        Assert.Equal(
            known.Select(info => info.Canonical).Distinct().Order(StringComparer.Ordinal),
            Transformation.All.Select(function => function.Name).Order(StringComparer.Ordinal));
        Assert.All(known, info => Assert.Equal(info.Canonical, Find(info.Name).Name));
    }

    [Fact]
    public void Find_NameInAnyCase_GivesTheSame()
    {
        Assert.Same(Find("urlDecodeUni"), Find("URLDECODEUNI"));
        Assert.Same(Find("normalisePath"), Find("normalizePath"));
        Assert.Null(Transformation.Find("sha512"));
        for (var i = 0; i < Transformation.All.Count; i++) Assert.Equal(i, Transformation.All[i].Id);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_RandomInput_KeepsBoundsAndReportsChangesTruly(string name)
    {
        var transformation = Find(name);
        var random = new Random(20261122);
        for (var round = 0; round < 4000; round++)
        {
            var input = RandomBytes.Next(random);
            var once = Run(transformation, input);
            Assert.Equal(once, Run(transformation, input));
            if (once is not null && !AlwaysWrites.Contains(name)) Assert.NotEqual(input, once);
            if (once is not null && transformation.IsIdempotent) Assert.Null(Run(transformation, once));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Apply_AnyInput_AllocatesNothing(string name)
    {
        var transformation = Find(name);
        var input = "SELECT &lt;&colon;%u0041%41 \\x41 /*x*/ 0x4142 ../a//b \u00e9\u20ac"u8.ToArray();
        var output = new byte[transformation.OutputMax(input.Length)];
        for (var i = 0; i < 100; i++) transformation.Apply(input, output);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 100; i++) transformation.Apply(input, output);
        }));
    }

    public static TheoryData<string> Names { get; } = new(Transformation.All.Select(item => item.Name));

    private static readonly HashSet<string> AlwaysWrites = ["md5", "sha1"];

    private static Transformation Find(string name) =>
        Transformation.Find(name) ?? throw new ArgumentException($"No transformation is called {name}.");

    /// <summary>Output in a buffer of exactly the declared size, or null when unchanged.</summary>
    private static byte[]? Run(Transformation transformation, byte[] input)
    {
        var output = new byte[transformation.OutputMax(input.Length)];
        var written = transformation.Apply(input, output);
        return written == Transformation.Unchanged ? null : output[..written];
    }
}
