using System.Text;

namespace WafOperator.Http.Tests;

/// <summary>What servers and frameworks decode in credentials is shown as they give it to applications.</summary>
public sealed class CredentialsTests
{
    private const string Attack = "' or 1=1 -- ";

    public static TheoryData<string, string, string[]> Fields => new()
    {
        { "Authorization", "Basic " + Encode("ann:" + Attack),
            ["authorization.user=ann", "authorization.password=" + Attack] },
        { "Authorization", "basic   " + Encode(Attack + ":x:y"),
            ["authorization.user=" + Attack, "authorization.password=x:y"] },
        { "authorization", "BASIC\t" + Encode(Attack), ["authorization.user=" + Attack] },
        { "Proxy-Authorization", "Basic " + Encode("a:" + Attack).TrimEnd('='),
            ["authorization.user=a", "authorization.password=" + Attack] },
        // Python and PHP step over what is no base64.
        { "Authorization", "Basic " + Encode("a:" + Attack).Insert(5, "!").Insert(9, " "),
            ["authorization.user=a", "authorization.password=" + Attack] },
        { "Authorization", "Bearer " + Token("""{"alg":"none","kid":"' or 1=1 -- "}""", """{"sub":"ann"}"""),
            ["claims.alg=none", "claims.kid=" + Attack, "claims.sub=ann"] },
        { "Authorization", "Token token=\"" + Token("{ }", """{"a":{"b":["\u0027 or 1=1 -- "]}}""") + "\", x=y",
            ["claims.b=" + Attack] },
        { "X-Own", Token("""{"typ":"JWT"}""", """{"\u0027 or 1":"x"}"""),
            ["claims.typ=JWT", "claims=' or 1", "claims.' or 1=x"] },
        { "X-Own", Token("{}", """{"' or 1":1,"<b>":{}}"""), ["claims=' or 1", "claims=<b>"] },
        { "DPoP", Token("""{"jku":"http://h/../' or 1"}""", "{}"), ["claims.jku=http://h/../' or 1"] },
        { "Cookie", "s=" + Token("\n{}", "{'q': 1} " + Attack), ["claims={'q': 1} " + Attack] },
        { "Cookie", "s=\"" + Token("{}", "{}/*" + Attack + "*/") + "\"", ["claims=" + Attack] },
        { "X-Own", "jwt=e30=.eyJhIjoiJyBvciAxIn0=.", ["claims.a=' or 1"] },
        // Who issued it, and for whom, are addresses in most tokens.
        { "Authorization", "Bearer " + Token("{}", """{"iss":"http://10.0.0.1:8080/realms/shop","n":1}"""), [] },
        { "Authorization", "Bearer abc.def.ghi", [] },
        { "Authorization", "Bearer " + Encode("{}"), [] },
        { "Authorization", "Basic", [] },
        { "Authorization", "Basic ====", [] },
        { "Authorization", "Negotiate YII", [] },
        { "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 a.b.c", [] },
        { "X-Version", "1.2.3", [] },
        { "X-Host", "www.example.com", [] },
    };

    [Theory, MemberData(nameof(Fields))]
    public void WhatIsTextInThem_IsAnArgument(string name, string value, string[] expected)
    {
        var request = Read((name, value));

        var found = new List<string>();
        foreach (var argument in request.Arguments)
            found.Add($"{Text(request, argument.Name)}={Text(request, argument.Value)}");
        Assert.Equal(expected, found);
        Assert.Equal(found.Count, request.QueryArgumentCount);
        Assert.False(request.Anomalies.HasFlag(Anomalies.DuplicateArgument));
    }

    [Fact]
    public void MoreTokensThanAreRead_AreSaid()
    {
        var token = Token("{}", """{"a":"b"}""");

        Assert.Equal(ExceededLimits.None, Read(("X-Own", string.Join(' ', Enumerable.Repeat(token, 16)))).Exceeded);
        Assert.Equal(
            ExceededLimits.Arguments, Read(("X-Own", string.Join(' ', Enumerable.Repeat(token, 17)))).Exceeded);
    }

    /// <summary>Any bytes: nothing is thrown, and nothing of another request is shown.</summary>
    [Fact]
    public void RandomTokens_AreReadWithoutAWord()
    {
        var random = new Random(20261130);
        const string letters = "eyJ{}\":,[]\\u0027/*' ab.=";
        for (var round = 0; round < 2_000; round++)
        {
            var json = string.Concat(random.GetItems(letters.ToCharArray(), random.Next(40)));
            var request = Read(
                ("Authorization", "Bearer " + Token("{" + json, json)), ("Cookie", "a=" + Token("{}", json)));
            Assert.Equal(ExceededLimits.None, request.Exceeded);
        }
    }

    private static CanonicalRequest Read(params (string, string)[] headers)
    {
        var request = new CanonicalRequest();
        CanonicalRequestTests.Feed(request, "GET", "/", [("Host", "h"), .. headers]);
        return request;
    }

    private static string Text(CanonicalRequest request, Slice slice) => Encoding.UTF8.GetString(request[slice]);

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Token(string head, string payload) =>
        string.Join('.', Url(head), Url(payload), "c2ln");

    private static string Url(string text) => Encode(text).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
