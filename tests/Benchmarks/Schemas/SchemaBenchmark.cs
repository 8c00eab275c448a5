using System.Globalization;
using System.Text;
using WafOperator.Benchmarks.Matching;
using WafOperator.Http;
using WafOperator.OpenApi;
using WafOperator.Schemas;

namespace WafOperator.Benchmarks.Schemas;

/// <summary>
/// What an API's description costs: reading and preparing 500 operations, and comparing requests with them. CPU time,
/// so that other programs on the machine do not count.
/// </summary>
internal static class SchemaBenchmark
{
    private const int Operations = 500;

    private const string Body =
        """
        {"id":4711,"name":"Ada Lovelace","status":"new","tags":["a","bb","ccc","dddd"],
        "address":{"street":"Main Street 5","zip":"12345","city":"London"}}
        """;

    private const string Schema =
        """
        {"type":"object","required":["id","name","tags","address"],"additionalProperties":false,"properties":{
        "id":{"type":"integer","minimum":1},"name":{"type":"string","maxLength":40,"pattern":"^[A-Za-z ]+$"},
        "status":{"enum":["new","used","gone"]},
        "tags":{"type":"array","maxItems":20,"items":{"type":"string","maxLength":20}},
        "address":{"type":"object","properties":{"street":{"type":"string"},
        "zip":{"type":"string","pattern":"^[0-9]{5}$"},"city":{"type":"string"}}}}}
        """;

    public static Task<int> RunAsync(string[] args)
    {
        var requests = args is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 200_000;
        var document = Document();
        for (var round = 0; round < 5; round++) Read(document, round == 0 ? "first" : "again");
        var program = new SchemaProgram(ApiReader.Read(document).Description!);
        Compare("GET, 2 parameters", program, Request("GET", "/shops/7/orders250?limit=20&sort=name", ""), requests);
        Compare("POST, JSON of 150 bytes", program, Request("POST", "/shops/7/orders499", Body), requests);
        Compare("path that is not there", program, Request("GET", "/wp-login.php", ""), requests);
        var wrong = Body.Replace("4711", "-1", StringComparison.Ordinal);
        Compare("POST that does not fit", program, Request("POST", "/shops/7/orders1", wrong), requests);
        return Task.FromResult(0);
    }

    private static void Read(string document, string which)
    {
        var cpu = CpuClock.Start();
        var reading = ApiReader.Read(document);
        var read = cpu.Milliseconds;
        _ = new SchemaProgram(reading.Description!);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"document  {document.Length:n0} characters, {reading.Description!.Operations.Count} operations, {which}: "
            + $"read {read:0.0} ms, prepared {cpu.Milliseconds - read:0.0} ms"));
    }

    private static void Compare(string what, SchemaProgram program, CanonicalRequest request, int requests)
    {
        var findings = program.Judge(request, BodyKnowledge.Whole).Findings?.Count ?? 0;
        for (var i = 0; i < requests / 10; i++) program.Judge(request, BodyKnowledge.Whole);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpu = CpuClock.Start();
        for (var i = 0; i < requests; i++) program.Judge(request, BodyKnowledge.Whole);
        var microseconds = cpu.Milliseconds * 1000 / requests;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"request   {what} ({findings} findings): {microseconds:0.00} µs, {allocated / requests} bytes"));
    }

    private static CanonicalRequest Request(string method, string target, string body)
    {
        var request = new CanonicalRequest();
        request.Begin(method, target, "HTTP/1.1");
        request.AddHeader("host", "shop.example");
        request.AddHeader("content-type", "application/json");
        request.EndHeaders();
        request.AppendBody(Encoding.UTF8.GetBytes(body));
        request.EndBody();
        return request;
    }

    /// <summary>GET and POST in turn, each with a schema and patterns of its own.</summary>
    private static string Document()
    {
        var text = new StringBuilder("""{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{""");
        for (var i = 0; i < Operations / 2; i++)
        {
            var schema = Schema.Replace("{5}", string.Create(CultureInfo.InvariantCulture, $"{{5,{5 + (i % 50)}}}"));
            text.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"\"/shops/{{shop}}/orders{i * 2}\":");
            text.Append(Get).Append(CultureInfo.InvariantCulture, $",\"/shops/{{shop}}/orders{(i * 2) + 1}\":");
            text.Append(Post.Replace("SCHEMA", schema));
        }

        return text.Append("}}").ToString();
    }

    private const string Parameters =
        """
        "parameters":[{"name":"shop","in":"path","required":true,"schema":{"type":"integer"}},
        {"name":"limit","in":"query","schema":{"type":"integer","maximum":100}},
        {"name":"sort","in":"query","schema":{"enum":["name","price","date"]}}]
        """;

    private const string Get = "{\"get\":{" + Parameters + ",\"responses\":{}}}";

    private const string Post = "{\"post\":{" + Parameters
        + ",\"requestBody\":{\"content\":{\"application/json\":{\"schema\":SCHEMA}}},\"responses\":{}}}";
}
