using System.Text;
using WafOperator.Fixtures;

namespace WafOperator.Http.Tests;

public sealed class CanonicalRequestTests
{
    private static readonly Encoding Latin1 = Encoding.Latin1;

    internal static CanonicalRequest Get(string target, params (string Name, string Value)[] headers)
    {
        var request = new CanonicalRequest();
        Feed(request, "GET", target, headers);
        return request;
    }

    internal static void Feed(
        CanonicalRequest request, string method, string target, (string Name, string Value)[] headers)
    {
        request.Begin(Latin1.GetBytes(method), Latin1.GetBytes(target), "HTTP/1.1"u8);
        foreach (var (name, value) in headers) request.AddHeader(Latin1.GetBytes(name), Latin1.GetBytes(value));
        request.EndHeaders();
    }

    [Theory]
    [InlineData(1 << 16, true)]
    [InlineData(1 << 13, false)]
    public void RetainedBytesMax_ALargerBlockIsGivenUp(int max, bool isKept)
    {
        var request = new CanonicalRequest(new HttpLimits { RetainedBytesMax = max });
        var target = "/" + new string('x', 20_000);
        Feed(request, "GET", target, []);
        request.Reset();

        var allocated = Allocations.LeastOf(() =>
        {
            Feed(request, "GET", target, []);
            request.Reset();
        });

        // The bytes of the target themselves, and the block where it was given up.
        Assert.Equal(isKept, allocated < 24_000);
    }

    internal static string Text(CanonicalRequest request, Slice slice) => Latin1.GetString(request[slice]);

    [Theory]
    [InlineData("/a/b.php?x=1", "/a/b.php", "/a/b.php", "b.php", "x=1")]
    [InlineData("/a%2fb", "/a/b", "/a/b", "b", "")]
    [InlineData("/a/../b//c/./d", "/a/../b//c/./d", "/b/c/d", "d", "")]
    [InlineData("/%2e%2e/%252e%252e/etc", "/../%2e%2e/etc", "/etc", "etc", "")]
    [InlineData("/a\\..\\b", "/a\\..\\b", "/b", "b", "")]
    [InlineData("/../../x", "/../../x", "/x", "x", "")]
    [InlineData("http://host/p?q", "/p", "/p", "p", "q")]
    [InlineData("*", "*", "*", "*", "")]
    [InlineData("/a/..", "/a/..", "/", "..", "")]
    public void EndHeaders_Target_IsTakenApart(string target, string path, string normal, string baseName, string query)
    {
        var request = Get(target, ("Host", "h"));
        Assert.Equal(path, Text(request, request.Path));
        Assert.Equal(normal, Text(request, request.NormalPath));
        Assert.Equal(baseName, Text(request, request.BaseName));
        Assert.Equal(query, Text(request, request.RawQuery));
        Assert.Equal($"GET {target} HTTP/1.1", Text(request, request.RequestLine));
    }

    [Theory]
    [InlineData("a=1&b=2", "a=1|b=2")]
    [InlineData("a=%41+b&c", "a=A b|c=")]
    [InlineData("&&a=1&", "a=1")]
    [InlineData("=x", "=x")]
    [InlineData("a=b=c", "a=b=c")]
    [InlineData("a=%zz%4", "a=%zz%4")]
    [InlineData("%61%3d=%26", "a==&")]
    public void EndHeaders_Query_GivesArguments(string query, string expected)
    {
        var request = Get("/?" + query, ("Host", "h"));
        Assert.Equal(expected, Arguments(request));
    }

    [Fact]
    public void EndHeaders_Cookies_AreSplit()
    {
        var request = Get("/", ("Host", "h"), ("Cookie", "a=1; b = x=y ;; c"), ("cookie", "d=2"));
        var cookies = new List<string>();
        foreach (var cookie in request.Cookies) cookies.Add(Text(request, cookie.Name) + "="
            + Text(request, cookie.Value));
        Assert.Equal(["a=1", "b=x=y", "c=", "d=2"], cookies);
    }

    [Fact]
    public void AddHeader_AnyCase_IsFoundByLowerName()
    {
        var request = Get("/", ("Host", "h"), ("X-TeSt", " \t v \t"));
        Assert.True(request.TryGetHeader("x-test"u8, out var value));
        Assert.Equal("v", Text(request, value));
        Assert.Equal("X-TeSt", Text(request, request.Headers[1].Name));
    }

    [Fact]
    public void Begin_Characters_EqualsBytes()
    {
        var bytes = Get("/p?x=é" + new string('y', 400), ("Host", "h"));
        var request = new CanonicalRequest();
        request.Begin("GET", "/p?x=é" + new string('y', 400), "HTTP/1.1");
        request.AddHeader("Host", "h");
        request.EndHeaders();
        Assert.Equal(Text(bytes, bytes.RequestLine), Text(request, request.RequestLine));
    }

    [Fact]
    public void EndBody_Form_AppendsBodyArguments()
    {
        var request = new CanonicalRequest();
        Feed(request, "POST", "/?q=1", [("Host", "h"), ("Content-Type", "application/x-www-form-urlencoded")]);
        request.AppendBody("a=%2"u8);
        request.AppendBody("7&b"u8);
        request.EndBody();
        Assert.Equal("q=1|a='|b=", Arguments(request));
        Assert.Equal(1, request.QueryArgumentCount);
        Assert.Equal(2, request.BodyArguments.Length);
    }

    [Fact]
    public void Feed_BenignGet_AllocatesNothingAfterWarmUp()
    {
        var request = new CanonicalRequest();
        for (var i = 0; i < 20; i++) Run(request);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 1000; i++) Run(request);
        }));

        static void Run(CanonicalRequest request)
        {
            request.Reset();
            request.Begin("GET", "/shop/items%20new?id=17&sort=price+asc&name=caf%C3%A9", "HTTP/1.1");
            request.AddHeader("Host", "shop.example");
            request.AddHeader("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36");
            request.AddHeader("Cookie", "session=abc; theme=dark");
            request.EndHeaders();
            request.EndBody();
            var parts = 0;
            foreach (var part in new RequestParts(request)) parts += part.Value.Length;
            if (parts == 0) throw new InvalidOperationException("no parts");
        }
    }

    internal static string Arguments(CanonicalRequest request)
    {
        var list = new List<string>();
        foreach (var argument in request.Arguments)
            list.Add(Text(request, argument.Name) + "=" + Text(request, argument.Value));
        return string.Join("|", list);
    }
}
