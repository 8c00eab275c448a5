using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>
/// Parts with a file name and the type of a document: scripts send JSON as a file called blob, and frameworks bind it
/// to an object whatever it is called.
/// </summary>
public sealed class DocumentFilesTests
{
    [Theory]
    [InlineData("application/json", "{\"q\":\"an attack\"}", "json.q=an attack")]
    [InlineData("application/vnd.api+json", "{\"q\":[\"an attack\"]}", "json.q.array_0=an attack")]
    [InlineData("application/xml", "<r><q>an attack</q></r>", "xml.r.q=an attack")]
    [InlineData("text/xml", "<r q='an attack'/>", "an attack")]
    public void FilesOfADocumentsType_AreTakenApart(string type, string content, string expected)
    {
        foreach (var file in (string[])["blob", "x.json", "a.png"])
        {
            var request = Read(type, content, file);

            Assert.Contains(expected, Shown(request), StringComparison.Ordinal);
            Assert.Single(request.Files.ToArray());
            Assert.Equal(BodyError.None, request.BodyError);
        }
    }

    [Fact]
    public void AFileInADeclaredCharset_IsReadInIt()
    {
        var content = Encoding.Latin1.GetString(Encoding.Unicode.GetBytes("{\"q\":\"an attack\"}"));

        Assert.Contains(
            "json.q=an attack", Shown(Read("application/json; charset=utf-16le", content, "blob")),
            StringComparison.Ordinal);
    }

    /// <summary>Pictures and pages are files; what a file declares is shown to rules and not refused.</summary>
    [Theory]
    [InlineData("image/svg+xml", "<!DOCTYPE svg [<!ENTITY ns \"http://ns.example/\">]><svg>text</svg>")]
    [InlineData("application/xml", "<!DOCTYPE hibernate SYSTEM \"local.dtd\"><hibernate/>")]
    [InlineData("application/json", "{ this is no JSON")]
    [InlineData("application/pdf", "%PDF-1.7")]
    public void OrdinaryFiles_Pass(string type, string content) =>
        Assert.Equal(BodyError.None, Read(type, content, "a.svg").BodyError);

    /// <summary>A map has more points than a request has values.</summary>
    [Theory]
    [InlineData("application/geo+json", "[1", ",1", "]")]
    [InlineData("application/gpx+xml", "<g>", "<p/>", "</g>")]
    public void LongFiles_AreFiles(string type, string start, string one, string end)
    {
        var request = Read(type, start + string.Concat(Enumerable.Repeat(one, 60_000)) + end, "map");

        Assert.False(request.MustReject);
        Assert.Equal(UnreadContent.FileContent, request.Unread & UnreadContent.FileContent);
    }

    private static CanonicalRequest Read(string type, string content, string file) => Body.Read(
        "multipart/form-data; boundary=B",
        $"--B\r\nContent-Disposition: form-data; name=\"meta\"; filename=\"{file}\"\r\nContent-Type: {type}\r\n\r\n"
        + $"{content}\r\n--B--\r\n");

    private static string Shown(CanonicalRequest request)
    {
        var found = new List<string>();
        foreach (var part in new RequestParts(request))
        {
            var name = CanonicalRequestTests.Text(request, part.Name);
            found.Add($"{name}={CanonicalRequestTests.Text(request, part.Value)}");
        }

        return string.Join('\n', found);
    }
}
