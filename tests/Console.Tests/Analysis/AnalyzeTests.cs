using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using WafOperator.Console.Analysis;

namespace WafOperator.Console.Tests.Analysis;

/// <summary>Over the wire, by the sidecar's own code, with the real Core Rule Set.</summary>
public sealed class AnalyzeTests : IAsyncLifetime
{
    private const string Attack = "1' UNION SELECT password FROM users--";

    private readonly string _folder = Directory.CreateTempSubdirectory("analyze-").FullName;
    private ConsoleServer _console = null!;

    public async Task InitializeAsync()
    {
        var file = Path.Combine(_folder, "policies.yaml");
        await File.WriteAllTextAsync(file, """
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: {name: front, namespace: shop}
            spec:
              mode: Detect
              accessLists: {denyClients: [192.0.2.0/24]}
            ---
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: {name: other, namespace: shop}
            spec: {mode: 'Off'}
            ---
            apiVersion: wafoperator.dev/v1alpha1
            kind: WafPolicy
            metadata: {name: broken, namespace: shop}
            spec: {mode: Enforce, rules: {sets: [there-is-none]}}
            """);
        _console = await ConsoleServer.StartAsync(new ConsoleOptions
        {
            Store = "",
            Analyze = new AnalyzeOptions
            {
                PolicyFile = file, RulesDirectory = "/usr/share/modsecurity-crs", DefaultPolicy = "shop/front",
            },
        });
    }

