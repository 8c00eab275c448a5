using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>
/// Programs that ignore Content-Encoding read the bytes as they came: what they find there is shown, whatever the field
/// says.
/// </summary>
public sealed class IgnoredCodingTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Attack = "1' UNION SELECT password FROM users-- -";

    [Theory]
    [InlineData("", "")]
    [InlineData("\u0080\u0000", "\u00ff\u0001")]
    public void Form_UnderACodingNobodyKnows_IsReadAsAForm(string before, string behind)
    {
        var body = $"{before}pad={new string('x', 16 * 1024)}&q={Attack}{behind}";
        var request = Read(Form, Encoding.Latin1.GetBytes(body), "foo");
        Assert.Contains(Values(request), value => value.StartsWith(Attack, StringComparison.Ordinal));
    }

    [Fact]
    public void Multipart_UnderACodingNobodyKnows_IsReadAsMultipart()
    {
        var body = "\r\n" + Body.Multipart($"Content-Disposition: form-data; name=\"q\"||{Attack}");
        var request = Read("multipart/form-data; boundary=b", Encoding.ASCII.GetBytes(body), "foo");
        Assert.Contains(Attack, Values(request));
    }

    [Fact]
    public void Multipart_ThatIsMalformedUnderACodingNobodyKnows_IsInError()
    {
        var body = $"--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n{Attack}";
        var request = Read("multipart/form-data; boundary=b", Encoding.ASCII.GetBytes(body), "foo");
        Assert.Equal(BodyError.Multipart, request.BodyError);
    }

    [Theory]
    [InlineData("application/json", "{'q':\"" + Attack + "\"}")]
    [InlineData("application/json", "{\"q\":\"" + Attack + "\"} rest")]
    [InlineData("text/xml", "<a>" + Attack + "<b></a>")]
    [InlineData("application/graphql", "{user(name:\"" + Attack + "\"")]
    public void Document_UnderACodingNobodyKnows_IsShown(string type, string body)
    {
        var request = Read(type, Encoding.ASCII.GetBytes(body), "foo");
        Assert.Contains(Values(request), value => value.Contains(Attack, StringComparison.Ordinal));
        Assert.Equal(UnreadContent.Coding, request.Unread);
    }

    /// <summary>What is both is read as both, as where there is no coding.</summary>
    [Theory]
    [InlineData("{\"q\":[1,\"1\\u0027 UNION SELECT password FROM users-- -\"]}")]
    [InlineData("<q v='1&#39; UNION SELECT password FROM users-- -'/>")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n" + Attack + "\r\n--b--\r\n")]
    public void Document_DeclaredAsAFormUnderACodingNobodyKnows_IsReadAsBoth(string body)
    {
        var request = Read(Form, Encoding.ASCII.GetBytes(body), "foo");
        var xml = Encoding.ASCII.GetString(request[request.XmlAttributeContent]);
        Assert.Contains(Values(request).Append(xml), value => value.Contains(Attack, StringComparison.Ordinal));
    }

    [Fact]
    public void Json_InUtf16UnderACodingNobodyKnows_IsRead()
    {
        var request = Read("application/json", Encoding.Unicode.GetBytes($$"""{"q":"{{Attack}}"}"""), "foo");
        Assert.Contains(Attack, Values(request));
    }

    [Theory]
    [InlineData("aws-chunked", "application/octet-stream")]
    [InlineData("aws-chunked", "application/json")]
    [InlineData("aws-chunked,gzip", "application/json")]
    [InlineData("gzip,aws-chunked", "application/json")]
    public void Upload_InChunksOfAStore_IsNoError(string coding, string type)
    {
        const string Body = "12;chunk-signature=ad80c7\r\n{\"a\":\"it's here\"}\r\n0;chunk-signature=b6\r\n\r\n";
        var request = Read(type, Encoding.ASCII.GetBytes(Body), coding);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal(UnreadContent.Coding, request.Unread);
        Assert.Equal(0, request.Arguments.Length);
        Assert.False(request.Anomalies.HasFlag(Anomalies.MalformedCompression));
    }

    [Theory]
    [InlineData("gzip, foo")]
    [InlineData("foo, gzip")]
    public void KnownCoding_BesideOneNobodyKnows_IsUndone(string codings)
    {
        var body = BodyDecodingTests.Encode("gzip", Encoding.ASCII.GetBytes($$"""{"q":"{{Attack}}"}"""));
        Assert.Contains(Attack, Values(Read("application/json", body, codings)));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public void BytesBehindTheCompressedBody_AreAnErrorAndShown(string coding)
    {
        var plain = BodyDecodingTests.Encode(coding, "a=1"u8.ToArray());
        byte[] body = [.. plain, .. Encoding.ASCII.GetBytes("&q=" + Attack)];
        var request = Read(Form, body, coding);
        Assert.Equal(BodyError.Compression, request.BodyError);
        Assert.Contains(Attack, Values(request));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("zstd")]
    public void CompressedForm_OfManySizes_IsShownOnceAndIsNoError(string coding)
    {
        var random = new Random(7);
        for (var size = 1; size < 60_000; size = size * 3 + 1)
        {
            var value = Convert.ToHexString(Enumerable.Range(0, size).Select(_ => (byte)random.Next(256)).ToArray());
            var body = BodyDecodingTests.Encode(coding, Encoding.ASCII.GetBytes($"a=1&b={value}&c=2"));
            var request = Read(Form, body, coding);
            Assert.Equal(BodyError.None, request.BodyError);
            // Compressed bytes look like a pair now and then; what is text as it stands does anyway.
            if (coding is "gzip" or "deflate") Assert.InRange(request.Arguments.Length, 3, 4 + body.Length / 4096);
        }
    }

    [Fact]
    public void GZipOfSeveralMembers_IsReadToItsEnd()
    {
        var (first, second) = ("a=1"u8.ToArray(), "&b=2"u8.ToArray());
        var request = Read(
            Form, [.. BodyDecodingTests.Encode("gzip", first), .. BodyDecodingTests.Encode("gzip", second)], "gzip");
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Contains("2", Values(request));
    }

    [Theory]
    [InlineData(8, "coding.name")]
    [InlineData(16, "coding.comment")]
    [InlineData(4, "coding.extra")]
    public void FieldsOfGZip_AreShown(byte flag, string name)
    {
        var body = BodyDecodingTests.Encode("gzip", """{"a":1}"""u8.ToArray());
        var text = Encoding.ASCII.GetBytes($"report&q={Attack}");
        byte[] field = flag == 4 ? [(byte)text.Length, 0, .. text] : [.. text, 0];
        byte[] whole = [.. body[..3], flag, .. body[4..10], .. field, .. body[10..]];
        var request = Read("application/json", whole, "gzip");
        Assert.Equal(BodyError.None, request.BodyError);
        var arguments = CanonicalRequestTests.Arguments(request);
        Assert.Contains($"{name}=report&q={Attack}", arguments, StringComparison.Ordinal);
        Assert.Contains(
            Values(Read(Form, whole, "gzip")), value => value.StartsWith(Attack, StringComparison.Ordinal));
    }

    /// <summary>A head that promises more than there is shows what is there.</summary>
    [Fact]
    public void HeadsOfGZip_CutAnywhere_AreRead()
    {
        byte[] whole =
        [
            0x1f, 0x8b, 8, 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 40, 0, .. Encoding.ASCII.GetBytes(new string('e', 40)),
            .. "name"u8, 0, .. "comment"u8, 0,
        ];
        for (var length = 1; length <= whole.Length; length++)
        {
            var request = Read("application/json", whole[..length], "gzip");
            Assert.Equal(BodyError.Compression, request.BodyError);
            Assert.Equal(length > 12, Values(request)
                .Any(value => value.StartsWith('e') && value.Length == Math.Min(length - 12, 40)));
        }
    }

    [Fact]
    public void SkippedFrameOfZstandard_IsShown()
    {
        var text = Encoding.ASCII.GetBytes(Attack);
        var head = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(head, 0x184D2A53);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), text.Length);
        byte[] body = [.. head, .. text, .. BodyDecodingTests.Encode("zstd", """{"a":1}"""u8.ToArray())];
        Assert.Contains(Attack, Values(Read("application/json", body, "zstd")));
    }

    [Fact]
    public void Multipart_WithinStoredBlocks_IsShown()
    {
        using var output = new MemoryStream();
        var plain = BodyDecodingTests.Encode("gzip", "--b--\r\n"u8.ToArray());
        output.Write(plain.AsSpan(0, 3));
        output.Write([8, 0, 0, 0, 0, 0, 0]);
        output.Write("\n"u8);
        output.Write(Encoding.ASCII.GetBytes(Body.Multipart($"Content-Disposition: form-data; name=\"q\"||{Attack}")));
        output.WriteByte(0);
        output.Write(plain.AsSpan(10));
        var request = Read("multipart/form-data; boundary=b", output.ToArray(), "gzip");
        Assert.Contains(Values(request), value => value.Contains(Attack, StringComparison.Ordinal));
    }

    [Fact]
    public void Deflate_ThatIsZLibAndBareAtOnce_IsAnError()
    {
        // As a bare stream, 0x78 begins a stored block; its length is 0x0101, chosen so that 0x7801 is a zlib header.
        var stored = Encoding.ASCII.GetBytes(("&q=" + Attack).PadRight(0x101));
        byte[] body = [0x78, 0x01, 0x01, 0xfe, 0xfe, .. stored, 0x03, 0x00];
        var request = Read(Form, body, "deflate");
        Assert.Equal(BodyError.Compression, request.BodyError);
        Assert.Contains("more than one way", request.BodyErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("identity", "gzip")]
    [InlineData("gzip", "identity")]
    [InlineData("", "gzip")]
    public void CodingsInTwoLines_AreOneList(string first, string second)
    {
        var body = BodyDecodingTests.Encode("gzip", """{"q":"found"}"""u8.ToArray());
        var request = Body.Read(
            "application/json", body, headers: [("Content-Encoding", first), ("Content-Encoding", second)]);
        Assert.Equal("json.q=found", CanonicalRequestTests.Arguments(request));
    }

    [Fact]
    public void CodingsInTwoLines_AreUndoneFromTheLast()
    {
        var inner = BodyDecodingTests.Encode("deflate", """{"q":"found"}"""u8.ToArray());
        var body = BodyDecodingTests.Encode("gzip", inner);
        var request = Body.Read(
            "application/json", body, headers: [("Content-Encoding", "deflate"), ("Content-Encoding", "gzip")]);
        Assert.Equal("json.q=found", CanonicalRequestTests.Arguments(request));
    }

    private static CanonicalRequest Read(string type, byte[] body, string coding) =>
        Body.Read(type, body, headers: ("Content-Encoding", coding));

    private static List<string> Values(CanonicalRequest request)
    {
        var values = new List<string>();
        foreach (var argument in request.Arguments) values.Add(Encoding.Latin1.GetString(request[argument.Value]));
        values.Add(CanonicalRequestTests.Text(request, request.XmlContent));
        return values;
    }
}
