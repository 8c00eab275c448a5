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
    [InlineData("multipart/form-data; boundary=\"b\"", MultipartFlags.BoundaryQuoted, false)]
    [InlineData("multipart/form-data; boundary= b", MultipartFlags.BoundaryWhitespace, true)]
    [InlineData("multipart/form-data; boundary =b", MultipartFlags.BoundaryWhitespace, false)]
    [InlineData("multipart/form-data boundary=b", MultipartFlags.MissingSemicolon, false)]
    [InlineData("multipart/form-data; boundary=\"b", MultipartFlags.Error, true)]
    [InlineData("multipart/form-data; boundary=b; boundary=c", MultipartFlags.Error, true)]
    [InlineData("multipart/form-data; Boundary=b", MultipartFlags.Error, true)]
    [InlineData("multipart/form-data", MultipartFlags.Error, true)]
    [InlineData("multipart/form-data; x=1; boundary=b", MultipartFlags.Error, true)]
    [InlineData("multipart/form-data; boundary=b!", MultipartFlags.Error, true)]
    [InlineData("multipart/form-data; boundary=", MultipartFlags.Error, true)]
    [InlineData("multipart/form-data; boundary=boundary=b", MultipartFlags.Error, true)]
    public void Read_ContentType_IsReadStrictly(string type, MultipartFlags flag, bool isError)
    {
        var request = Body.Read(type, Body.Multipart("Content-Disposition: form-data; name=\"a\"||1"));
        Assert.True(request.Multipart.HasFlag(flag));
        Assert.True(request.MultipartStrictError);
        Assert.Equal(isError, request.BodyError == BodyError.Multipart);
    }

    [Theory]
    [InlineData("x--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n",
        MultipartFlags.UnmatchedBoundary)]
    [InlineData("x\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\n", MultipartFlags.DataBefore)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--\r\nx", MultipartFlags.DataAfter)]
    [InlineData("--b\nContent-Disposition: form-data; name=a\n\n1\n--b--\n", MultipartFlags.LfLine)]
    [InlineData("--b\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--b--\r\n",
        MultipartFlags.HeaderFolding)]
    [InlineData("--b\r\nContent-Disposition: form-data;\r\n\vname=a\r\n\r\n1\r\n--b--\r\n",
        MultipartFlags.InvalidHeaderFolding)]
    [InlineData("--b\r\nContent-Disposition: form-data; name='a'\r\n\r\n1\r\n--b--\r\n", MultipartFlags.InvalidQuoting)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--\r\n", MultipartFlags.InvalidQuoting)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--b--\r\n", MultipartFlags.InvalidPart)]
    [InlineData("--b\r\nX: y\r\n\r\n1\r\n--b--\r\n", MultipartFlags.InvalidPart)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--c\r\n\r\n--b--\r\n",
        MultipartFlags.UnmatchedBoundaryInside)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--bc\r\n\r\n--b--\r\n",
        MultipartFlags.Error)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n-- b\r\n\r\n--b--\r\n",
        MultipartFlags.Error)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n", MultipartFlags.Error)]
    [InlineData("nothing", MultipartFlags.Error)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--b--\r\n", MultipartFlags.Error)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a; filename=x; filename=y\r\n\r\n1\r\n--b--\r\n",
        MultipartFlags.Error)]
    [InlineData("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b--\r\n", MultipartFlags.Error)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a; foo=b\r\n\r\n1\r\n--b--\r\n", MultipartFlags.Error)]
    [InlineData("--b\r\nno colon\r\n\r\n1\r\n--b--\r\n", MultipartFlags.Error)]
    [InlineData("--b\r\nA: \0\r\n\r\n1\r\n--b--\r\n", MultipartFlags.Error)]
    [InlineData("--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
        + "name=b\r\n\r\n1\r\n--b--\r\n", MultipartFlags.Error)]
    public void Read_LooseBody_IsFlagged(string body, MultipartFlags flag)
    {
        var request = Body.Read(Type, body);
        Assert.True(request.Multipart.HasFlag(flag), request.Multipart.ToString());
        Assert.True(request.Anomalies.HasFlag(Anomalies.MalformedMultipart));
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
