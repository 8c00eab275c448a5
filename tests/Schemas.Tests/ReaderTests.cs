using System.Diagnostics;
using WafOperator.OpenApi;

namespace WafOperator.Schemas.Tests;

/// <summary>
/// Documents that are refused with their place, and what is told of those that are not checked whole.
/// </summary>
public sealed class ReaderTests
{
    private const string Get = """{"/a":{"get":{}}}""";

    [Theory]
    [InlineData("", "", "is not JSON")]
    [InlineData("[]", "", "no member openapi")]
    [InlineData("""{"swagger":"2.0"}""", "/swagger", "convert it first")]
    [InlineData("""{"openapi":3.1}""", "/openapi", "is not a text")]
    [InlineData("""{"openapi":"4.0.0"}""", "/openapi", "is not 3.0.x or 3.1.x")]
    [InlineData("""{"openapi":"3.0.0","openapi":"3.0.1"}""", "", "is not JSON that is read")]
    [InlineData("""{"openapi":"3.0.0"}""", "", "has no paths")]
    [InlineData("""{"openapi":"3.0.0","paths":{"a":{}}}""", "/paths/a", "begins with /")]
    [InlineData("""{"openapi":"3.0.0","paths":{"/a/{":{}}}""", "/paths/~1a~1{", "does not end")]
    [InlineData("""{"openapi":"3.0.0","paths":{"/{a}{b}":{}}}""", "/paths/~1{a}{b}", "nothing between")]
    [InlineData("""{"openapi":"3.0.0","paths":{"/{a}/{a}":{}}}""", "/paths/~1{a}~1{a}", "one parameter twice")]
    [InlineData("""{"openapi":"3.0.0","paths":{"/a":{"servers":[]}}}""", "/paths/~1a/servers", "spec.basePath")]
    [InlineData("""{"openapi":"3.0.0","paths":{},"servers":[{"url":"/{v}"}]}""", "/servers/0/url", "variables")]
    [InlineData("""{"openapi":"3.0.0","paths":{"/a":{"get":{"operationId":"x"},"put":{"operationId":"x"}}}}""",
        "/paths/~1a/put", "stands twice")]
    public void Document_ThatIsRefused_SaysWhereAndWhy(string text, string place, string reason)
    {
        var reading = ApiReader.Read(text);

        Assert.Null(reading.Description);
        Assert.Equal(place, reading.Problem!.Place);
        Assert.Contains(reason, reading.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"text"}""", "/type", "is no type")]
    [InlineData("""{"minLength":-1}""", "/minLength", "not a whole number")]
    [InlineData("""{"minLength":3,"maxLength":2}""", "", "allows nothing")]
    [InlineData("""{"multipleOf":0}""", "/multipleOf", "above 0")]
    [InlineData("""{"enum":[]}""", "/enum", "is empty")]
    [InlineData("""{"type":"string","enum":["SE",false]}""", "", "put quotes around it")]
    [InlineData("""{"allOf":[]}""", "/allOf", "1 to 64")]
    [InlineData("""{"items":[{}]}""", "/items", "is a list")]
    [InlineData("""{"$ref":"other.yaml#/x"}""", "/$ref", "outside this document")]
    [InlineData("""{"$ref":"http://evil.example/x"}""", "/$ref", "outside this document")]
    [InlineData("""{"$ref":"#/components/schemas/None"}""", "/$ref", "names nothing")]
    [InlineData("""{"pattern":"(?=a)b"}""", "/pattern", "no linear time")]
    [InlineData("""{"pattern":"(a)\\1"}""", "/pattern", "no linear time")]
    [InlineData("""{"pattern":"("}""", "/pattern", "is no pattern")]
    [InlineData("""{"pattern":"((a{1,100}){1,100}){1,100}"}""", "/pattern", "larger than is read")]
    [InlineData("""{"pattern":"a{99999999}"}""", "/pattern", "larger than is read")]
    public void Schema_ThatIsRefused_SaysWhereAndWhy(string schema, string place, string reason)
    {
        var reading = ApiReader.Read(Requests.WithBody(schema));

        Assert.Null(reading.Description);
        Assert.Equal(
            "/paths/~1b/post/requestBody/content/application~1json/schema" + place, reading.Problem!.Place);
        Assert.Contains(reason, reading.Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"A":{"$ref":"#/components/schemas/A"}}""", "refers to itself")]
    [InlineData("""{"A":{"$ref":"#/components/schemas/B"},"B":{"$ref":"#/components/schemas/A"}}""",
        "refers to itself")]
    [InlineData("""{"A":{"allOf":[{"$ref":"#/components/schemas/A"}]}}""", "consists of itself")]
    [InlineData("""{"A":{"anyOf":[{"$ref":"#/components/schemas/B"}]},"B":{"not":{"$ref":"#/components/schemas/A"}}}""",
        "consists of itself")]
    public void ReferencesInACircle_AreRefused(string schemas, string reason)
    {
        var document = Requests.WithBody(
            """{"$ref":"#/components/schemas/A"}""", ",\"components\":{\"schemas\":" + schemas + "}");

        Assert.Contains(reason, ApiReader.Read(document).Problem?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReferencesThatGoOnAndOn_AreRefusedWithoutAStackOverflow()
    {
        var schemas = string.Join(',', Enumerable.Range(0, 10_000).Select(i =>
            $"\"S{i}\":{{\"properties\":{{\"a\":{{\"$ref\":\"#/components/schemas/S{i + 1}\"}}}}}}"));
        var document = Requests.WithBody(
            """{"$ref":"#/components/schemas/S0"}""",
            ",\"components\":{\"schemas\":{" + schemas + ",\"S10000\":{}}}");

        Assert.Contains("nested deeper than 200", ApiReader.Read(document).Problem?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesThatAreLongAndDeep_TakeMemoryInProportionToTheText()
    {
        // Pointers to the members, written out, would have 6,000 characters each, and be kept: 1 GB.
        var name = new string('n', 250);
        var open = string.Concat(Enumerable.Repeat("{\"properties\":{\"" + name + "\":", 25));
        var members = string.Join(',', Enumerable.Range(0, 15_000).Select(i => $"\"m{i}\":{{\"zz\":1}}"));
        var document = Requests.WithBody(
            open + "{\"properties\":{" + members + "}}" + new string('}', 50), version: "3.1.0");

        var before = GC.GetAllocatedBytesForCurrentThread();
        var description = ApiReader.Read(document).Description!;
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(15_000, description.UncheckedCount);
        Assert.InRange(bytes, 0, document.Length * 200L);
        Assert.All(description.Unchecked, remark => Assert.InRange(remark.Place.Length, 1, 1200));
        Assert.EndsWith("/properties/m0/zz", description.Unchecked[0].Place, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesThatBeginAlike_AreDifferentSchemas()
    {
        var name = new string('n', 300);
        var program = Requests.Program(Requests.WithBody(
            "{\"properties\":{\"" + name + "1\":{\"type\":\"string\"},\"" + name + "2\":{\"type\":\"integer\"}}}"));

        Assert.Equal("", Requests.Judge(program, Requests.Json("POST /b", "{\"" + name + "2\":1}")));
    }

    [Fact]
    public void ReferencesThatFanOut_AreReadOnce()
    {
        // Ten references on each of 60 layers: 10^60 schemas, if each were read again.
        var schemas = string.Join(',', Enumerable.Range(0, 60).Select(i =>
            $"\"S{i}\":{{\"properties\":{{{string.Join(',', Enumerable.Range(0, 10).Select(n =>
                $"\"p{n}\":{{\"$ref\":\"#/components/schemas/S{i + 1}\"}}"))}}}}}"));
        var document = Requests.WithBody(
            """{"$ref":"#/components/schemas/S0"}""", ",\"components\":{\"schemas\":{" + schemas + ",\"S60\":{}}}");

        Assert.NotNull(ApiReader.Read(document).Description);
    }

    [Theory]
    [InlineData("""{"uniqueItems":true}""", "uniqueItems is not checked")]
    [InlineData("""{"patternProperties":{}}""", "patternProperties is not checked")]
    [InlineData("""{"if":{}}""", "if is not checked")]
    [InlineData("""{"format":"iban"}""", "the format iban is not checked")]
    [InlineData("""{"enum":[{}]}""", "an enumeration with objects or lists is not checked")]
    [InlineData("""{"$ref":"#/components/schemas/S","maxLength":1}""", "words beside $ref mean nothing")]
    [InlineData("""{"madeUp":1}""", "madeUp is not checked")]
    public void WhatIsNotChecked_IsTold(string schema, string remark)
    {
        var reading = ApiReader.Read(Requests.WithBody(schema, ""","components":{"schemas":{"S":{}}}"""));

        Assert.Contains(
            reading.Description!.Unchecked, told => told.Message.StartsWith(remark, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"title":"a","description":"b","example":1,"x-own":2,"deprecated":true,"default":3}""")]
    [InlineData("""{"type":"string","format":"password","writeOnly":true}""")]
    public void Notes_AreNoRemark(string schema) =>
        Assert.Empty(ApiReader.Read(Requests.WithBody(schema)).Description!.Unchecked);

    [Theory]
    [InlineData("""{"name":"q","in":"query","schema":{"type":"object"}}""")]
    [InlineData("""{"name":"id","in":"query","style":"matrix","schema":{"type":"string"}}""")]
    public void ParameterInAStyleThatIsNotRead_IsTold_AndOthersMayCome(string parameter)
    {
        var document = Requests.WithParameter(parameter);

        Assert.NotEmpty(ApiReader.Read(document).Description!.Unchecked);
        Assert.Equal("", Requests.Judge(Requests.Program(document), Requests.Of("GET /p?color=red")));
    }

    [Fact]
    public void Limits_AreRefusals()
    {
        var paths = string.Join(
            ',', Enumerable.Range(0, ApiLimits.OperationsMax + 1).Select(i => $"\"/p{i}\":{{\"get\":{{}}}}"));
        Assert.Contains("more than 2000 operations",
            ApiReader.Read(Requests.Document($"{{{paths}}}")).Problem?.Message, StringComparison.Ordinal);
        Assert.Contains("at most 1048576 are read", ApiReader.Read(new string(' ', (1 << 20) + 1)).Problem?.Message,
            StringComparison.Ordinal);
        Assert.Contains("is not JSON that is read", ApiReader.Read(new string('[', 1000)).Problem?.Message,
            StringComparison.Ordinal);
        Assert.Contains("different patterns", ApiReader.Read(Requests.WithBody(
            $"{{\"properties\":{{{string.Join(',', Enumerable.Range(0, 501).Select(i =>
                $"\"p{i}\":{{\"pattern\":\"a{i}\"}}"))}}}}}")).Problem?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HostilePattern_IsMatchedInLinearTime()
    {
        var program = Requests.Program(Requests.WithBody("""{"pattern":"^(a+)+$"}"""));
        var body = $"\"{new string('a', 16_000)}!\"";

        // Going back would take 2^16000 steps: that it ends at all is the proof.
        Assert.Equal("Body: the body does not match its pattern",
            Requests.Judge(program, Requests.Json("POST /b", body)));
        Assert.Equal("Body: the body is longer than patterns are asked about",
            Requests.Judge(program, Requests.Json("POST /b", $"\"{new string('a', 17_000)}\"")));
    }

    [Fact]
    public void Document_WithNothingOdd_NamesItsOperations()
    {
        var description = ApiReader.Read(Requests.Document(Get)).Description!;

        Assert.Equal("GET /a", Assert.Single(description.Operations).Id);
        Assert.Equal(0, description.UncheckedCount);
    }
}
