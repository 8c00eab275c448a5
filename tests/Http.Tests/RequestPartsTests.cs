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

    private static List<string> BodyParts(string contentType, string body)
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
            if (part.Kind is PartKind.Body) found.Add(Encoding.UTF8.GetString(request[part.Value]));
        }

        return found;
    }
}
