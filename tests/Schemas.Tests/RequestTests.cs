using WafOperator.Fixtures;

namespace WafOperator.Schemas.Tests;

/// <summary>Paths, methods and parameters.</summary>
public sealed class RequestTests
{
    private static readonly SchemaProgram Shop = Requests.Program(Requests.Document(
        """
        {"/":{"get":{}},"/items":{"get":{},"post":{"requestBody":{"content":{"application/json":{}}}}},
        "/items/{id}":{"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"integer"}}],
          "get":{},"delete":{}},
        "/items/new":{"get":{}},
        "/items/{id}/reviews/{review}":{"get":{}},
        "/Files/{name}.{type}":{"get":{"parameters":[{"name":"type","in":"path","required":true,
          "schema":{"enum":["pdf","png"]}}]}},
        "/range/{from}-{to}":{"get":{"parameters":[
          {"name":"from","in":"path","required":true,"schema":{"type":"integer"}},
          {"name":"to","in":"path","required":true,"schema":{"type":"integer"}}]}}}
        """, ""","servers":[{"url":"https://shop.example/v1"},{"url":"/v2/"}]"""));

    [Theory]
    [InlineData("GET /v1/items", "")]
    [InlineData("GET /v2/items", "")]
    [InlineData("GET /v1", "")]
    [InlineData("GET /v1/", "")]
    [InlineData("HEAD /v1/items", "")]
    [InlineData("GET /v1/items/7", "")]
    [InlineData("GET /v1/items/new", "")]
    [InlineData("GET /v1/items/7/reviews/x", "")]
    [InlineData("GET /v1/Files/a.b.pdf", "")]
    [InlineData("GET /v1/range/1-2", "")]
    [InlineData("GET /v1/range/1-2-", "Parameter: the path parameter to is not a number")]
    [InlineData("GET /v1/range/-1", Unknown)]
    [InlineData("GET /v1/range/1-x", "Parameter: the path parameter to has another type")]
    [InlineData("GET /v1/items/x", "Parameter: the path parameter id has another type")]
    [InlineData("GET /v1/Files/a.exe", "Parameter: the path parameter type is none of the values")]
    [InlineData("GET /v1/files/a.pdf", Unknown)]
    [InlineData("GET /v1/items/", Unknown)]
    [InlineData("GET /v1/items/7/", Unknown)]
    [InlineData("GET /v1/admin", Unknown)]
    [InlineData("GET /v3/items", Unknown)]
    [InlineData("GET /items", Unknown)]
    [InlineData("PUT /v1/items/7", UnknownMethod)]
    [InlineData("get /v1/items/7", UnknownMethod)]
    [InlineData("OPTIONS /v1/items", UnknownMethod)]
    // Paths that programs read in several ways: found only where all of them find the same.
    [InlineData("GET /v1/items/7/reviews/a%20b", "")]
    [InlineData("GET /v1/Files/a%20b.pdf", "")]
    [InlineData("GET /v1/items/7/reviews/a%2fb", Unknown)]
    [InlineData("GET /v1/items/%6eew", Unknown)]
    [InlineData("GET /v1//items", Unknown)]
    [InlineData("GET /v1/items/7;x=1", "Parameter: the path parameter id has another type")]
    [InlineData("GET /v1/items/../items", Unknown)]
    [InlineData("GET /v1/items\\7", Unknown)]
    [InlineData("GET /v1/items/%2e%2e/items", Unknown)]
    public void PathAndMethod(string line, string finding) =>
        Assert.Equal(finding, Requests.Judge(Shop, Requests.Of(line)));

    [Theory]
    [InlineData("/v1/anything", true)]
    [InlineData("/v1", true)]
    [InlineData("/v10", false)]
    [InlineData("/", false)]
    [InlineData("/x/../v1/a", true)]
    [InlineData("/%76%31/a", true)]
    public void Covers_WhatSomeProgramTakesForThisApi(string path, bool covers) =>
        Assert.Equal(covers, Shop.Covers(Requests.Of("GET " + path)));

    [Fact]
    public void UnknownMethod_SaysWhichThereAre() =>
        Assert.Equal("GET, DELETE", Shop.Judge(Requests.Of("PUT /v1/items/7"), BodyKnowledge.Whole).Allow);

    [Fact]
    public void BasePathOfTheUser_ReplacesThatOfTheDocument()
    {
        var program = Requests.Program(Requests.Document(
            """{"/a":{"get":{}}}""", ""","servers":[{"url":"/v1"}]"""), "/outside/v1/");

        Assert.Equal("", Requests.Judge(program, Requests.Of("GET /outside/v1/a")));
        Assert.False(program.Covers(Requests.Of("GET /v1/a")));
    }

