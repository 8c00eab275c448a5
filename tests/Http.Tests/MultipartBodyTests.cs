using System.Text;

namespace WafOperator.Http.Tests;

public sealed class MultipartBodyTests
{
    private const string Type = "multipart/form-data; boundary=b";

    [Fact]
    public void Read_FieldsAndFiles_AreTold()
    {
        var request = Body.Read(Type, Body.Multipart(
            "Content-Disposition: form-data; name=\"a\"||one--two",
            "Content-Disposition: form-data; name=\"f\"; filename=\"x.png\"|Content-Type: image/png||\0\r\nbytes",
            "Content-Disposition: form-data; name=\"\u00e9\"||"));
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.False(request.MultipartStrictError);
        Assert.Equal("a=one--two|\u00e9=", CanonicalRequestTests.Arguments(request));
        var file = request.Files[0];
        Assert.Equal("f", CanonicalRequestTests.Text(request, file.FieldName));
        Assert.Equal("x.png", CanonicalRequestTests.Text(request, file.FileName));
        Assert.Equal("image/png", CanonicalRequestTests.Text(request, file.ContentType));
        Assert.Equal("\0\r\nbytes", CanonicalRequestTests.Text(request, file.Content));
        Assert.Equal(8, file.Size);
        Assert.Equal(4, request.PartHeaders.Length);
        Assert.Equal("f", CanonicalRequestTests.Text(request, request.PartHeaders[2].PartName));
        Assert.Equal("Content-Type: image/png", CanonicalRequestTests.Text(request, request.PartHeaders[2].Line));
        Assert.Equal("x.png", CanonicalRequestTests.Text(request, request.MultipartFileName));
    }

