using WafOperator.Fixtures;

namespace WafOperator.Http.Tests;

public sealed class JsonBodyTests
{
    [Theory]
    [InlineData("""{"a":1,"b":"x"}""", "json.a=1|json.b=x")]
    [InlineData("""{"a":{"b":{"c":true}},"d":null}""", "json.a.b.c=true|json.d=")]
    [InlineData("""{"a":[1,"two",{"b":3},[4,5]],"z":0}""",
        "json.a.array_0=1|json.a.array_1=two|json.a.array_2.b=3|json.a.array_3.array_0=4|json.a.array_3.array_1=5|"
        + "json.z=0")]
    [InlineData("""[{"a":1},{"a":2}]""", "json.array_0.a=1|json.array_1.a=2")]
    [InlineData("\"x\"", "json=x")]
    [InlineData("""{"":1}""", "json.empty-key=1")]
    [InlineData("""{"a\u0041\n":"\u003cscript\u003e\"\\\/\b"}""", "json.aA\n=<script>\"\\/\b")]
    [InlineData(""" { "a" : [ ] , "b" : { } , "c" : -1.5e+3 } """, "json.a.array_0=|json.b=|json.c=-1.5e+3")]
    [InlineData("""{"a":[[],{"b":{}}]}""", "json.a.array_0.array_0=|json.a.array_1.b=")]
    [InlineData("""{}""", "")]
    [InlineData("""[]""", "")]
    public void Read_ValidJson_NamesEachScalarByItsPath(string json, string expected)
    {
        var request = Body.Read("application/json", json);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal(expected, CanonicalRequestTests.Arguments(request));
    }

    [Theory]
    [InlineData("""{"a":1""")]
    [InlineData("""{"a":1}x""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("""{a:1}""")]
    [InlineData("""{'a':1}""")]
    [InlineData("""{"a":01}""")]
    [InlineData("""{"a":"\x"}""")]
    [InlineData("""{"a":"\u12"}""")]
    [InlineData("{\"a\":\"\n\"}")]
    [InlineData("""[1,2}""")]
    [InlineData("""[1 2]""")]
    [InlineData("""nul""")]
    [InlineData("""{"a" 1}""")]
    [InlineData("""1 2x""")]
    [InlineData("""NaNa""")]
    public void Read_BrokenJson_IsInErrorAndKeepsTheRestAsText(string json)
    {
        var request = Body.Read("application/json", json);
        Assert.Equal(BodyError.Json, request.BodyError);
        Assert.True(request.Anomalies.HasFlag(Anomalies.MalformedJson));
        var seen = CanonicalRequestTests.Arguments(request);
        Assert.True(seen.Length == 0 || seen.Contains("json.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("application/json", "{\"index\":{\"_id\":\"1\"}}\n{\"f\":\"v\"}\n", "json.index._id=1|json.f=v")]
    [InlineData("application/x-ndjson", "1\n\n2\n", "json=1|json=2")]
    [InlineData("application/json-seq", "\u001e{\"a\":1}\n\u001e[2]\n", "json.a=1|json.array_0=2")]
    [InlineData("application/geo+json-seq", "\u001e1\u001e2", "json=1|json=2")]
    [InlineData("application/vnd.elasticsearch+x-ndjson", "{\"a\":1}\n[2]\n", "json.a=1|json.array_0=2")]
    [InlineData("application/vnd.own+jsonl", "1\n2\n", "json=1|json=2")]
    [InlineData("application/x-amz-json-1.1", "{\"a\":1}", "json.a=1")]
    [InlineData("application/jsonlines", "{\"a\":1}{\"b\":2}", "json.a=1|json.b=2")]
    [InlineData("application/json", " \r\n", "")]
    [InlineData("application/json", "[NaN,-Infinity]", "json.array_0=NaN|json.array_1=-Infinity")]
    public void Read_SeveralDocuments_AreReadOneAfterTheOther(string type, string json, string expected)
    {
        var request = Body.Read(type, json);
        Assert.Equal(BodyError.None, request.BodyError);
        Assert.Equal(expected, CanonicalRequestTests.Arguments(request));
    }

    [Fact]
    public void Read_BrokenJson_SaysWhereAndWhy()
    {
        var request = Body.Read("application/json", """{"a":1,"b":x}""");
        Assert.Equal(11, request.Problem!.Value.Offset);
        Assert.StartsWith("JSON: ", request.Problem.Value.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AttackBehindBrokenJson_IsStillAnArgument()
    {
        var request = Body.Read("application/json", """{"a":'1 union select' }""");
        Assert.Contains("union select", CanonicalRequestTests.Arguments(request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""", true)]
    [InlineData("""{"a":{"b":1},"c":{"b":1}}""", false)]
    [InlineData("""{"a":{"b":1,"b":[]}}""", true)]
    public void Read_KeyTwice_IsNoted(string json, bool isNoted) =>
        Assert.Equal(isNoted, Body.Read("application/json", json).Anomalies.HasFlag(Anomalies.DuplicateJsonKey));

