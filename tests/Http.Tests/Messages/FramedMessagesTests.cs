using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace WafOperator.Http.Tests.Messages;

/// <summary>Bodies that are messages with a prefix each: gRPC-Web, its base64, streams of Connect.</summary>
public sealed class FramedMessagesTests
{
    private const string Attack = "1' UNION SELECT";

    /// <summary>Field 1 of a message: the attack, and field 2 of one within field 3.</summary>
    private static readonly byte[] Fields =
        [0x0a, (byte)Attack.Length, .. Encoding.ASCII.GetBytes(Attack), 0x1a, 5, 0x12, 3, .. "tea"u8];

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc-web+proto")]
    [InlineData("Application/gRPC-Web; charset=utf-8")]
    [InlineData("application/grpc")]
    [InlineData("application/connect+proto")]
    public void EndBody_MessagesWithPrefixes_ShowsTheirTexts(string type)
    {
        var request = Body.Read(type, [.. Frame(0, []), .. Frame(0, Fields), .. Frame(0, [0x0a, 3, .. "tea"u8])]);
        Assert.Equal($"message.1={Attack}|message.3.2=tea|message.1=tea", CanonicalRequestTests.Arguments(request));
        Assert.True(request.IsBodyRead);
        Assert.Equal(UnreadContent.None, request.Unread);
    }

    public static TheoryData<string, string> Encodings => new()
    {
        { "at once", Convert.ToBase64String([.. Frame(0, [8, 1]), .. Frame(0, Fields)]) },
        { "each padded", Convert.ToBase64String(Frame(0, [8, 1])) + Convert.ToBase64String(Frame(0, Fields)) },
        { "in lines", Convert.ToBase64String(Frame(0, Fields), Base64FormattingOptions.InsertLineBreaks) },
        { "without padding", Convert.ToBase64String(Frame(0, Fields)).TrimEnd('=') },
        { "for URLs", Convert.ToBase64String(Frame(0, Fields)).Replace('+', '-').Replace('/', '_') },
        { "bytes of none", "\u00ef\u00bb\u00bf" + Convert.ToBase64String(Frame(0, Fields)).Insert(3, " \t*") },
        { "prefix alone", Convert.ToBase64String(Frame(0, Fields)[..5]) + Convert.ToBase64String(Fields) },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public void EndBody_MessagesInBase64_ShowsTheirTexts(string name, string body)
    {
        foreach (var type in (string[])["application/grpc-web-text", "application/grpc-web-text+proto; a=b"])
        {
            var request = Body.Read(type, body);
            Assert.Contains($"message.1={Attack}", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
            Assert.True(request.IsBodyRead, name);
            Assert.Equal(UnreadContent.None, request.Unread);
        }
    }

    /// <summary>Who does not heed the coding reads the messages; base64 of them has the letters of a form.</summary>
    [Theory]
    [InlineData("application/grpc-web-text")]
    [InlineData("application/grpc-web")]
    public void EndBody_MessagesUnderACodingNobodyKnows_ShowTheirTexts(string type)
    {
        var frames = Frame(0, Fields);
        var body = type.EndsWith("text", StringComparison.Ordinal)
            ? Encoding.ASCII.GetBytes(Convert.ToBase64String(frames) + Convert.ToBase64String(Frame(0, [8, 1])))
            : frames;
        var request = Body.Read(type, body, headers: [("Content-Encoding", "foo")]);
        Assert.Contains($"message.1={Attack}", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
        var none = Body.Read(type, Encoding.ASCII.GetBytes("AAAA=AAAA"), headers: [("Content-Encoding", "foo")]);
        Assert.Equal(UnreadContent.Coding, none.Unread);
    }

    [Fact]
    public void EndBody_JsonAndTextAsMessages_AreShown()
    {
        var json = Body.Read(
            "application/grpc-web+json",
            [.. Frame(0, """{"q":["\u003cscript>"]}"""u8), .. Frame(0x80, "a: <b>\r\n"u8)]);
        Assert.Equal("json.q.array_0=<script>|message=a: <b>\r\n", CanonicalRequestTests.Arguments(json));
        Assert.Equal(BodyError.None, json.BodyError);
        Assert.True(json.IsBodyRead);
        var text = Body.Read("application/connect+own", Frame(2, Encoding.ASCII.GetBytes(Attack)));
        Assert.Equal($"message={Attack}", CanonicalRequestTests.Arguments(text));
    }

    [Theory]
    [InlineData("grpc-encoding", "gzip", true)]
    [InlineData("Connect-Content-Encoding", "GZIP", true)]
    [InlineData("grpc-encoding", "snappy", false)]
    [InlineData("own-encoding", "gzip", false)]
    public void EndBody_CompressedMessage_IsUnpackedOrUnread(string header, string coding, bool isRead)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, true)) gzip.Write(Fields);
        var request = Body.Read(
            "application/grpc-web+proto", Frame(1, packed.ToArray()), headers: [(header, coding)]);
        Assert.Equal(isRead, CanonicalRequestTests.Arguments(request).Contains(Attack, StringComparison.Ordinal));
        Assert.Equal(isRead, request.Unread == UnreadContent.None);
    }