    [Theory]
    [InlineData("multipart/form-data; boundary=\"b\"")]
    [InlineData("multipart/form-data; Boundary=b")]
    [InlineData("Multipart/Form-Data;boundary=b;charset=UTF-8")]
    [InlineData("multipart/form-data; charset=\"UTF-8\"; boundary=b")]
    [InlineData("multipart/form-data; x=1; boundary=b;")]
    [InlineData("multipart/form-data; boundary=b; boundary=b")]
    [InlineData("multipart/mixed; boundary=b")]
    [InlineData("multipart/related; type=\"text/xml\"; start=\"<a>\"; boundary=b")]
    public void Read_ContentTypeOfOrdinaryClients_IsRead(string type)
    {
        var request = Body.Read(type, Body.Multipart("Content-Disposition: form-data; name=\"a\"||1"));
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal("a=1", CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("----geckoformboundary4a7acee3709293e183ef2932a147a331", ";charset=UTF-8")]
    [InlineData("boundary", "")]
    [InlineData("=_Part_1_2.3", "")]
    [InlineData("\"gc0p4Jq0M:2Yt08jU534c0p\"", "; a=b")]
    public void Read_BoundaryOfOrdinaryClients_IsRead(string boundary, string rest)
    {
        var bare = boundary.Trim('"');
        var body = $"--{bare}\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--{bare}--\r\n";
        var request = Body.Read($"multipart/form-data;boundary={boundary}{rest}", body);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal("a=1", CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("multipart/form-data; boundary= b")]
    [InlineData("multipart/form-data; boundary =b")]
    [InlineData("multipart/form-data boundary=b")]
    [InlineData("multipart/form-data; boundary=\"b")]
    [InlineData("multipart/form-data; boundary=b\"")]
    [InlineData("multipart/form-data; boundary=b; boundary=c")]
    [InlineData("multipart/form-data; x=\"boundary=c\"; boundary=b")]
    [InlineData("multipart/form-data; boundary*0=b")]
    [InlineData("multipart/form-data; boundary*=utf-8''b; boundary=b")]
    [InlineData("multipart/form-data; boundary=b,c")]
    [InlineData("multipart/form-data; boundary=b c")]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=")]
    public void Read_BoundaryThatProgramsReadDifferently_IsRefused(string type)
    {
        var request = Body.Read(type, Body.Multipart("Content-Disposition: form-data; name=\"a\"||1"));
        Assert.Equal(BodyError.Multipart, request.BodyError);
        Assert.NotNull(request.Problem);
        Assert.True(request.Anomalies.HasFlag(Anomalies.MalformedMultipart));
    }

    [Theory]
    [InlineData("form-data; name=\"f\"; filename=\"O'Neil.pdf\"", "O'Neil.pdf")]
    [InlineData("form-data; name=f; filename=a.txt; filename*=utf-8''a.txt", "a.txt")]
    [InlineData("form-data; name=f; filename=\"=?utf-8?B?w6QudHh0?=\"; filename*=utf-8''%C3%A4.txt", "ä.txt")]
    [InlineData("form-data; name=f; filename=\"?.txt\"; filename*=UTF-8'de'%C3%A4.txt", "ä.txt")]
    [InlineData("form-data; name=\"f\"; filename=\"a;b.pdf\"", "a;b.pdf")]
    [InlineData("Form-Data; NAME=\"f\"; FileName=\"a.pdf\"; size=12; modification-date=\"Wed, 12 Feb 1997 16:29:51"
        + " -0500\"", "a.pdf")]
    [InlineData("form-data; name=\"f\"; filename=\"C:\\dir\\a.pdf\"", "C:\\dir\\a.pdf")]
    [InlineData("form-data;name=\"f\";filename=\"a\\\"b.pdf\"", "a\"b.pdf")]
    [InlineData("attachment; name=f; filename=my file.pdf", "my file.pdf")]
    public void Read_FileNameOfOrdinaryClients_IsRead(string disposition, string name)
    {
        var part = $"Content-Disposition: {disposition}|Content-Type: x/y||\u0001\u0002\u0003";
        var body = Encoding.UTF8.GetBytes(Body.Multipart(part));
        var request = Body.Read(Type, body);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal(name, Encoding.UTF8.GetString(request[request.Files[0].FileName]));
        Assert.Equal("f", CanonicalRequestTests.Text(request, request.Files[0].FieldName));
        Assert.Equal(UnreadContent.FileContent, request.Unread);
    }

    [Theory]
    [InlineData("form-data; name=a; name=b")]
    [InlineData("form-data; name=a; filename=x; filename=y")]
    [InlineData("form-data; name=a; filename=x; filename*=utf-8''y")]
    [InlineData("form-data; name=a; filename=\"_.php\"; filename*=utf-8''x.txt")]
    [InlineData("form-data; name=a; filename=x.txt; filename*=utf-8''%C3%A4x.php")]
    [InlineData("form-data; name=a; filename*=utf-16''x")]
    [InlineData("form-data; name=a; filename*0=x; filename*1=y")]
    [InlineData("form-data; name*=utf-8''a")]
    [InlineData("form-data; name='a; filename=x'")]
    [InlineData("form-data; name=O'N; filename='x")]
    [InlineData("form-data; name=\"a")]
    [InlineData("form-data; name=\"a\"b\"")]
    [InlineData("form-data; name=\"a\\\\\"; filename=\"x\"")]
    [InlineData("form-data; name=\"a\\\"; filename=x\"")]
    [InlineData("form-data; name = a")]
    [InlineData("form-data name=a")]
    public void Read_DispositionThatProgramsReadDifferently_IsRefused(string disposition)
    {
        var request = Body.Read(Type, Body.Multipart($"Content-Disposition: {disposition}||' UNION SELECT"));
        Assert.Equal(BodyError.Multipart, request.BodyError);
        Assert.Contains("' UNION SELECT", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n", MultipartFlags.DataBefore)]
    [InlineData("\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n", MultipartFlags.CrLfLine)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\nx", MultipartFlags.DataAfter)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n\r\n", MultipartFlags.CrLfLine)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--", MultipartFlags.CrLfLine)]
    [InlineData("--b\nContent-Disposition: form-data; name=a\n\n1\n--b--\n", MultipartFlags.LfLine)]
    [InlineData("--b\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--b--\r\n",
        MultipartFlags.HeaderFolding)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\n",
        MultipartFlags.CrLfLine)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b\r\nX: y\r\n\r\n--\r\n--b--\r\n",
        MultipartFlags.UnmatchedBoundaryInside)]
    public void Read_OddButClearBody_IsReadAndFlagged(string body, MultipartFlags flag)
    {
        var request = Body.Read(Type, body);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.True(request.Multipart.HasFlag(flag), request.Multipart.ToString());
        Assert.Contains("a=1", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n--b\r\n\r\n2\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\n--b\nContent-Disposition: form-data; name"
        + "=c\r\n\r\n2\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r--b\rX: y\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data;\r\n\vname=a\r\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--bc\r\n\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n-- b\r\n\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b \r\n\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n")]
    [InlineData("nothing")]
    [InlineData("--b\r\nno colon\r\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\nA: \0\r\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\nA: x\rContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\n\u000eContent-Disposition\u000e: form-data; name=z\r\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition : form-data; name=a\r\n\r\n1\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\n1"
        + "\r\n--b--\r\n")]
    [InlineData("--b\r\n Content-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n")]
    public void Read_BodyThatProgramsReadDifferently_IsRefused(string body)
    {
        var request = Body.Read(Type, body);
        Assert.Equal(BodyError.Multipart, request.BodyError);
        Assert.True(request.Anomalies.HasFlag(Anomalies.MalformedMultipart));
    }

    [Theory]
    [InlineData("Content-Disposition: form-data; name=\"a\"; filename=\"\"||attack", "a=attack", 1)]
    [InlineData("Content-Disposition: form-data; name=\"a\"; filename=\"\"|Content-Type: application/octet-stream||",
        "", 1)]
    [InlineData("Content-Disposition: form-data; name=\"a\"; filename*=utf-8''x.txt||attack", "a=attack", 1)]
    [InlineData("Content-Disposition: form-data; name=\"a\"; filename=\"x.txt\"||' OR 1=1", "a=' OR 1=1", 1)]
    [InlineData("Content-Disposition: form-data; name=\"a\"; filename=\"x.txt\"||one|two", "", 1)]
    [InlineData("Content-Disposition: form-data; name=\"a\"|Content-Transfer-Encoding: base64||YXR0YWNr",
        "a=YXR0YWNr|a=attack", 0)]
    [InlineData("Content-Disposition: form-data; name=\"a\"|Content-Transfer-Encoding: Quoted-Printable||att=61=|ck",
        "a=att=61=\r\nck|a=attack", 0)]
    [InlineData("Content-Disposition: form-data; name=\"a\"|Content-Transfer-Encoding: 8bit||x", "a=x", 0)]
    [InlineData("Content-Disposition: form-data; name=\"o\"|Content-Type: application/json||{\"a\":\"\\u0041\"}",
        "json.a=A|o={\"a\":\"\\u0041\"}|o={\"a\":\"A\"}", 0)]
    public void Read_PartThatProgramsTakeForTwoThings_GivesBoth(string part, string arguments, int files)
    {
        var request = Body.Read(Type, Body.Multipart(part));
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal(arguments, CanonicalRequestTests.Arguments(request));
        Assert.Equal(files, request.Files.Length);
    }

    [Fact]
    public void Read_NestedPartsAndBatches_AreTakenApart()
    {
        const string body = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: applicat"
            + "ion/http\r\n"
            + "Content-Transfer-Encoding: binary\r\n\r\nPOST Customers?x=%27 HTTP/1.1\r\nContent-Type: application"
                + "/json\r\n\r\n"
            + "{\"Name\":\"\\u003cscript\\u003e\"}\r\n--c--\r\n\r\n--b\r\nContent-Type: text/xml\r\n\r\n<a>t</a>\r"
                + "\n--b--\r\n";
        var request = Body.Read("multipart/mixed; boundary=b", body);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal("http.target=Customers?x='|json.Name=<script>", CanonicalRequestTests.Arguments(request));
        Assert.Equal("t", CanonicalRequestTests.Text(request, request.XmlTexts[0].Value));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    public void Read_NestedParts_AreLimited(int depth, bool isRefused)
    {
        var body = "x";
        for (var i = depth; i >= 0; i--)
        {
            var type = i == depth ? "text/plain" : $"multipart/mixed; boundary=b{i + 1}";
            body = $"--b{i}\r\nContent-Type: {type}\r\n\r\n{body}\r\n--b{i}--\r\n";
        }

        Assert.Equal(isRefused, Body.Read("multipart/mixed; boundary=b0", body).BodyError is not BodyError.None);
    }

    [Fact]
    public void Read_UnmatchedLineAfterwards_IsOnlyUnmatched()
    {
        var request = Body.Read(Type, "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--c--\r\n");
        Assert.True(request.Multipart.HasFlag(MultipartFlags.UnmatchedBoundary));
        Assert.False(request.Multipart.HasFlag(MultipartFlags.UnmatchedBoundaryInside));
    }

    [Fact]
    public void Read_EscapedQuote_IsPartOfTheName()
    {
        var request = Body.Read(Type, Body.Multipart("Content-Disposition: form-data; name=\"a\\\"b\\c\"||1"));
        Assert.Equal("a\"b\\c=1", CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void Read_Parts_AreLimited(int parts, bool isExceeded)
    {
        var body = Body.Multipart([.. Enumerable.Repeat("Content-Disposition: form-data; name=\"a\"||1", parts)]);
        var request = Body.Read(Type, body, new HttpLimits { MultipartPartsMax = 3 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.MultipartParts));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Read_Files_AreLimited(int files, bool isExceeded)
    {
        var part = "Content-Disposition: form-data; name=\"a\"; filename=\"f\"||1";
        var request = Body.Read(Type, Body.Multipart([.. Enumerable.Repeat(part, files)]),
            new HttpLimits { FilesMax = 2 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.Files));
        Assert.Equal(isExceeded, request.Multipart.HasFlag(MultipartFlags.FileLimitExceeded));
        Assert.Equal(2, request.Files.Length);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(6, true)]
    public void Read_FileBytes_AreShownUpToTheLimitAndCountedInFull(int bytes, bool isExceeded)
    {
        var part = "Content-Disposition: form-data; name=\"a\"; filename=\"f\"||" + new string('x', bytes);
        var request = Body.Read(Type, Body.Multipart(part), new HttpLimits { FileBytesMax = 5 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.FileBytes));
        Assert.Equal(5, request.Files[0].Content.Length);
        Assert.Equal(bytes, request.FilesBytes);
    }

    [Theory]
    [InlineData(43, false)]
    [InlineData(44, true)]
    public void Read_PartHeaderBytes_AreLimited(int length, bool isExceeded)
    {
        var line = "Content-Disposition: form-data; name=\"a\"".PadRight(length, ' ');
        var request = Body.Read(Type, Body.Multipart(line + "||1"), new HttpLimits { MultipartHeaderBytesMax = 46 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.MultipartHeaderBytes));
    }

    [Fact]
    public void Read_PartCharset_GivesBothReadings()
    {
        var utf16 = Encoding.Latin1.GetString(Encoding.Unicode.GetBytes("<script>"));
        var request = Body.Read(
            Type, Body.Multipart("Content-Disposition: form-data; name=\"a\"|Content-Type: text/plain; "
                + "charset=utf-16le||" + utf16));
        Assert.Equal($"a={utf16}|a=<script>", CanonicalRequestTests.Arguments(request));
        Assert.True(request.Anomalies.HasFlag(Anomalies.UnusualCharset));
    }
}