    [Theory]
    [InlineData("\\ud83d\\ude00", new byte[] { 0xf0, 0x9f, 0x98, 0x80 })]
    [InlineData("\\ud83dx", new byte[] { 0xef, 0xbf, 0xbd, (byte)'x' })]
    [InlineData("\\u0000", new byte[] { 0 })]
    public void Read_UnicodeEscape_BecomesUtf8(string escape, byte[] expected)
    {
        var request = Body.Read("application/json", $"[\"{escape}\"]");
        Assert.Equal(expected, request[request.Arguments[0].Value].ToArray());
        if (expected[0] == 0) Assert.True(request.Anomalies.HasFlag(Anomalies.NulByte));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    public void Read_Depth_IsLimited(int depth, bool isExceeded)
    {
        var json = new string('[', depth) + "1" + new string(']', depth);
        var request = Body.Read("application/json", json, new HttpLimits { JsonDepthMax = 4 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.JsonDepth));
        Assert.Equal(isExceeded, request.MustReject);
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public void Read_Leaves_AreLimitedAndTheRestIsKeptAsText(int leaves, bool isExceeded)
    {
        var json = "[" + string.Join(",", Enumerable.Repeat("7", leaves)) + "]";
        var request = Body.Read("application/json", json, new HttpLimits { JsonLeavesMax = 10 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.JsonLeaves));
        Assert.Equal(isExceeded ? 11 : 10, request.Arguments.Length);
    }

    [Theory]
    [InlineData(6, false)]
    [InlineData(7, true)]
    public void Read_KeysAndContainersWithoutScalars_AreLimited(int chains, bool isExceeded)
    {
        // One outer object, then three keys and objects for each: 6 n + 1 nodes, 40 are allowed for 10 scalars.
        var json = "{" + string.Join(
            ",", Enumerable.Range(0, chains).Select(i => $"\"k{i}\":{{\"a\":{{\"b\":{{}}}}}}")) + "}";
        var request = Body.Read("application/json", json, new HttpLimits { JsonLeavesMax = 10 });
        Assert.Equal(isExceeded, request.Exceeded.HasFlag(ExceededLimits.JsonLeaves));
    }

    [Fact]
    public void Read_Lines_EachIsADocument()
    {
        var request = Body.Read("application/x-ndjson", "{\"a\":1}\n{\"a\":2}\n");
        Assert.Equal("json.a=1|json.a=2", CanonicalRequestTests.Arguments(request));
    }

    [Fact]
    public void Read_GraphQlMember_GivesItsLiterals()
    {
        var request = Body.Read(
            "application/json", """{"query":"query { user(name: \"a' or 1=1\", ids: [\"x\", 7]) { id } }"}""");
        var seen = CanonicalRequestTests.Arguments(request);
        Assert.Contains("graphql.name=a' or 1=1", seen, StringComparison.Ordinal);
        Assert.Contains("graphql.ids=x|graphql.ids=7", seen, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Json_AllocatesNothingAfterWarmUp()
    {
        var body = "{\"user\":{\"name\":\"M\\u00fcller\",\"tags\":[\"a\",\"b\"],\"age\":42}}"u8.ToArray();
        var request = new CanonicalRequest();
        for (var i = 0; i < 20; i++) Run(request, body);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 1000; i++) Run(request, body);
        }));

        static void Run(CanonicalRequest request, byte[] body)
        {
            request.Reset();
            request.Begin("POST", "/api", "HTTP/1.1");
            request.AddHeader("Host", "h");
            request.AddHeader("Content-Type", "application/json; charset=utf-8");
            request.EndHeaders();
            request.AppendBody(body);
            request.EndBody();
            if (request.Arguments.Length != 4) throw new InvalidOperationException("arguments are missing");
        }
    }
}
