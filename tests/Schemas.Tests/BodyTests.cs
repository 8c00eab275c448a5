namespace WafOperator.Schemas.Tests;

/// <summary>Each keyword that is checked, at its bound and beyond it.</summary>
public sealed class BodyTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", "\"a\"", "1")]
    [InlineData("""{"type":"integer"}""", "1.0", "1.5")]
    [InlineData("""{"type":"number"}""", "1e3", "\"1\"")]
    [InlineData("""{"type":"boolean"}""", "false", "0")]
    [InlineData("""{"type":"array"}""", "[1,\"a\"]", "{}")]
    [InlineData("""{"type":"object"}""", "{\"a\":[{}]}", "[]")]
    [InlineData("""{"type":"string","nullable":true}""", "null", "[]")]
    [InlineData("""{"type":"string","nullable":true,"enum":["a"]}""", "null", "\"b\"")]
    [InlineData("""{"enum":["a",1,true,null]}""", "1.0", "2")]
    [InlineData("""{"enum":["a",1,true,null]}""", "true", "false")]
    [InlineData("""{"enum":["é"]}""", "\"\\u00e9\"", "\"e\"")]
    [InlineData("""{"minimum":1}""", "1", "0.999")]
    [InlineData("""{"maximum":10}""", "10", "10.01")]
    [InlineData("""{"minimum":1,"exclusiveMinimum":true}""", "1.1", "1")]
    [InlineData("""{"maximum":1,"exclusiveMaximum":true}""", "0.9", "1")]
    [InlineData("""{"multipleOf":0.01}""", "19.99", "19.999")]
    [InlineData("""{"type":"integer","format":"int32"}""", "2147483647", "2147483648")]
    [InlineData("""{"type":"integer","format":"int64"}""", "9223372036854775807", "9223372036854775808")]
    [InlineData("""{"minLength":2,"maxLength":3}""", "\"äöü\"", "\"äöüß\"")]
    [InlineData("""{"minLength":2}""", "\"😀a\"", "\"😀\"")]
    [InlineData("""{"pattern":"^[a-z]+$"}""", "\"abc\"", "\"abc\\n\"")]
    [InlineData("""{"pattern":"\\d{3}"}""", "\"a123b\"", "\"١٢٣\"")]
    [InlineData("""{"pattern":"^.{1,3}$"}""", "\"äöü\"", "\"a\\rb\"")]
    [InlineData("""{"pattern":"^(a|b)*c?$"}""", "\"ababc\"", "\"abcc\"")]
    [InlineData("""{"pattern":"^[\\s\\S]{2}$"}""", "\"\\n\\r\"", "\"abc\"")]
    [InlineData("""{"pattern":"^[\\w.-]+$"}""", "\"a_b.c-d\"", "\"ä\"")]
    [InlineData("""{"format":"date"}""", "\"2024-02-29\"", "\"2023-02-29\"")]
    [InlineData("""{"format":"date-time"}""", "\"2024-02-29T23:59:60.123+02:00\"", "\"2024-02-29 12:00:00Z\"")]
    [InlineData("""{"format":"uuid"}""", "\"3fa85f64-5717-4562-b3fc-2c963f66afa6\"", "\"3fa85f6457174562b3fc\"")]
    [InlineData("""{"format":"email"}""", "\"a.b+c@example.org\"", "\"a@b@c\"")]
    [InlineData("""{"format":"ipv4"}""", "\"10.0.0.1\"", "\"10.1\"")]
    [InlineData("""{"format":"ipv6"}""", "\"2001:db8::1\"", "\"fe80::1%eth0\"")]
    [InlineData("""{"format":"uri"}""", "\"https://a.example/é\"", "\"//a.example\"")]
    [InlineData("""{"format":"byte"}""", "\"aGVsbG8=\"", "\"aGVsbG8\"")]
    [InlineData("""{"format":"hostname"}""", "\"a.example\"", "\"a b\"")]
    [InlineData("""{"minItems":1,"maxItems":2}""", "[1,2]", "[1,2,3]")]
    [InlineData("""{"minItems":1}""", "[0]", "[]")]
    [InlineData("""{"items":{"type":"integer"}}""", "[1,2]", "[1,\"2\"]")]
    [InlineData("""{"properties":{"a":{"type":"integer"}}}""", "{\"a\":1,\"b\":\"x\"}", "{\"a\":\"x\"}")]
    [InlineData("""{"properties":{"a":{"type":"integer"}}}""", "{\"\\u0061\":1}", "{\"\\u0061\":\"x\"}")]
    [InlineData("""{"properties":{"a":{"type":"integer"}}}""", "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":\"x\"}")]
    [InlineData("""{"required":["a","b"],"properties":{"a":{}}}""", "{\"a\":1,\"b\":2}", "{\"a\":1,\"a\":2}")]
    [InlineData("""{"properties":{"a":{}},"additionalProperties":false}""", "{\"a\":1}", "{\"a\":1,\"b\":1}")]
    [InlineData("""{"additionalProperties":{"type":"integer"}}""", "{\"x\":1}", "{\"x\":\"1\"}")]
    [InlineData("""{"required":["a"],"additionalProperties":false}""", "{}x", "{\"a\":1}")]
    [InlineData("""{"minProperties":1,"maxProperties":2}""", "{\"a\":1}", "{}")]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":2}]}""", "2", "3")]
    [InlineData("""{"anyOf":[{"type":"string"},{"minimum":5}]}""", "5", "4")]
    [InlineData("""{"oneOf":[{"multipleOf":3},{"multipleOf":5}]}""", "9", "15")]
    [InlineData("""{"oneOf":[{"multipleOf":3},{"multipleOf":5}]}""", "10", "7")]
    [InlineData("""{"not":{"type":"string"}}""", "1", "\"a\"")]
    public void Keyword_AtItsBoundAndBeyond(string schema, string good, string bad)
    {
        var program = Requests.Program(Requests.WithBody(schema));

        // The row whose good value ends in x asks for a member that it forbids: nothing fits.
        if (!good.EndsWith('x')) Assert.Equal("", Requests.Judge(program, Requests.Json("POST /b", good)));
        Assert.StartsWith("Body: ", Requests.Judge(program, Requests.Json("POST /b", bad)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":["string","null"]}""", "null", "1")]
    [InlineData("""{"const":"a"}""", "\"a\"", "\"b\"")]
    [InlineData("""{"exclusiveMinimum":1}""", "1.5", "1")]
    [InlineData("""{"exclusiveMaximum":1}""", "0", "1")]
    [InlineData("""{"properties":{"a":{"$ref":"#/components/schemas/S","maxLength":2}}}""", "{\"a\":\"ab\"}",
        "{\"a\":\"abc\"}")]
    [InlineData("""{"properties":{"a":false}}""", "{}", "{\"a\":1}")]
    public void Keyword_OfVersion31(string schema, string good, string bad)
    {
        const string more = """,  "components":{"schemas":{"S":{"type":"string"}}}""";
        var program = Requests.Program(Requests.WithBody(schema, more, "3.1.0"));

        Assert.Equal("", Requests.Judge(program, Requests.Json("POST /b", good)));
        Assert.StartsWith("Body: ", Requests.Judge(program, Requests.Json("POST /b", bad)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Body: the body is missing")]
    [InlineData("{", "Body: the body is not JSON, or is nested too deep")]
    [InlineData("{\"a\":1}}", "Body: the body is not JSON, or is nested too deep")]
    [InlineData("\"\\ud800\"", "Body: the body holds text that is not Unicode")]
    [InlineData("{\"list\":[{\"n\":1},{\"n\":\"x\"}]}", "Body: the body /list/*/n has another type")]
    [InlineData("{\"list\":[{}]}", "Body: the body /list/* lacks the member n")]
    public void Finding_SaysWhereInWordsOfTheDocument(string body, string finding)
    {
        var program = Requests.Program(Requests.WithBody(
            """
            {"minLength":1,"properties":{"list":{"items":{"required":["n"],"properties":{"n":{"type":"integer"}}}}}}
            """));

        Assert.Equal(finding, Requests.Judge(program, Requests.Json("POST /b", body)));
    }

    [Fact]
    public void ReadOnlyMember_IsNotRequiredOfRequests()
    {
        var program = Requests.Program(Requests.WithBody(
            """{"required":["id","name"],"properties":{"id":{"readOnly":true,"type":"integer"},"name":{}}}"""));

        Assert.Equal("", Requests.Judge(program, Requests.Json("POST /b", "{\"name\":1}")));
        Assert.Contains("lacks the member name", Requests.Judge(program, Requests.Json("POST /b", "{\"id\":1}")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void SchemaInACircle_DescendsWithTheBody()
    {
        const string more = """
            ,"components":{"schemas":{"Tree":{"required":["v"],"properties":{"v":{"type":"integer"},
            "children":{"type":"array","items":{"$ref":"#/components/schemas/Tree"}}}}}}
            """;
        var program = Requests.Program(Requests.WithBody("""{"$ref":"#/components/schemas/Tree"}""", more));

        Assert.Equal("", Requests.Judge(program, Requests.Json("POST /b", """{"v":1,"children":[{"v":2}]}""")));
        Assert.Contains("lacks the member v",
            Requests.Judge(program, Requests.Json("POST /b", """{"v":1,"children":[{"v":2,"children":[{}]}]}""")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void BranchesThatMultiply_AreGivenUp()
    {
        // Each layer is asked twice by its parent: 2^40 steps, if nobody counted.
        const string more = """
            ,"components":{"schemas":{"T":{"anyOf":[
            {"required":["x"],"properties":{"c":{"$ref":"#/components/schemas/T"}}},
            {"required":["y"],"properties":{"c":{"$ref":"#/components/schemas/T"}}}]}}}
            """;
        var program = Requests.Program(Requests.WithBody("""{"$ref":"#/components/schemas/T"}""", more));
        var body = string.Concat(Enumerable.Repeat("{\"c\":", 40)) + "{}" + new string('}', 40);

        Assert.Equal("Unchecked: the body is too much to check",
            Requests.Judge(program, Requests.Json("POST /b", body)));
    }

    [Theory]
    [InlineData("a=1&b=x&b=y", "")]
    [InlineData("a=01&b=%78", "")]
    [InlineData("b=x", "Body: the body lacks the member a")]
    [InlineData("a=x", "Body: the body /a has another type")]
    [InlineData("a=1&c=2", "Body: the body has a field that is not described")]
    [InlineData("a=1&b=%zz", "Body: the body has an escape that is none")]
    public void Form_FieldsAreCompared(string body, string finding)
    {
        var program = Requests.Program(Requests.Document(
            """
            {"/f":{"post":{"requestBody":{"content":{"application/x-www-form-urlencoded":{"schema":
            {"required":["a"],"additionalProperties":false,"properties":{"a":{"type":"integer"},
            "b":{"type":"array","items":{"type":"string","maxLength":1}}}}}}}}}}
            """));
        var request = Requests.Of("POST /f", body, "content-type: application/x-www-form-urlencoded");

        Assert.Equal(finding, Requests.Judge(program, request));
    }

    [Theory]
    [InlineData("application/json", "")]
    [InlineData("Application/JSON; charset=UTF-8", "")]
    [InlineData("application/json; charset=utf-16", "ContentType: the body's charset is not UTF-8")]
    [InlineData("text/plain", "ContentType: the body's type is none of the operation's")]
    [InlineData("application/problem+json", "ContentType: the body's type is none of the operation's")]
    [InlineData("image/png", "")]
    [InlineData(null, "ContentType: the body has no type")]
    public void ContentType_HasToBeOneOfTheOperation(string? type, string finding)
    {
        var program = Requests.Program(Requests.Document(
            """{"/b":{"post":{"requestBody":{"content":{"image/*":{},"application/json":{}}}}}}"""));
        var request = type is null ? Requests.Of("POST /b", "{}")
            : Requests.Of("POST /b", "{}", "content-type: " + type);

        Assert.Equal(finding, Requests.Judge(program, request));
    }

    [Fact]
    public void ContentTypeTwice_IsAFinding() => Assert.Equal(
        "ContentType: the body has several types",
        Requests.Judge(
            Requests.Program(Requests.WithBody("{}")),
            Requests.Of("POST /b", "{}", "content-type: application/json", "content-type: text/plain")));

    [Theory]
    [InlineData(BodyKnowledge.Cut, "Unchecked: the body was not read to its end")]
    [InlineData(BodyKnowledge.NotRead, "")]
    public void BodyThatWasNotRead(BodyKnowledge knowledge, string finding)
    {
        var program = Requests.Program(Requests.WithBody("""{"type":"object"}"""));

        Assert.Equal(finding, Requests.Judge(program, Requests.Json("POST /b", "1"), knowledge));
    }

    [Theory]
    [InlineData("enum")]
    [InlineData("pattern")]
    public void LongListsOfValuesAndLongTexts_AreWorkThatIsCounted(string word)
    {
        var values = string.Join(',', Enumerable.Range(0, 2000).Select(i => $"\"v{i:0000}\""));
        var schema = word == "enum" ? "{\"items\":{\"enum\":[" + values + "]}}"
            : "{\"items\":{\"anyOf\":[" + string.Join(',', Enumerable.Range(0, 60).Select(i =>
                $"{{\"pattern\":\"^a+b{i}$\"}}")) + "]}}";
        var item = word == "enum" ? "\"v1999\"" : $"\"{new string('a', 8000)}b59\"";
        var program = Requests.Program(Requests.WithBody(schema));

        string Judge(int items) => Requests.Judge(
            program, Requests.Json("POST /b", $"[{string.Join(',', Enumerable.Repeat(item, items))}]"));

        Assert.Equal("", Judge(5));
        Assert.Equal("Unchecked: the body is too much to check", Judge(word == "enum" ? 2000 : 20));
    }

    /// <summary>What a schema says nothing about is walked over again by each of its branches.</summary>
    [Fact]
    public void ValuesThatArePassedOver_AreWorkThatIsCounted()
    {
        var branches = string.Join(',', Enumerable.Range(0, 20).Select(i => $"{{\"required\":[\"r{i}\"]}}"));
        var outer = string.Join(',', Enumerable.Repeat($"{{\"anyOf\":[{branches}]}}", 10));
        var program = Requests.Program(Requests.WithBody($"{{\"anyOf\":[{outer},{{}}]}}"));

        string Judge(int items) => Requests.Judge(
            program, Requests.Json("POST /b", $"{{\"x\":[{string.Join(',', Enumerable.Repeat("1", items))}]}}"));

        Assert.Equal("", Judge(50_000));
        Assert.Equal("Unchecked: the body is too much to check", Judge(300_000));
    }

    /// <summary>A gateway that shows no bodies does not say whether there was one.</summary>
    [Fact]
    public void BodyThatNobodyShows_IsNoFinding() => Assert.Equal(
        "", Requests.Judge(
            Requests.Program(Requests.WithBody("""{"type":"integer"}""")), Requests.Of("POST /b"),
            BodyKnowledge.NotRead));

    [Fact]
    public void StreamWhereNoBodyIsDescribed_CannotBeChecked() => Assert.Equal(
        "Unchecked: a stream cannot be checked",
        Requests.Judge(
            Requests.Program(Requests.Document("""{"/g":{"get":{}}}""")), Requests.Of("GET /g"), BodyKnowledge.Cut));

    [Fact]
    public void BodyWhereNoneIsDescribed_IsAFinding() => Assert.Equal(
        "Body: the operation has no body",
        Requests.Judge(Requests.Program(Requests.Document("""{"/g":{"get":{}}}""")), Requests.Json("GET /g", "{}")));

    [Fact]
    public void CompressedBody_IsReadUnpacked()
    {
        var program = Requests.Program(Requests.WithBody("""{"type":"integer"}"""));
        var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionMode.Compress))
            gzip.Write("\"x\""u8);
        var request = new Http.CanonicalRequest();
        request.Begin("POST", "/b", "HTTP/1.1");
        request.AddHeader("content-type", "application/json");
        request.AddHeader("content-encoding", "gzip");
        request.EndHeaders();
        request.AppendBody(packed.ToArray());
        request.EndBody();

        Assert.Equal("Body: the body has another type", Requests.Judge(program, request));
    }
}
