using System.IO.Compression;
using System.Text;

namespace WafOperator.Http.Tests;

public sealed class BodyDecodingTests
{
    private const string Form = "application/x-www-form-urlencoded";

    [Theory]
    [InlineData("gzip")]
    [InlineData("x-gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("zstd")]
    [InlineData("Identity, GZip")]
    [InlineData("deflate, gzip")]
    public void EndBody_Compressed_IsReadDecoded(string codings)
    {
        var body = Encoding.ASCII.GetBytes("a=%27or%201=1");
        foreach (var coding in codings.Split(", ")) body = Encode(coding, body);
        var request = Body.Read(Form, body, headers: ("Content-Encoding", codings));
        // Short text stands as it is in some codings: then whoever ignores them reads it too.
        Assert.StartsWith("a='or 1=1", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
        Assert.Equal(body.Length, request.RawBody.Length);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public void EndBody_ContentCodings_AreLimited(int max, bool isExceeded)
    {
        var body = Encode("gzip", Encode("deflate", Encode("gzip", Encoding.ASCII.GetBytes("a=1"))));
        var limits = new HttpLimits { ContentCodingsMax = max };
        var request = Body.Read(Form, body, limits, headers: ("Content-Encoding", "gzip, deflate, gzip"));
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.ContentCodings));
        Assert.Equal(isExceeded, request.MustReject);
        Assert.Equal(!isExceeded, CanonicalRequestTests.Arguments(request) == "a=1");
    }

    [Fact]
    public void EndBody_RawDeflate_IsRead()
    {
        using var output = new MemoryStream();
        using (var deflate = new DeflateStream(output, CompressionLevel.Optimal)) deflate.Write("a=1"u8);
        var request = Body.Read(Form, output.ToArray(), headers: ("Content-Encoding", "deflate"));
        Assert.Equal("a=1", CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("br")]
    public void EndBody_UnreadableCoding_IsInError(string coding)
    {
        var request = Body.Read(Form, "a=1&b=not compressed"u8.ToArray(), headers: ("Content-Encoding", coding));
        Assert.Equal(BodyError.Compression, request.BodyError);
        Assert.True(request.Anomalies.HasFlag(Anomalies.MalformedCompression));
        Assert.Contains("compressed", request.Problem!.Value.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("snappy")]
    [InlineData("aws-chunked")]
    [InlineData("gzip, x-own")]
    public void EndBody_CodingOfTheApplication_PassesAndIsSaid(string coding)
    {
        var body = new byte[] { 0x82, 1, 2, 3, 4, 5, 0xff, 0, 7, 8 };
        var request = Body.Read("application/x-protobuf", body, headers: ("Content-Encoding", coding));
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal(UnreadContent.Coding, request.Unread);
        Assert.Equal(body.Length, request.UnreadBytes);
        Assert.True(request.Anomalies.HasFlag(Anomalies.UnknownContentCoding));
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("amz-1.0")]
    [InlineData("x-own")]
    public void EndBody_CodingThatIsNone_HidesNothing(string coding)
    {
        var request = Body.Read("application/json", """{"a":"<script>"}"""u8.ToArray(), headers: ("Content-Encoding",
            coding));
        Assert.Equal("json.a=<script>", CanonicalRequestTests.Arguments(request));
        Assert.Equal(UnreadContent.None, request.Unread);
    }

    [Fact]
    public void EndBody_ZstandardWithAHugeWindow_IsRefused()
    {
        using var output = new MemoryStream();
        using (var encoder = new ZstdSharp.CompressionStream(output, level: 1))
        {
            encoder.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_windowLog, 27);
            for (var i = 0; i < 200; i++) encoder.Write(new byte[64 * 1024]);
        }

        var request = Body.Read(Form, output.ToArray(), headers: ("Content-Encoding", "zstd"));
        Assert.Equal(BodyError.Compression, request.BodyError);
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    public void EndBody_DecompressedBytes_AreLimited(int bytes, bool isExceeded)
    {
        var body = Encode("gzip", new byte[bytes]);
        var request = Body.Read(Form, body, new HttpLimits { DecompressedBytesMax = 100 },
            headers: ("Content-Encoding", "gzip"));
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.DecompressedBytes));
        Assert.Equal(isExceeded, request.MustReject);
    }

    [Theory]
    [InlineData(2000, false)]
    [InlineData(200, true)]
    public void EndBody_DecompressionRatio_IsLimited(int ratio, bool isExceeded)
    {
        var body = Encode("gzip", new byte[1_000_000]);
        var limits = new HttpLimits { DecompressionRatioMax = ratio };
        var request = Body.Read("text/plain", body, limits, headers: ("Content-Encoding", "gzip"));
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.DecompressionRatio));
    }