    public async Task DisposeAsync()
    {
        await _console.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task TheEarlierSystemsRequest_IsAnsweredInItsShape()
    {
        var answer = (await AnalyzeAsync("sue", $$$"""
            {"request": {
              "method": "GET", "uri": "/admin/dashboard", "query_params": {"id": "{{{Attack}}}", "page": ["1", "2"]},
              "headers": {"User-Agent": "Mozilla/5.0", "Host": "shop.example"}, "body": "",
              "source_ip": "198.51.100.7", "timestamp": "2025-12-25T16:14:14Z"}}
            """)).Json;

        Assert.True(Guid.TryParse((string?)answer["request_id"], out _));
        Assert.Equal("BLOCK", (string?)answer["recommendation"]);
        Assert.NotNull(answer["timestamp"]);
        var analysis = answer["analysis"]!;
        Assert.Contains((string?)analysis["threat_level"], (string[])["high", "critical"]);
        Assert.Equal(1, (double)analysis["confidence"]!);
        Assert.NotNull(analysis["model_scores"]!.AsObject());
        var attack = analysis["detected_attacks"]!.AsArray()
            .Single(found => (string?)found!["type"] == "SQL_INJECTION")!;
        Assert.Equal(["id"], attack["affected_fields"]!.AsArray().Select(field => (string?)field));
        Assert.InRange((double)attack["confidence"]!, 0, 1);
        // Beside it, the decision as events have it: Detect would have let it pass.
        Assert.Equal(("Allow", "Block", "198.51.100.7"), (
            (string?)answer["decision"]!["verdict"], (string?)answer["decision"]!["wouldHave"],
            (string?)answer["decision"]!["client"]));
        Assert.Contains(
            answer["decision"]!["rules"]!.AsArray(), rule => (long)rule!["id"]! == 942100);
    }

    public static TheoryData<string, string> Forms
    {
        get
        {
            var target = "/?q=" + Uri.EscapeDataString(Attack);
            return new()
            {
                { "application/json", $$$"""{"uri":"{{{target}}}","headers":{"Host":"a","User-Agent":"x"}}""" },
                { "application/x-ndjson", $$$"""{"uri":"{{{target}}}","headers":{"Host":"a","User-Agent":"x"}}""" },
                { "message/http", $"GET {target} HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\n" },
                {
                    "application/har+json",
                    $$$"""
                    {"log":{"entries":[{"request":{"method":"GET","url":"https://a{{{target}}}",
                      "headers":[{"name":"User-Agent","value":"x"}]}}]} }
                    """
                },
            };
        }
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task EachForm_SaysTheSame(string type, string body)
    {
        var answer = (await AnalyzeAsync("sue", body, type)).Json;
        var isList = type is "application/x-ndjson" or "application/har+json";
        if (isList) Assert.Equal((1, 1), ((int)answer["requests"]!, (int)answer["blocked"]!));
        var one = isList ? answer["results"]![0]! : answer;
        Assert.Equal("BLOCK", (string?)one["recommendation"]);
        Assert.Equal("SQL_INJECTION", (string?)one["analysis"]!["detected_attacks"]![0]!["type"]);
        Assert.Equal("/", (string?)one["decision"]!["path"]);
    }

    [Fact]
    public async Task Lines_AreAnsweredEach_AndOddOnesAreToldApart()
    {
        var answer = (await AnalyzeAsync("sue", $$$"""
            {"uri":"/?q=green+tea","headers":{"Host":"a","User-Agent":"x"}}
            nonsense

            {"uri":"/","headers":{"Host":"a","User-Agent":"x"},"client":"192.0.2.7"}
            {"uri":"/","client":"nobody"}
            """, "application/x-ndjson")).Json;
        Assert.Equal([("ALLOW", 1), ("BLOCK", 4)], answer["results"]!.AsArray()
            .Select(result => ((string)result!["recommendation"]!, (int)result["line"]!)));
        Assert.Equal("ACCESS_LIST", (string?)answer["results"]![1]!["analysis"]!["detected_attacks"]![0]!["type"]);
        Assert.Equal((2, 0), ((int)answer["left_out"]!, (int)answer["not_judged"]!));
        Assert.StartsWith("2: is not JSON", (string?)answer["problems"]![0], StringComparison.Ordinal);
        Assert.StartsWith("5: ", (string?)answer["problems"]![1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task RawBytes_AreReadAsTheyAre()
    {
        var two = (await AnalyzeAsync(
            "sue", "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            "message/http", "client=192.0.2.7")).Json;
        Assert.Contains("2 requests", (string?)two["note"], StringComparison.Ordinal);
        Assert.Equal("AccessList", (string?)two["decision"]!["reason"]);
        var broken = (await AnalyzeAsync("sue", "nonsense", "message/http")).Json;
        Assert.Equal(("BLOCK", 400), ((string?)broken["recommendation"], (int)broken["status_code"]!));
    }

    [Fact]
    public async Task NobodyAnalyzes_WithoutTheRightInThePolicysNamespace()
    {
        foreach (var (user, status) in new (string?, HttpStatusCode)[]
        {
            (null, HttpStatusCode.Unauthorized), ("bob", HttpStatusCode.Forbidden),
        })
        {
            // Whether a policy is there makes no difference.
            foreach (var policy in new[] { "namespace=shop&policy=front", "namespace=shop&policy=none", "" })
                Assert.Equal(status, (await AnalyzeAsync(user, "{}", query: policy)).Status);
        }

        Assert.Equal(
            HttpStatusCode.Forbidden, (await AnalyzeAsync("sue", "{}", query: "namespace=bank&policy=front")).Status);
    }

    [Theory]
    [InlineData("{}", "application/json", "", HttpStatusCode.BadRequest, "uri")]
    [InlineData("[1]", "application/json", "", HttpStatusCode.BadRequest, "JSON object")]
    [InlineData("{", "application/json", "", HttpStatusCode.BadRequest, "not JSON")]
    [InlineData("{\"log\":{}}", "application/har+json", "", HttpStatusCode.BadRequest, "no request")]
    [InlineData("", "application/x-ndjson", "", HttpStatusCode.BadRequest, "no request")]
    [InlineData("", "message/http", "", HttpStatusCode.BadRequest, "empty")]
    [InlineData("x", "text/plain", "", HttpStatusCode.UnsupportedMediaType, "message/http")]
    [InlineData("{\"uri\":\"/\"}", "application/json", "policy=none&namespace=shop", HttpStatusCode.ServiceUnavailable,
        "none")]
    [InlineData("{\"uri\":\"/\"}", "application/json", "policy=broken&namespace=shop",
        HttpStatusCode.UnprocessableEntity, "there-is-none")]
    [InlineData("{\"uri\":\"/\"}", "application/json", "policy=A/b", HttpStatusCode.BadRequest, "names")]
    [InlineData("{\"uri\":\"/\"}", "application/json", "client=here", HttpStatusCode.BadRequest, "IP address")]
    public async Task WhatCannotBeAnswered_IsAProblemThatSaysWhy(
        string body, string type, string query, HttpStatusCode status, string words)
    {
        var answer = await AnalyzeAsync("ann", body, type, query);
        Assert.Equal((status, "application/problem+json"), (answer.Status, answer.Type));
        Assert.Contains(words, (string?)answer.Json["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModeOff_IsSaid()
    {
        var answer = (await AnalyzeAsync("sue", "{\"uri\":\"/\"}", query: "namespace=shop&policy=other")).Json;
        Assert.Equal("ALLOW", (string?)answer["recommendation"]);
        Assert.Contains("Off", (string?)answer["note"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryCall_IsBounded()
    {
        var many = string.Concat(Enumerable.Repeat("{\"uri\":\"/\"}\n", AnalyzeLimits.RequestsMax + 1));
        var tooMany = await AnalyzeAsync("sue", many, "application/x-ndjson");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooMany.Status);
        Assert.Contains($"{AnalyzeLimits.RequestsMax} requests", (string?)tooMany.Json["detail"],
            StringComparison.Ordinal);
        var tooLong = await AnalyzeAsync("sue", new string(' ', AnalyzeLimits.BytesMax + 1));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLong.Status);
        Assert.Contains($"{AnalyzeLimits.BytesMax} bytes", (string?)tooLong.Json["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public void Turns_AreFewForOneUser_AndForAll()
    {
        var turns = new AnalyzeTurns();
        var own = Enumerable.Range(0, AnalyzeLimits.CallsPerUserMax).Select(_ => turns.Take("a")).ToList();
        Assert.Null(turns.Take("a"));
        var others = Enumerable.Range(0, AnalyzeLimits.CallsMax - own.Count).Select(i => turns.Take($"u{i}")).ToList();
        Assert.All(own.Concat(others), Assert.NotNull);
        Assert.Null(turns.Take("another"));
        own[0]!.Dispose();
        own[0]!.Dispose();
        using var again = turns.Take("another");
        Assert.NotNull(again);
        Assert.Null(turns.Take("a-third"));
    }

    [Fact]
    public async Task AConsoleThatAnalyzesNothing_SaysSo()
    {
        await using var console = await ConsoleServer.StartAsync();
        using var client = console.ClientOf("ann");
        using var answer = await client.PostAsync("/api/v1/analyze", new StringContent("{}"));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("console.analyze", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<(HttpStatusCode Status, string? Type, JsonNode Json)> AnalyzeAsync(
        string? user, string body, string type = "application/json", string query = "")
    {
        using var client = _console.ClientOf(user);
        // A body that is too long is refused before it is sent.
        client.DefaultRequestHeaders.ExpectContinue = body.Length > 1 << 20;
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var answer = await client.PostAsync("/api/v1/analyze?" + query, content);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, JsonNode.Parse(text)!);
    }
}
