using WafOperator.Engine.Detectors;
using WafOperator.Fuzz.Running;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// @detectSQLi: no crash, the same each time, the fingerprint within its bound; a whole attack in front stays found.
/// </summary>
public sealed class SqlInjectionTarget : FuzzTarget
{
    private readonly Pieces _inputs = new(
        ["1' or '1'='1", "1 union select 1,2 from users--", "'; drop table x;--", "it's a word and (more) text",
            "$tag$x$tag$", "1/*!50000or*/1=1"],
        ["'", "\"", "`", "(", ")", ",", ";", "--", "-- ", "#", "/*", "*/", "/*!", "=", "<>", "or", " and ", "union",
            " select ", "1", "0x", "1e",
         ".", "@@", "@'", "$", "$$", "\\", "\u00a0", " ", "\n", "sleep(",
             "n'", "||", "&&", "!", "case when ", "\u0000", ":=", "null"]);

    public override string Name => "detect-sql";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        Span<byte> first = stackalloc byte[SqlInjectionDetector.FingerprintBytesMax];
        Span<byte> second = stackalloc byte[SqlInjectionDetector.FingerprintBytesMax];
        var isFound = SqlInjectionDetector.Detect(input, first, out var length);
        Require(isFound == SqlInjectionDetector.Detect(input, second, out var again)
            && length == again, "the same twice");
        Require(!isFound || length > 0, "a finding has a fingerprint");
        Require(SqlInjectionDetector.Detect(input, default, out _) == isFound,
            "no room for a fingerprint changes nothing");
        Require(SqlInjectionDetector.Detect([.. "1 union select 1,2,3 "u8, .. input], first, out _),
            "text behind an attack hides nothing");
    }
}

/// <summary>@detectXSS: no crash, the same each time; a whole attack in front stays found.</summary>
public sealed class XssTarget : FuzzTarget
{
    private readonly Pieces _inputs = new(
        ["<img src=x onerror=alert(1)>", "\" onfocus=alert(1) x=\"", "<a href='java&#x09;script:x'>", "';alert(1)//",
            "<b>text</b> a = b"],
        ["<", ">", "/", "=", "\"",
            "'", "`", " ", "\t", "\n", "on", "onload", "a", "<!--", "-->", "<!", "<?", "&#", "&#x6a;",
            "&colon;", "javascript:",
         "data:", "text/html", "style", "expression(", "(", ")", ";", "//", "${", "{{", "](", "alert(", "\u0000",
             "\u0001", "<script"]);

    public override string Name => "detect-xss";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        Span<byte> print = stackalloc byte[XssDetector.FingerprintBytesMax];
        var isFound = XssDetector.Detect(input, print, out var length);
        Require(isFound == XssDetector.Detect(input, print, out var again) && length == again, "the same twice");
        Require(XssDetector.Detect(input, default, out _) == isFound, "no room for a fingerprint changes nothing");
        Require(XssDetector.Detect([.. "<script>x</script> "u8, .. input], print, out _),
            "text behind an attack hides nothing");
    }
}