    [Theory]
    [InlineData("gzip, gzip", false)]
    [InlineData("gzip, gzip, gzip", true)]
    public void EndBody_Codings_AreLimited(string codings, bool isExceeded)
    {
        var body = "a=1"u8.ToArray();
        foreach (var coding in codings.Split(", ")) body = Encode(coding, body);
        var request = Body.Read(Form, body, headers: ("Content-Encoding", codings));
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.ContentCodings));
    }

    [Fact]
    public void EndBody_FormInEbcdic_GivesBothReadings()
    {
        var ebcdic = CodePagesEncodingProvider.Instance.GetEncoding("IBM037")!;
        var name = Uri.HexEscape((char)ebcdic.GetBytes("a")[0]);
        var value = string.Concat(ebcdic.GetBytes("<script>").Select(b => Uri.HexEscape((char)b)));
        var request = Body.Read(Form + "; charset=IBM037", $"{name}={value}");
        Assert.EndsWith("a=<script>", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
        Assert.Equal(2, request.Arguments.Length);
    }

    [Theory]
    [InlineData("application/json; charset=utf-16le", false)]
    [InlineData("application/json", true)]
    public void EndBody_JsonInUtf16_IsConverted(string type, bool hasMark)
    {
        var body = Encoding.Unicode.GetBytes((hasMark ? "\ufeff" : "") + """{"a":"<script>"}""");
        Assert.Equal("json.a=<script>", CanonicalRequestTests.Arguments(Body.Read(type, body)));
    }

    [Fact]
    public void EndBody_AsciiDeclaredAsUtf16_IsReadAsItIs()
    {
        var request = Body.Read("application/json; charset=utf-16", """{"a":"<script>"}""");
        Assert.Contains("json.a=<script>", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
        Assert.True(request.Anomalies.HasFlag(Anomalies.UnusualCharset));
    }

    [Fact]
    public void EndBody_Utf7_GivesBothReadings()
    {
        var request = Body.Read(Form + "; charset=utf-7", "a=%2BADw-script%2BAD4-");
        Assert.Equal("a=+ADw-script+AD4-|a=<script>", CanonicalRequestTests.Arguments(request));
    }

    [Fact]
    public void EndBody_UnknownCharset_IsNoted() =>
        Assert.True(Body.Read(Form + "; charset=x-nonsense", "a=1").Anomalies.HasFlag(Anomalies.UnknownCharset));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void AppendBody_InChunks_GivesTheSameAsWhole(int chunk)
    {
        var bodies = new (string Type, string Text)[]
        {
            (Form, "a=%41&b=+%zz"),
            ("application/json", """{"a":["\u0041",1]}"""),
            ("multipart/form-data; boundary=b", Body.Multipart("Content-Disposition: form-data; name=\"a\"||1")),
            ("text/xml", "<a b='1'>x</a>"),
        };
        foreach (var (type, text) in bodies)
        {
            var whole = Body.Read(type, text);
            var chunked = Body.Read(type, Encoding.Latin1.GetBytes(text), chunk: chunk);
            Assert.Equal(CanonicalRequestTests.Arguments(whole), CanonicalRequestTests.Arguments(chunked));
            Assert.Equal(whole.Anomalies, chunked.Anomalies);
            Assert.Equal(whole.Multipart, chunked.Multipart);
        }
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(9, true)]
    public void AppendBody_BodyBytes_AreLimited(int bytes, bool isExceeded)
    {
        var request = Body.Read(Form, new string('a', bytes), new HttpLimits { BodyBytesMax = 8 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.BodyBytes));
        Assert.Equal(8, request.RawBody.Length);
        Assert.Equal(bytes, request.BodyBytesSeen);
    }

    [Theory]
    [InlineData(8, false)]
    [InlineData(9, true)]
    public void EndBody_BodyWithoutFiles_IsLimited(int bytes, bool isExceeded)
    {
        var request = Body.Read(Form, new string('a', bytes), new HttpLimits { BodyNoFilesBytesMax = 8 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.BodyNoFilesBytes));
    }

    [Fact]
    public void EndBody_GraphQlDepth_IsLimited()
    {
        var text = string.Concat(Enumerable.Repeat("{a", 5)) + new string('}', 5);
        Assert.Equal(ExceededLimits.None, Body.Read("application/graphql", text,
            new HttpLimits { GraphQlDepthMax = 5 }).Exceeded);
        Assert.Equal(
            ExceededLimits.GraphQlDepth,
            Body.Read("application/graphql", text, new HttpLimits { GraphQlDepthMax = 4 }).Exceeded);
    }

    internal static byte[] Encode(string coding, byte[] body)
    {
        using var output = new MemoryStream();
        using (Stream encoder = coding.ToUpperInvariant() switch
        {
            "GZIP" or "X-GZIP" => new GZipStream(output, CompressionLevel.Optimal),
            "DEFLATE" => new ZLibStream(output, CompressionLevel.Optimal),
            "BR" => new BrotliStream(output, CompressionLevel.Optimal),
            "ZSTD" => new ZstdSharp.CompressionStream(output),
            _ => new BufferedStream(output),
        }) encoder.Write(body);
        return output.ToArray();
    }
}
