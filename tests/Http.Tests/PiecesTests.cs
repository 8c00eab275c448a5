using System.Text;
using WafOperator.Http.Messages;

namespace WafOperator.Http.Tests;

/// <summary>What looks like a line of text and is another format to a program: said to be unread.</summary>
public sealed class PiecesTests
{
    /// <summary>{"q": "evilmarker"} in CBOR, the text in pieces of one letter.</summary>
    private static readonly byte[] Cbor =
        [0xa1, 0x61, 0x71, 0x7f, .. "evilmarker"u8.ToArray().SelectMany(letter => (byte[])[0x61, letter]), 0xff];

    [Theory]
    [InlineData("application/cbor", UnreadContent.Text)]
    [InlineData("", UnreadContent.Text)]
    [InlineData("application/x-www-form-urlencoded", UnreadContent.Text)]
    public void Body_InPieces_IsSaidToBeUnread(string type, UnreadContent expected) =>
        Assert.Equal(expected, Body.Read(type, Cbor).Unread);

    [Fact]
    public void File_InPieces_IsSaidToBeUnread() => Assert.Equal(
        UnreadContent.FileContent, Part("form-data; name=\"f\"; filename=\"a\"", "", Encoding.Latin1.GetString(Cbor)));

    [Fact]
    public void Message_InPieces_IsSaidToBeUnread()
    {
        var request = CanonicalRequestTests.Get("/", ("Host", "h"));
        Assert.Equal(Cbor.Length, MessageContent.Read(request, Cbor, MessageFormat.Text, isCut: false));
    }

    [Theory]
    [InlineData("{q:'evilm\\x61rker'}", false)]
    [InlineData("{/**/q:\"evilm\\x61rker\"}", false)]
    [InlineData("{hello} you", true)]
    [InlineData("[12:30] hello", true)]
    [InlineData("42[\"say\",{\"q\":\"\\u0061\"}]", true)]
    [InlineData("hello \u00fcber", true)]
    [InlineData("SEND\na:b\n\nhello\0", true)]
    public void Message_ThatIsMoreThanJson_IsSaidToBeUnread(string message, bool isRead)
    {
        var request = CanonicalRequestTests.Get("/", ("Host", "h"));
        var content = Encoding.UTF8.GetBytes(message);
        var unread = MessageContent.Read(request, content, MessageFormat.Text, isCut: false);
        Assert.Equal(isRead ? 0 : content.Length, unread);
    }

    /// <summary>Servers take these for files: filename* alone, an empty name, a type of its own (busboy).</summary>
    [Theory]
    [InlineData("form-data; name=\"f\"; filename*=UTF-8''a.yaml", "",
        "a: 1\nq: \"\\x65vil\"", UnreadContent.FileContent)]
    [InlineData("form-data; name=\"f\"; filename=\"\"", "", "a: 1\nq: 2", UnreadContent.FileContent)]
    [InlineData("form-data; name=\"f\"; filename=\"\"", "", "", UnreadContent.None)]
    [InlineData("form-data; name=\"f\"", "application/octet-stream", "a: 1\nq: 2", UnreadContent.FileContent)]
    [InlineData("form-data; name=\"f\"", "application/octet-stream", "PK\u0003\u0004", UnreadContent.FileContent)]
    [InlineData("form-data; name=\"f\"", "application/json", "{\"a\":\n1}", UnreadContent.None)]
    [InlineData("form-data; name=\"f\"", "text/plain; charset=UTF-8", "one\ntwo", UnreadContent.None)]
    [InlineData("form-data; name=\"f\"", "", "one\ntwo", UnreadContent.None)]
    [InlineData("form-data; name=\"f\"", "application/octet-stream", "one", UnreadContent.None)]
    public void Part_ThatIsAFileToSome_IsSaidToBeUnread(
        string disposition, string type, string content, UnreadContent expected) =>
        Assert.Equal(expected, Part(disposition, type, content));

    private static UnreadContent Part(string disposition, string type, string content)
    {
        var head = $"Content-Disposition: {disposition}" + (type.Length > 0 ? $"\r\nContent-Type: {type}" : "");
        return Body.Read("multipart/form-data; boundary=b", $"--b\r\n{head}\r\n\r\n{content}\r\n--b--\r\n").Unread;
    }
}
