using System.Text;
using WafOperator.Fuzz.Running;
using WafOperator.Http;
using WafOperator.OpenApi;
using WafOperator.Resources.Manifests;
using WafOperator.Schemas;

namespace WafOperator.Fuzz.Targets;

/// <summary>
/// OpenAPI documents as strangers write them: never an exception, a description or a place with a reason, and what was
/// read can be compared with requests.
/// </summary>
public sealed class ApiDocumentTarget : FuzzTarget
{
    private readonly Pieces _inputs = new(
        [
            """
            {"openapi":"3.0.3","servers":[{"url":"/v1"}],"paths":{"/a/{id}":{"get":{"parameters":[
            {"name":"id","in":"path","schema":{"type":"integer"}},{"name":"q","in":"query",
            "style":"form","schema":{"type":"array","items":{}}}]}}}}
            """,
            """
            {"openapi":"3.1.0","paths":{"/b":{"post":{"requestBody":{"content":{"application/json":{"schema":
            {"$ref":"#/components/schemas/A"}}}}}}},"components":{"schemas":{"A":{"required":["x"],"properties":{"x":
            {"pattern":"^[a-z]{1,3}$","anyOf":[{"type":"string"},{"$ref":"#/components/schemas/A"}]}}}}}}
            """,
        ],
        [
            "\"$ref\":\"#/components/schemas/A\",", "\"$ref\":\"#\",", "\"allOf\":[{}],", "\"not\":{},",
            "\"pattern\":\"(a+)+\",",
            "\"pattern\":\"a{1000}{1000}\",", "\"pattern\":\"(?<=a)\",", "\"pattern\":\"[\",",
            "\"enum\":[1,\"a\",null,{}],",
            "\"minimum\":1e400,", "\"maxLength\":99999999999,", "\"type\":[\"null\",\"integer\"],", "\"items\":false,",
            "\"additionalProperties\":false,", "\"servers\":[],", "\"/{a}{b}\":{},", "{", "}", "[", "]",
            "\\ud800", "\0",
        ]);

    public override string Name => "api-document";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var reading = ApiReader.Read(Encoding.Latin1.GetString(input));
        Require(reading.Description is null ^ reading.Problem is null, "a description, or a reason");
        if (reading.Description is not { } description)
        {
            Require(reading.Problem!.Message.Length > 0, "a reason says something");
            return;
        }

        var program = new SchemaProgram(description);
        foreach (var operation in description.Operations)
        {
            var request = new CanonicalRequest();
            request.Begin(operation.Method, operation.Path.Replace('{', '1').Replace('}', '1'), "HTTP/1.1");
            request.AddHeader("content-type", "application/json");
            request.EndHeaders();
            request.AppendBody("{\"x\":[1,\"a\"]}"u8);
            request.EndBody();
            var verdict = program.Judge(request, BodyKnowledge.Whole);
            Require(verdict.Operation < description.Operations.Count, "an operation of the document");
        }
    }
}

/// <summary>
/// OpenAPI documents as YAML: never an exception, JSON or a line with a reason, and the JSON is read or refused.
/// </summary>
public sealed class ApiYamlTarget : FuzzTarget
{
    private static readonly ManifestLimits Limits = new() { TextLengthMax = 1 << 16, DocumentsMax = 1 };

    private readonly Pieces _inputs = new(
        [
            "openapi: 3.0.3\npaths:\n  /a/{id}:\n    get: {operationId: read, parameters: [{name: id, in: path}]}\n",
            "{\"openapi\": \"3.1.0\", \"paths\": {\"/b\": {\"post\": {}}}}",
            "a: &a [x, x]\nb: &b [*a, *a]\nopenapi: 3.0.0\npaths: {}\n",
        ],
        [
            "&a ", "*a", "*b", "[", "]", "{", "}", ": ", "\n", "  ", "- ", "| \n", "'", "\"", "!!str ", "<<: ", "---\n",
            "? ", "\t", "1e999", "0x", ".nan", "\\ud800", "#", "%YAML 1.1\n", "\0",
        ]);

    public override string Name => "api-yaml";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var (json, problem) = YamlToJson.Convert(Encoding.Latin1.GetString(input), Limits);
        Require(json is null ^ problem is null, "JSON, or a reason");
        if (json is null) return;
        var reading = ApiReader.Read(json);
        Require(reading.Description is null ^ reading.Problem is null, "a description, or a reason");
    }
}

/// <summary>
/// Requests against one document: never an exception, the same twice, and no finding quotes the request.
/// </summary>
public sealed class ApiRequestTarget : FuzzTarget
{
    private static readonly SchemaProgram Program = new(ApiReader.Read(
        """
        {"openapi":"3.0.3","paths":{"/a/{id}/{n}.{t}":{"post":{"parameters":[
        {"name":"id","in":"path","required":true,"schema":{"type":"integer"}},
        {"name":"q","in":"query","schema":{"type":"array","items":{"type":"string","maxLength":4}}},
        {"name":"f","in":"query","style":"deepObject","schema":{"properties":{"a":{"type":"integer"}}}},
        {"name":"j","in":"query","content":{"application/json":{"schema":{"type":"object"}}}}],
        "requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/T"}},
        "application/x-www-form-urlencoded":{"schema":{"required":["a"],"properties":{"a":{"type":"integer"}}}}}}}}},
        "components":{"schemas":{"T":{"anyOf":[{"type":"integer"},{"required":["c"],"properties":{"c":{"type":"array",
        "items":{"$ref":"#/components/schemas/T"}},"s":{"pattern":"^(a|b)+$","format":"email"}}}]}}}}
        """).Description!);

    private readonly Pieces _inputs = new(
        ["/a/1/x.png?q=a&q=b\n{\"c\":[1,{\"c\":[]}]}", "/a/1/x.png?f[a]=1&j=%7B%7D\na=1&b=2"],
        [
            "%2f", "%", "%00", "..", "//", ";", "\\", "&q=", "f[", "][", "]", "=", "+", "{\"c\":[", "]}",
            "\"s\":\"", "\\u0061",
            "\\ud800", "1e999", "-0", ",", "é", "\0", "\n",
        ]);

    public override string Name => "api-request";

    public override byte[] Generate(Random random) => _inputs.Next(random);

    public override void Check(byte[] input, Random random)
    {
        var end = input.AsSpan().IndexOf((byte)'\n');
        var target = end < 0 ? input : input[..end];
        var request = new CanonicalRequest();
        request.Begin("POST"u8, target, "HTTP/1.1"u8);
        request.AddHeader("content-type"u8, random.Next(2) == 0 ? "application/json"u8
            : "application/x-www-form-urlencoded"u8);
        request.EndHeaders();
        request.AppendBody(end < 0 ? default : input.AsSpan(end + 1));
        request.EndBody();
        var first = Program.Judge(request, BodyKnowledge.Whole);
        var again = Program.Judge(request, BodyKnowledge.Whole);
        Require(first.Operation == again.Operation, "the same operation twice");
        Require((first.Findings ?? []).SequenceEqual(again.Findings ?? []), "the same findings twice");
        Require((first.Findings ?? []).All(f => f.Message.All(c => c is >= ' ' and <= '~')), "words of the document");
    }
}