    [Theory]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"integer"}}""", "q=5", "q=x")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"integer"}}""", "", "q=")]
    [InlineData("""{"name":"q","in":"query","required":true,"schema":{"type":"string"}}""", "q=", "p=1")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"string"}}""", "q=a", "q=a&q=b")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"string"}}""", "%71=a", "q=a&%71=b")]
    [InlineData("""{"name":"q","in":"query","allowEmptyValue":true,"schema":{"type":"integer"}}""", "q=", "q=x")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"boolean"}}""", "q=true", "q=1")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"string","pattern":"^a b$"}}""", "q=a+b", "q=a-b")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"string"}}""", "q=100", "q=100%")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"array","maxItems":2,"items":{"type":"integer"}}}""",
        "q=1&q=2", "q=1&q=2&q=3")]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"array","items":{"type":"integer"}}}""", "q=1", "q=1,2")]
    [InlineData("""{"name":"q","in":"query","explode":false,"schema":{"type":"array","items":{"type":"integer"}}}""",
        "q=1,2", "q=1,x")]
    [InlineData(
        """
        {"name":"q","in":"query","style":"pipeDelimited","explode":false,
        "schema":{"type":"array","items":{"type":"integer"}}}
        """,
        "q=1%7C2", "q=1|x")]
    [InlineData(
        """
        {"name":"q","in":"query","style":"spaceDelimited","explode":false,
        "schema":{"type":"array","items":{"type":"integer"}}}
        """,
        "q=1%202", "q=1%20x")]
    [InlineData(
        """
        {"name":"f","in":"query","style":"deepObject","schema":{"additionalProperties":false,
        "properties":{"a":{"type":"integer"},"l":{"type":"array","items":{"type":"integer"}}}}}
        """,
        "f[a]=1&f%5Bl%5D%5B%5D=2", "f[a]=x")]
    [InlineData(
        """
        {"name":"f","in":"query","style":"deepObject","schema":{"additionalProperties":false,
        "properties":{"a":{"type":"integer"}}}}
        """,
        "f[a]=1", "f[b]=1")]
    [InlineData(
        """{"name":"j","in":"query","content":{"application/json":{"schema":{"required":["a"]}}}}""",
        "j=%7B%22a%22:1%7D", "j=%7B%7D")]
    [InlineData("""{"name":"q","in":"query","schema":{"oneOf":[{"type":"integer"},{"enum":["all"]}]}}""", "q=all",
        "q=none")]
    public void QueryParameter(string parameter, string good, string bad)
    {
        var program = Requests.Program(Requests.WithParameter(parameter));

        Assert.Equal("", Requests.Judge(program, Requests.Of("GET /p" + (good.Length > 0 ? "?" + good : ""))));
        Assert.Contains("Parameter: ", Requests.Judge(program, Requests.Of("GET /p?" + bad)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"X-Count","in":"header","schema":{"type":"integer"}}""", "x-count: 5", "x-count: x")]
    [InlineData("""{"name":"X-Id","in":"header","required":true,"schema":{"type":"string"}}""", "X-ID: a", "x: y")]
    [InlineData("""{"name":"X-L","in":"header","schema":{"type":"array","items":{"type":"integer"}}}""",
        "x-l: 1, 2", "x-l: 1, x")]
    [InlineData("""{"name":"sid","in":"cookie","required":true,"schema":{"format":"uuid"}}""",
        "cookie: sid=3fa85f64-5717-4562-b3fc-2c963f66afa6", "cookie: sid=1")]
    [InlineData("""{"name":"sid","in":"cookie","required":true,"schema":{}}""", "cookie: a=b; sid=1", "cookie: a=b")]
    public void HeaderAndCookie(string parameter, string good, string bad)
    {
        var program = Requests.Program(Requests.WithParameter(parameter));

        Assert.Equal("", Requests.Judge(program, Requests.Of("GET /p", "", good)));
        Assert.StartsWith("Parameter: the ", Requests.Judge(program, Requests.Of("GET /p", "", bad)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void HeaderTwice_EachIsCompared() => Assert.Equal(
        "Parameter: the header x-count has another type",
        Requests.Judge(
            Requests.Program(Requests.WithParameter(
                """{"name":"X-Count","in":"header","schema":{"type":"integer"}}""")),
            Requests.Of("GET /p", "", "x-count: 5", "x-count: x")));

    [Fact]
    public void UndeclaredParameter_IsAReasonOfItsOwn() => Assert.Equal(
        "UndeclaredParameter: a query parameter is not described",
        Requests.Judge(Shop, Requests.Of("GET /v1/items?debug=1")));

    [Fact]
    public void SeveralReasons_AreAllFound()
    {
        var program = Requests.Program(Requests.Document(
            """
            {"/b":{"post":{"parameters":[{"name":"n","in":"query","schema":{"type":"integer"}}],
            "requestBody":{"content":{"application/json":{"schema":{"type":"object"}}}}}}}
            """));

        Assert.Equal(
            "Parameter: the query parameter n has another type\n"
                + "UndeclaredParameter: a query parameter is not described\nBody: the body has another type",
            Requests.Judge(program, Requests.Json("POST /b?n=x&m=1", "[]")));
    }

    [Fact]
    public void RequestThatFits_AllocatesNothing()
    {
        var program = Requests.Program(Requests.WithBody(
            """
            {"required":["a"],"properties":{"a":{"type":"string","pattern":"^[a-z\n]+$","minLength":1},
            "b":{"anyOf":[{"type":"integer"},{"type":"null"}]}}}
            """));
        var request = Requests.Json("POST /b", """{"a":"abc\n","b":null}""");
        Assert.Equal("", Requests.Judge(program, request));

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 100; i++) program.Judge(request, BodyKnowledge.Whole);
        }));
    }

    private const string Unknown = "UnknownPath: no operation has this path";
    private const string UnknownMethod = "UnknownMethod: no operation of this path has this method";
}
