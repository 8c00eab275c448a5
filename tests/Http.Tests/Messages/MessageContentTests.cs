using System.Text;
using WafOperator.Http.Messages;

namespace WafOperator.Http.Tests.Messages;

/// <summary>Messages of WebSockets as applications read them, whatever their frames and first bytes say.</summary>
public sealed class MessageContentTests
{
    private const string Attack = "1' UNION SELECT password FROM users-- -";

    public static TheoryData<string, byte[], string> Messages => new()
    {
        { "JSON with bytes that are no UTF-8",
            [.. "{\"pad\":\""u8, .. Enumerable.Repeat((byte)0xff, 400), .. Bytes($"\",\"q\":\"{Attack}\"}}")], Attack },
        { "the same behind a number",
            [.. "42[\"a\",\""u8, .. Enumerable.Repeat((byte)0xff, 400), .. Bytes($"\",\"{Attack}\"]")], Attack },
        { "JSON in UTF-16", Encoding.Unicode.GetBytes($$"""{"q":"{{Attack}}"}"""), Attack },
        { "JSON in UTF-16, the other order", Encoding.BigEndianUnicode.GetBytes($$"""{"q":"{{Attack}}"}"""), Attack },
        { "text in UTF-16 with a mark", [0xff, 0xfe, .. Encoding.Unicode.GetBytes(Attack)], Attack },
        { "a channel before JSON", Bytes("""42/chat,["msg",{"q":"\u0027 UNION"}]"""), "' UNION" },
        { "binary event", Bytes("""451-/chat,["msg",{"q":"\u0027 UNION"}]"""), "' UNION" },
        { "STOMP", Bytes("SEND\ndestination:/a\n\n{\"q\":\"\\u0027 UNION\"}\0"), "' UNION" },
        { "escapes in other text", Bytes("say \\u0027 UNION"), "say ' UNION" },
        { "MessagePack", [0x82, 0xa3, .. "pad"u8, 0xc4, 0xff, .. Enumerable.Range(128, 120).Select(i => (byte)i),
            0xa1, .. "q"u8, 0xd9, 0x27, .. Bytes(Attack)], Attack },
    };

    [Theory, MemberData(nameof(Messages))]
    public void Message_ThatAnApplicationReads_IsShown(string situation, byte[] message, string expected)
    {
        _ = situation;
        var (_, values) = Read(message, MessageFormat.Text);
        Assert.Contains(values, value => value.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Binary_WithoutText_IsUnread()
    {
        var bytes = new byte[2000];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)(i % 11 == 0 ? 0x80 : 'a');
        var random = new Random(3);
        for (var i = 0; i < bytes.Length; i += 3) bytes[i] = (byte)random.Next(128, 256);
        var (request, values) = Read(bytes, MessageFormat.Text, out var unread);
        Assert.Empty(values);
        Assert.Equal(bytes.Length, unread);
        Assert.False(request.MustReject);
    }

    [Fact]
    public void Texts_BeyondTheBound_AreALimit()
    {
        var message = Enumerable.Range(0, 1_500).SelectMany(_ => (byte[])[0x0a, 4, .. "text"u8]).ToArray();
        Assert.False(Read(message, MessageFormat.Protobuf).Request.MustReject);
        var (request, _) = Read(message, MessageFormat.Protobuf, out _, new HttpLimits { ArgumentsMax = 1_000 });
        Assert.True(request.MustReject);
        Assert.Equal(ExceededLimits.Arguments, request.Exceeded);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static (CanonicalRequest Request, List<string> Values) Read(byte[] message, MessageFormat format) =>
        Read(message, format, out _);

    private static (CanonicalRequest Request, List<string> Values) Read(
        byte[] message, MessageFormat format, out long unread, HttpLimits? limits = null)
    {
        var request = new CanonicalRequest(limits);
        CanonicalRequestTests.Feed(request, "GET", "/ws", [("Host", "h")]);
        unread = MessageContent.Read(request, message, format, isCut: false);
        var values = new List<string>();
        foreach (var argument in request.BodyArguments) values.Add(Encoding.Latin1.GetString(request[argument.Value]));
        return (request, values);
    }
}