    [Fact]
    public void EndBody_MessagesThatUnpackToMuch_MeetTheBoundTogether()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, true)) gzip.Write(new byte[60_000]);
        var frame = Frame(1, packed.ToArray());
        var limits = HttpLimits.Default with { DecompressedBytesMax = 100_000 };
        (string, string)[] coding = [("grpc-encoding", "gzip")];
        var one = Body.Read("application/grpc-web", frame, limits, headers: coding);
        Assert.False(one.Exceeded.HasFlag(ExceededLimits.DecompressedBytes));
        var two = Body.Read("application/grpc-web", [.. frame, .. frame], limits, headers: coding);
        Assert.True(two.Exceeded.HasFlag(ExceededLimits.DecompressedBytes));
        Assert.True(two.MustReject);
    }

    [Fact]
    public void EndBody_DeepMessages_MeetTheBoundOnWorkTogether()
    {
        byte[] deep = [0x0a, 0];
        for (var i = 0; i < 200; i++) deep = deep.Length < 128 ? [0x0a, (byte)deep.Length, .. deep]
            : [0x0a, (byte)(deep.Length | 0x80), (byte)(deep.Length >> 7), .. deep];
        var frame = Frame(0, deep);
        var once = Body.Read("application/grpc-web", frame);
        Assert.Equal(ExceededLimits.None, once.Exceeded);
        // Levels beneath each other cost for each byte again: so many messages are more work than one may be.
        var many = Body.Read("application/grpc-web", [.. Enumerable.Repeat(frame, 2_000).SelectMany(bytes => bytes)]);
        Assert.True(many.Exceeded.HasFlag(ExceededLimits.JsonDepth));
    }

    [Theory]
    [InlineData("application/grpc-web-text")]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/connect+json")]
    public void EndBody_BodyOfAnotherKind_IsReadAsWhatItIs(string type)
    {
        var form = Body.Read(type, $"q={Attack.Replace(' ', '+')}");
        Assert.Contains($"q={Attack}", CanonicalRequestTests.Arguments(form), StringComparison.Ordinal);
        Assert.False(form.IsBodyRead);
        var json = Body.Read(type, "{\"q\":\"" + Attack + "\"}");
        Assert.Contains($"json.q={Attack}", CanonicalRequestTests.Arguments(json), StringComparison.Ordinal);
        Assert.True(json.IsBodyRead);
    }

    [Fact]
    public void EndBody_BytesBehindTheMessages_AreSaidToBeUnread()
    {
        var request = Body.Read("application/grpc-web", [.. Frame(0, Fields), 7, .. Encoding.ASCII.GetBytes(Attack)]);
        Assert.Equal(
            $"message.1={Attack}|message.3.2=tea|message.unparsed=\a{Attack}",
            CanonicalRequestTests.Arguments(request));
        Assert.False(request.IsBodyRead);
        Assert.NotEqual(UnreadContent.None, request.Unread);
        var bytes = Body.Read("application/grpc-web", Frame(0, [0x0a, 8, 1, 2, 0xff, 4, 5, 6, 7, 0xfe]));
        Assert.True(bytes.IsBodyRead);
        Assert.Equal((UnreadContent.ContentType, 8), (bytes.Unread, bytes.UnreadBytes));
    }

    private static byte[] Frame(byte flags, ReadOnlySpan<byte> message)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(5));
        return frame;
    }
}
