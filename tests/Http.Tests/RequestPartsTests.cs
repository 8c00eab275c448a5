using System.Text;

namespace WafOperator.Http.Tests;

public sealed class RequestPartsTests
{
    [Theory]
    [InlineData("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", true)]
    [InlineData("<!-- c --><!doctype a SYSTEM 'http://x/d'><a>t</a>", true)]
    [InlineData("<?xml version=\"1.0\"?><a>t</a>", false)]
    public void Parts_XmlBody_ShowItsDocumentType(string body, bool shown)
    {
        var parts = BodyParts("text/xml", body);
        Assert.Equal(shown, parts.Any(p => p.Contains("<!DOCTYPE", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public void Parts_JsonBodyThatSpeaksOfDoctypes_IsNotShownAsAWhole() =>
        Assert.Empty(BodyParts("application/json", "{\"a\":\"<!DOCTYPE html>\"}"));

    [Fact]
    public void Parts_UploadedFiles_ShowTextAndLeaveBinaryOut()
    {
        const string upload = "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\n\r\n<?php "
            + "x ?>\r\n"
            + "--B\r\nContent-Disposition: form-data; name=\"b\"; "
            + "filename=\"b.png\"\r\n\r\n\u0001\0\u0002\r\n--B--\r\n";
        Assert.Equal(["<?php x ?>"], BodyParts("multipart/form-data; boundary=B", upload));
    }

    [Theory]
    [InlineData("GIF89a\0\0\n<?php echo shell_exec($_GET[\"c\"]); ?>", "<?php echo shell_exec($_GET[\"c\"]); ?>")]
    [InlineData("GIF89a;<?= `id` ?>", "<?= `id` ?>")]
    [InlineData("%PDF-1.7\0\u0001\u0002<% Runtime.exec() %>", "<% Runtime.exec() %>")]
    [InlineData("PK\u0003\u0004\0\0\0<SCRIPT>alert(1)</SCRIPT>", "<SCRIPT>alert(1)</SCRIPT>")]
    [InlineData("GIF89a\0<!--#exec cmd=\"id\"-->", "<!--#exec cmd=\"id\"-->")]
    [InlineData("GIF89a\0\0<?xpacket begin=\"\"?><x:xmpmeta/>", null)]
    [InlineData("GIF89a\0\0<?\u0001\u0002<%\u0003<scripting", null)]
    public void Parts_OfABinaryFile_AreTheTextsThatWouldRun(string content, string? shown)
    {
        var upload = "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.gif\"\r\n\r\n"
            + content + "\r\n--B--\r\n";
        string[] expected = shown is null ? [] : [shown];

        Assert.Equal(expected, BodyParts("multipart/form-data; boundary=B", upload));
        Assert.Equal(expected, BodyParts("application/octet-stream", content));
    }

    [Fact]
    public void Parts_OfALongTextFile_AreItsHeadAndWhatWouldRunBehindIt()
    {
        var text = string.Concat(Enumerable.Repeat("harmless words ", 1_000));
        var upload = "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.txt\"\r\n\r\n"
            + text + "<?php system('id'); ?>\r\n--B--\r\n";
        var shown = BodyParts("multipart/form-data; boundary=B", upload);

        Assert.Equal([text[..RequestParts.FilePartBytesMax], "<?php system('id'); ?>"], shown);
    }

    [Theory]
    [InlineData("If-None-Match", "\"${jndi:ldap://x/a}\"", true)]
    [InlineData("Date", "1' or 1=1", true)]
    [InlineData("TE", "<script>", true)]
    [InlineData("ETag", "../../etc/passwd", true)]
    [InlineData("If-None-Match", "W/\"1c7-5f.a+b/c==\", \"x\"", false)]
    [InlineData("Date", "Mon, 30 Nov 2026 15:00:00 GMT", false)]
    [InlineData("Connection", "keep-alive, Upgrade", false)]
    [InlineData("Cookie", "a='", false)]
    public void Parts_OfFieldsThatSteer_AreShownWhereTheyHoldMore(string name, string value, bool isShown)
    {
        var request = CanonicalRequestTests.Get("/", ("Host", "[::1]:8080"), (name, value));
        var headers = 0;
        foreach (var part in new RequestParts(request)) headers += part.Kind is PartKind.Header ? 1 : 0;
        Assert.Equal(isShown ? 1 : 0, headers);
    }

    [Fact]
    public void Parts_AZeroByteInText_HidesNothing() =>
        Assert.Contains(
            "q=1' union select 1\0",
            Parts("application/octet-stream", "q=1' union select 1\0", PartKind.BodyArgument));

    [Fact]
    public void Parts_OfOneFile_AreBounded()
    {
        var content = "GIF89a" + string.Concat(Enumerable.Repeat("<?php " + new string('x', 5_000), 20));
        var upload = "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.gif\"\r\n\r\n"
            + content + "\r\n--B--\r\n";

        Assert.Equal(RequestParts.ActivePartsMax, BodyParts("multipart/form-data; boundary=B", upload).Count);
    }

    [Theory]
    [InlineData("text/xml", "<d:propfind xmlns:d='DAV:'><d:prop><d:getetag/></d:prop></d:propfind>")]
    [InlineData("application/xml", "<config a='1' b='2'/>")]
    [InlineData("application/json", "{}")]
    [InlineData("multipart/form-data; boundary=B", "--B--\r\n")]
    public void Parts_OfABodyThatWasReadAndHoldsNothing_DoNotShowItAsAWhole(string type, string body) =>
        Assert.Empty(BodyParts(type, body));

    /// <summary>Field and file names are parts of their own; what is beside them is read like any header.</summary>
    [Theory]
    [InlineData("Content-Type: text/plain; charset=\"utf-8\"", "")]
    [InlineData("Content-Transfer-Encoding: binary", "")]
    [InlineData("Content-ID: <image-1@mail.example>", "")]
    [InlineData("Content-Type: text/plain;x=${jndi:ldap://x/a}", "text/plain;x=${jndi:ldap://x/a}")]
    [InlineData("Content-Location: ../../etc/passwd", "../../etc/passwd")]
    [InlineData("X-Own:  ;id ", ";id")]
    [InlineData("X-Own: a\r\n\tunion select", "a union select")]
    public void Parts_OfAPartsOwnHeaders_AreShownWhereTheyHoldMore(string line, string expected) =>
        Assert.Equal(
            expected, string.Join('|', Parts("multipart/form-data; boundary=B",
                "--B\r\nContent-Disposition: form-data; name=\"it's\"; filename=\"o'.txt\"\r\n"
                + $"{line}\r\n\r\nx\r\n--B--\r\n",
                PartKind.PartHeader)));

    [Theory]
    [InlineData("form-data; name=\"a;'b\"; size=12; filename*=UTF-8''%27", "")]
    [InlineData("form-data; name=\"a\\\"; x='\"; mode=\"<script>x()</script>\"", "mode=\"<script>x()</script>\"")]
    [InlineData("form-data; name=a; p=`id`; q=$(id)", "p=`id`|q=$(id)")]
    public void Parts_OfADisposition_AreItsOtherParameters(string disposition, string expected) =>
        Assert.Equal(
            expected, string.Join('|', Parts("multipart/form-data; boundary=B",
                $"--B\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--B--\r\n", PartKind.PartHeader)));

    private static List<string> BodyParts(string contentType, string body) => Parts(contentType, body, PartKind.Body);

    private static List<string> Parts(string contentType, string body, PartKind kind)
    {
        var request = new CanonicalRequest();
        request.Begin("POST", "/", "HTTP/1.1");
        request.AddHeader("Content-Type", contentType);
        request.EndHeaders();
        request.AppendBody(Encoding.UTF8.GetBytes(body));
        request.EndBody();
        var found = new List<string>();
        foreach (var part in new RequestParts(request))
        {
            if (part.Kind == kind) found.Add(Encoding.UTF8.GetString(request[part.Value]));
        }

        return found;
    }
}
