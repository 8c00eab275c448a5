namespace WafOperator.Http.Tests;

/// <summary>A name that comes more than once, as programs join its values.</summary>
public sealed class RepeatedValuesTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Joined = "q=1'/*,*/union/*,*/1--";

    [Fact]
    public void Query_WithANameAgain_IsShownJoined() =>
        Assert.Contains(Joined, Seen(CanonicalRequestTests.Get("/?q=1'/*&q=*/union/*&x=1&q=*/1--", ("Host", "h"))));

    [Theory]
    [InlineData(Form, "q=1%27/*&q=*/union/*&x=1&q=*/1--")]
    [InlineData("multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n1'/*\r\n--b\r\n"
        + "Content-Disposition: form-data; name=\"q\"\r\n\r\n*/union/*\r\n--b\r\n"
        + "Content-Disposition: form-data; name=\"q\"\r\n\r\n*/1--\r\n--b--\r\n")]
    public void Body_WithANameAgain_IsShownJoined(string type, string body) =>
        Assert.Contains(Joined, Seen(Body.Read(type, body)));

    [Fact]
    public void QueryAndForm_WithTheSameName_AreShownJoined()
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(request, "POST", "/?q=1'/*&q=*/union/*", [("Host", "h"), ("Content-Type", Form)]);
        request.AppendBody("q=*/1--"u8);
        request.EndBody();
        Assert.Contains(Joined, Seen(request));
    }

    /// <summary>Harmless values cannot be more than their pieces.</summary>
    [Theory]
    [InlineData("/?id=1&id=2&id=3")]
    [InlineData("/?a[]=x&a[]=y (z)")]
    [InlineData("/?tag=it's&tag=tea")]
    [InlineData("/?u=http://a/b&u=http://c/d")]
    public void Query_WithHarmlessValues_IsShownOnce(string target) =>
        Assert.DoesNotContain(",", Seen(CanonicalRequestTests.Get(target, ("Host", "h"))));

    [Fact]
    public void Header_OverSeveralLines_IsShownAsItIsSentOn()
    {
        var request = CanonicalRequestTests.Get(
            "/", ("Host", "h"), ("X-Note", "evil/*"), ("Accept", "text/html"), ("x-note", "*/marker"),
            ("Accept", "*/*"), ("X-Note", "z"));
        var values = request.Headers.ToArray()
            .Where(header => CanonicalRequestTests.Text(request, header.LowerName) == "x-note")
            .Select(header => CanonicalRequestTests.Text(request, header.Value));
        Assert.Equal(["evil/*", "*/marker", "z", "evil/*, */marker, z"], values);
        Assert.Equal(7, request.Headers.Length);
    }

    [Fact]
    public void ManyNames_AreJoinedInProportion()
    {
        var query = string.Join('&', Enumerable.Range(0, 9_000).Select(i => $"q{i % 3000}=(x"));
        var request = Body.Read(Form, query);
        Assert.Equal(12_000, request.Arguments.Length);
        Assert.False(request.MustReject);
    }

    private static string Seen(CanonicalRequest request) => CanonicalRequestTests.Arguments(request);
}
