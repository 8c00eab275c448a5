using System.Net;
using System.Text;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Schemas;

/// <summary>Requests over the wire that fit their API's description, or do not.</summary>
public sealed class ApiSchemaTests
{
    private const string Document = """
        {"openapi":"3.0.3","servers":[{"url":"/api"}],"paths":{
        "/items":{"get":{"operationId":"list","parameters":[{"name":"limit","in":"query","schema":{"type":"integer"}}]},
          "post":{"operationId":"add","requestBody":{"required":true,"content":{"application/json":{"schema":
            {"required":["name"],"additionalProperties":false,
            "properties":{"name":{"type":"string","maxLength":5}}}}}}}},
        "/items/{id}":{"get":{"operationId":"read","parameters":[
          {"name":"id","in":"path","required":true,"schema":{"type":"integer"}}]}}}}
        """;

    [Theory]
    [InlineData("GET", "/api/items?limit=5", null, 200)]
    [InlineData("GET", "/api/items/7", null, 200)]
    [InlineData("POST", "/api/items", """{"name":"ann"}""", 200)]
    [InlineData("GET", "/page", null, 200)]
    [InlineData("GET", "/api/items?limit=x", null, 400)]
    [InlineData("GET", "/api/items/x", null, 400)]
    [InlineData("POST", "/api/items", """{"name":"ann","admin":true}""", 400)]
    [InlineData("POST", "/api/items", """{"name":"too long"}""", 400)]
    [InlineData("GET", "/api/admin", null, 404)]
    [InlineData("GET", "/x/..%2fapi/admin", null, 404)]
    [InlineData("DELETE", "/api/items", null, 405)]
    public async Task Enforce_RefusesWhatDoesNotFit(string method, string target, string? body, int status)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(InspectionMode.Enforce));

        using var answer = await SendAsync(sidecar, method, target, body);

        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 200) return;
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.ToString());
        Assert.Contains($"\"status\":{status}", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(status == 405 ? "GET, POST" : "", string.Join(", ", answer.Content.Headers.Allow));
        var told = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal((VerdictKind.Block, "Schema", "items"), (told.Verdict, told.Reason, told.Api?.Schema));
    }

    /// <summary>Each reason, where it is refused, where the policy detects, and where the schema observes.</summary>
    public static TheoryData<string, string, string, int, string> Reasons
    {
        get
        {
            var rows = new TheoryData<string, string, string, int, string>();
            foreach (var (reason, request, body, status) in ((string, string, string, int)[])
            [
                ("UnknownPath", "GET /api/admin", "", 404),
                ("UnknownMethod", "PUT /api/items application/json", "{}", 405),
                ("Parameter", "GET /api/items?limit=1&limit=2", "", 400),
                ("UndeclaredParameter", "GET /api/items?debug=1", "", 400),
                ("ContentType", "POST /api/items text/plain", "{}", 415),
                ("Body", "POST /api/items application/json", """{"name":7}""", 400),
                ("Body", "POST /api/items", "", 400),
                ("Body", "POST /api/items application/json", """{"name":"a"}{""", 400),
                ("Unchecked", "POST /api/items application/json compress", """{"name":"ann"}""", 400),
            ])
            {
                rows.Add(reason, request, body, status, "Enforce Enforce");
                rows.Add(reason, request, body, status, "Detect Enforce");
                rows.Add(reason, request, body, status, "Enforce Detect");
            }

            return rows;
        }
    }

    [Theory, MemberData(nameof(Reasons))]
    public async Task EachReason_IsRefusedInEnforce_AndToldOtherwise(
        string reason, string request, string body, int status, string modes)
    {
        var (policy, schema) = modes.Split(' ') is [var first, var second]
            ? (Enum.Parse<InspectionMode>(first), Enum.Parse<InspectionMode>(second)) : default;
        await using var upstream = await TestUpstream.StartAsync();
        var document = Policy(policy, schema);
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, document with
        {
            ApiSchemas = [document.ApiSchemas![0] with { Reasons = [new("UndeclaredParameter", schema)] }],
        });

        var parts = request.Split(' ');
        using var answer = await SendAsync(
            sidecar, parts[0], parts[1], body.Length > 0 ? body : null,
            (parts.ElementAtOrDefault(2), parts.ElementAtOrDefault(3)));

        var isRefused = policy == InspectionMode.Enforce && schema == InspectionMode.Enforce;
        Assert.Equal(isRefused ? status : 200, (int)answer.StatusCode);
        Assert.Equal(isRefused ? 0 : 1, upstream.Seen.Count);
        var told = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal(("Schema", reason, VerdictKind.Block), (told.Reason, told.Api?.Reason, told.WouldHave));
        Assert.Equal(isRefused ? VerdictKind.Block : VerdictKind.Allow, told.Verdict);
    }

    [Fact]
    public async Task ShadowEndpoints_AreThoseThatTheApplicationAnswers_WhateverAScannerLooksFor()
    {
        await using var upstream = await TestUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path.StartsWithSegments("/api/export") ? 200 : 404;
            return Task.CompletedTask;
        });
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, Policy(InspectionMode.Enforce, InspectionMode.Detect));
        for (var i = 0; i < 120; i++)
        {
            var name = $"{(char)('a' + (i % 26))}{(char)('a' + (i / 26))}";
            using var looked = await SendAsync(sidecar, "GET", $"/api/{name}", null);
        }

        using var found = await SendAsync(sidecar, "GET", "/api/export/2026", null);

        var shadows = Assert.Single(sidecar.Sidecar.Status().ApiSchemas!).Shadows;
        Assert.Equal(new("GET /api/export/{id}", 1, 1), shadows[0]);
        Assert.Equal(new("(others)", 21, 0), shadows[1]);
        Assert.Equal(100, shadows.Count);
        Assert.All(shadows.Skip(1), shadow => Assert.Equal(0, shadow.Answered));
    }

    [Theory]
    [InlineData(InspectionMode.Detect, InspectionMode.Enforce)]
    [InlineData(InspectionMode.Enforce, InspectionMode.Detect)]
    public async Task DetectAndObserve_SayWhatEnforceWouldDo(InspectionMode policy, InspectionMode schema)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, Policy(policy, schema));

        using var answer = await SendAsync(sidecar, "GET", "/api/items?limit=x", null);
        using var shadow = await SendAsync(sidecar, "GET", "/api/users/4711/mails", null);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (answer.StatusCode, shadow.StatusCode));
        Assert.Equal(2, sidecar.Metric("waf_api_requests_total{schema=\"items\"}"));
        Assert.Equal(1, sidecar.Metric("waf_api_findings_total{schema=\"items\",reason=\"Parameter\"}"));
        var report = Assert.Single(sidecar.Sidecar.Status().ApiSchemas!);
        Assert.Equal(2, report.Requests);
        Assert.Equal([1L], report.Operations);
        Assert.Equal([(-1, "UnknownPath"), (0, "Parameter")],
            report.Findings.Select(f => (f.Operation, f.Reason)).Order());
        Assert.Equal("GET /api/users/{id}/mails", Assert.Single(report.Shadows).Path);
        var told = (await sidecar.EventsAsync())[0];
        Assert.Equal((VerdictKind.Allow, VerdictKind.Block, "Schema"), (told.Verdict, told.WouldHave, told.Reason));
        Assert.Equal(("list", "Parameter", "the query parameter limit has another type"),
            (told.Api!.Operation, told.Api.Reason, told.Api.Message));
        Assert.Equal("ApiSchema items, list: the query parameter limit has another type", told.Message);
    }

    [Fact]
    public async Task FindingThatIsOnlyObserved_HidesNoAttack()
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, Policy(InspectionMode.Enforce, InspectionMode.Detect) with
            {
                Rules = new RulePolicy
                {
                    Sources = [new RuleSource
                    {
                        Name = "test", Text = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny,status:403\"",
                    }],
                },
            });

        using var answer = await SendAsync(sidecar, "GET", "/api/items?limit=attack", null);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        var told = Assert.Single(await sidecar.EventsAsync());
        Assert.Equal(("Rules", "Parameter"), (told.Reason, told.Api?.Reason));
    }

    [Fact]
    public async Task Modes_OfReasonsAndOperations_GoBeforeThatOfTheSchema()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = Policy(InspectionMode.Enforce);
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy with
        {
            ApiSchemas =
            [
                policy.ApiSchemas![0] with
                {
                    Reasons =
                    [
                        new("UnknownPath", InspectionMode.Detect), new("UndeclaredParameter", InspectionMode.Enforce),
                    ],
                    Operations =
                    [
                        new()
                        {
                            Operation = "list", Mode = InspectionMode.Detect,
                            Reasons = [new("UndeclaredParameter", InspectionMode.Off)],
                        },
                    ],
                },
            ],
        });

        Assert.Equal(200, await StatusAsync("GET", "/api/admin"));
        Assert.Equal(200, await StatusAsync("GET", "/api/items?limit=x&debug=1"));
        Assert.Equal(400, await StatusAsync("GET", "/api/items/7?debug=1"));
        Assert.Equal(400, await StatusAsync("GET", "/api/items/x"));

        async Task<int> StatusAsync(string method, string target)
        {
            using var answer = await SendAsync(sidecar, method, target, null);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task PolicyThatIsReplaced_KeepsTheCountsOfTheSameDocument()
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = Policy(InspectionMode.Enforce);
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy);
        using (await SendAsync(sidecar, "GET", "/api/items", null))
        {
            Assert.Null(sidecar.Change(policy with { Mode = InspectionMode.Detect, Revision = "2" }));
        }

        Assert.Equal(1, Assert.Single(sidecar.Sidecar.Status().ApiSchemas!).Requests);
        var broken = policy.ApiSchemas![0] with { Document = "{}" };
        Assert.Contains("ApiSchema items: has no member openapi",
            sidecar.Change(policy with { Revision = "3", ApiSchemas = [broken] }), StringComparison.Ordinal);
        using var still = await SendAsync(sidecar, "GET", "/api/items?limit=x", null);
        Assert.Equal(1, sidecar.Metric("waf_api_findings_total{schema=\"items\",reason=\"Parameter\"}"));
    }

    private static PolicyDocument Policy(
        InspectionMode policy, InspectionMode schema = InspectionMode.Enforce) => TestSidecar.Policy(policy) with
    {
        ApiSchemas = [new ApiSchemaPolicy { Name = "items", Document = Document, Mode = schema }],
        FailureModes = new FailureModes { Uninspected = UninspectedOutcome.Record },
    };

    private static async Task<HttpResponseMessage> SendAsync(
        TestSidecar sidecar, string method, string target, string? body,
        (string? Type, string? Coding)? content = null)
    {
        var (type, coding) = content ?? ("application/json", null);
        using var client = sidecar.Client();
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        using var request = new HttpRequestMessage(
            new HttpMethod(method), new Uri($"http://{sidecar.Endpoint}{target}", options));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (type is not null) request.Content.Headers.ContentType = new(type);
            if (coding is not null) request.Content.Headers.ContentEncoding.Add(coding);
        }

        return await client.SendAsync(request);
    }
}
