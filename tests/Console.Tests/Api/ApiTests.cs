using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Console.Store;
using WafOperator.Protocols.Events;

namespace WafOperator.Console.Tests.Api;

public sealed class ApiTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private readonly SecurityEvent _shop = TestEvents.Attack(Now.AddMinutes(-2));
    private readonly SecurityEvent _bank = TestEvents.Attack(Now.AddMinutes(-1), ns: "bank", client: "203.0.113.5");
    private ConsoleServer _console = null!;

    public async Task InitializeAsync()
    {
        _console = await ConsoleServer.StartAsync();
        await _console.AddAsync(_shop, _bank);
    }

    public async Task DisposeAsync() => await _console.DisposeAsync();

    [Theory]
    [InlineData("/api/v1/events")]
    [InlineData("/api/v1/attacks")]
    [InlineData("/api/v1/traffic")]
    [InlineData("/api/v1/audit")]
    [InlineData("/api/v1/threats")]
    [InlineData("/api/v1/metrics/models")]
    [InlineData("/api/v1/metrics/database")]
    [InlineData("/api/v1/alerts/rules")]
    [InlineData("/api/v1/nothing")]
    public async Task NoCall_IsAnsweredWithoutAToken(string path)
    {
        foreach (var user in new[] { null, "nobody" })
        {
            using var client = _console.ClientOf(user);
            using var answer = await client.GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
        }
    }

    [Fact]
    public async Task AnApiServerThatIsAway_IsSaid_AndNobodyIsLetIn()
    {
        using var client = _console.ClientOf("away");
        using var answer = await client.GetAsync("/api/v1/events");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task AUser_SeesTheirNamespaces_AndCannotTellWhatIsInOthers()
    {
        Assert.Equal(["bank", "shop"], await NamespacesAsync("ann", "/api/v1/events"));
        Assert.Equal(["shop"], await NamespacesAsync("sue", "/api/v1/events"));
        Assert.Equal(["bank"], await NamespacesAsync("bob", "/api/v1/events"));
        Assert.Empty(await NamespacesAsync("sue", "/api/v1/events?namespace=bank"));
        Assert.Empty(await NamespacesAsync("sue", "/api/v1/events?namespace=not-there"));

        var (there, missing) =
            (await BodyAsync("sue", $"/api/v1/events/{_bank.Id}"),
            await BodyAsync("sue", $"/api/v1/events/{TestEvents.NewId(Now)}"));
        Assert.Equal(missing, there);
        Assert.Equal(HttpStatusCode.NotFound, there.Status);
        var attack = (await _console.Store.FindAsync("bank", _bank.Id, default))!.Row.Attack;
        Assert.Equal(await BodyAsync("sue", "/api/v1/attacks/999999"),
            await BodyAsync("sue", $"/api/v1/attacks/{attack}"));
        Assert.Equal(HttpStatusCode.OK, (await BodyAsync("bob", $"/api/v1/attacks/{attack}")).Status);
    }

    [Fact]
    public async Task ADecision_IsFoundByItsId_WithAllReasons()
    {
        var found = JsonNode.Parse((await BodyAsync("sue", $"/api/v1/events/{_shop.Id}")).Text)!;

        Assert.Equal(_shop.Id, (string?)found["row"]!["id"]);
        Assert.Equal("Block", (string?)found["row"]!["verdict"]);
        Assert.Equal(942100, (long?)found["event"]!["rules"]![0]!["id"]);
        Assert.Equal("1' or '1'='1", (string?)found["event"]!["models"]![0]!["excerpt"]);
    }

    [Fact]
    public async Task AnIdThatAnotherNamespaceMadeUp_HidesNothing()
    {
        await _console.AddAsync(
            TestEvents.Attack(Now, ns: "aaa-first", path: "/forged") with { Id = _shop.Id },
            TestEvents.Attack(Now, ns: "bank", path: "/forged") with { Id = _shop.Id });

        async Task<JsonNode> FindAsync(string user, string query = "") =>
            JsonNode.Parse((await BodyAsync(user, $"/api/v1/events/{_shop.Id}{query}")).Text)!;

        var sue = await FindAsync("sue");
        Assert.Equal("shop", (string?)sue["row"]!["namespace"]);
        Assert.Empty(sue["alsoIn"]!.AsArray());
        Assert.Equal("bank", (string?)(await FindAsync("bob"))["row"]!["namespace"]);
        var ann = await FindAsync("ann");
        Assert.Equal("shop", (string?)ann["row"]!["namespace"]);
        Assert.Equal(
            ["aaa-first", "bank"],
            ann["alsoIn"]!.AsArray().Select(ns => (string)ns!).Order(StringComparer.Ordinal));
        Assert.Equal("/forged", (string?)(await FindAsync("ann", "?namespace=bank"))["row"]!["path"]);
        Assert.Equal(
            HttpStatusCode.NotFound, (await BodyAsync("sue", $"/api/v1/events/{_shop.Id}?namespace=bank")).Status);
    }

    [Theory]
    [InlineData("limit=x")]
    [InlineData("cursor=x")]
    [InlineData("from=yesterday")]
    [InlineData("verdict=7")]
    [InlineData("threat=Nonsense")]
    [InlineData("attack=maybe")]
    [InlineData("rule=-1")]
    public async Task AParameterThatIsWrong_IsAProblemThatNamesIt(string query)
    {
        var (status, text) = await BodyAsync("ann", "/api/v1/events?" + query);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(query.Split('=')[0] + ":", (string?)JsonNode.Parse(text)!["detail"],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryList_IsBounded()
    {
        await _console.AddAsync([.. Enumerable.Range(0, 700).Select(_ => TestEvents.Attack(Now))]);
        var page = JsonNode.Parse((await BodyAsync("ann", "/api/v1/events?limit=1000000")).Text)!;
        Assert.Equal(EventQuery.LimitMax, page["items"]!.AsArray().Count);
        var rest = JsonNode.Parse((await BodyAsync("ann", $"/api/v1/events?limit=500&cursor={page["next"]}")).Text)!;
        Assert.Equal(202, rest["items"]!.AsArray().Count);
        Assert.Null(rest["next"]);
    }

    [Fact]
    public async Task ALabel_NeedsItsRight_AndIsInTheTrail()
    {
        using var sue = _console.ClientOf("sue");
        using var bob = _console.ClientOf("bob");
        using var set = await sue.PutAsJsonAsync($"/api/v1/events/{_shop.Id}/label",
            new { label = "Benign", reason = "a title" });
        using var refused = await bob.PutAsJsonAsync($"/api/v1/events/{_bank.Id}/label", new { label = "Benign" });
        using var hidden = await bob.PutAsJsonAsync($"/api/v1/events/{_shop.Id}/label", new { label = "Benign" });
        using var wrong = await sue.PutAsJsonAsync($"/api/v1/events/{_shop.Id}/label", new { label = 7 });

        Assert.Equal(
            [HttpStatusCode.NoContent, HttpStatusCode.Forbidden, HttpStatusCode.NotFound, HttpStatusCode.BadRequest],
            new[] { set.StatusCode, refused.StatusCode, hidden.StatusCode, wrong.StatusCode });
        Assert.Equal(HttpStatusCode.Forbidden, (await BodyAsync("sue", "/api/v1/audit")).Status);
        var line = JsonNode.Parse((await BodyAsync("ann", "/api/v1/audit")).Text)!.AsArray().Single()!;
        Assert.Equal(("sue", "label", "shop/" + _shop.Id),
            ((string?)line["by"], (string?)line["action"], (string?)line["subject"]));
    }

    [Fact]
    public async Task AnExclusion_IsProposedForTheOnePart_WithWhatItWouldHaveChanged()
    {
        await _console.AddAsync(
            TestEvents.Attack(Now), TestEvents.Attack(Now, variable: "ARGS:other"),
                TestEvents.Attack(Now, path: "/elsewhere"));
        using var sue = _console.ClientOf("sue");

        using var answer = await sue.PostAsJsonAsync($"/api/v1/events/{_shop.Id}/exclusion",
            new { reason = "a book title" });

        var proposed = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        var yaml = (string)proposed["yaml"]!;
        var read = Resources.Manifests.ManifestReader.Read(yaml);
        Assert.Empty(read.Errors);
        var exclusion = Assert.IsType<Resources.Exclusions.WafExclusion>(read.Objects.Single().Resource);
        Assert.Equal(("front", "/search", "q"),
            (exclusion.Spec.Policy, exclusion.Spec.Match!.Path, exclusion.Spec.Match.Name));
        Assert.Equal(["942100"], exclusion.Spec.Rules);
        Assert.Equal(4, (int)proposed["replay"]!["examined"]!);
        Assert.Equal(2, (int)proposed["replay"]!["wouldPass"]!);
    }

    [Fact]
    public async Task Threats_AreRulesThatMatched_InTheEarlierSystemsShape()
    {
        var answer = JsonNode.Parse((await BodyAsync("sue", "/api/v1/threats?limit=1&sort_by=name&order=asc")).Text)!;
        Assert.Equal((2, 1, 0), ((int)answer["total"]!, (int)answer["limit"]!, (int)answer["offset"]!));
        var threat = answer["threats"]![0]!;
        Assert.Equal("Inbound Anomaly Score Exceeded", (string?)threat["name"]);
        foreach (var field in new[] { "id", "signature", "type", "severity", "created_at", "last_updated",
            "detection_rate" })
            Assert.NotNull(threat[field]);
    }

    [Fact]
    public async Task Models_AreMeasuredOnLabels_AndSayNothingWithoutThem()
    {
        var before = JsonNode.Parse((await BodyAsync("ann", "/api/v1/metrics/models")).Text)!["models"]!["gate"]!;
        Assert.Null(before["precision"]);
        await _console.Store.LabelAsync(new LabelEntry("shop", _shop.Id, EventLabel.Attack, "ann", Now, null), default);
        await _console.Store.LabelAsync(new LabelEntry("bank", _bank.Id, EventLabel.Benign, "ann", Now, null), default);

        var after = JsonNode.Parse((await BodyAsync("ann", "/api/v1/metrics/models")).Text)!["models"]!["gate"]!;

        Assert.Equal((0.5, 1.0, 0.5),
            ((double)after["precision"]!, (double)after["recall"]!, (double)after["accuracy"]!));
        Assert.Equal(0.04, (double)after["avg_latency_ms"]!);
    }

    [Fact]
    public async Task AlertRules_AreMadeByWhoMay_AndNameReceiversOnly()
    {
        using var ann = _console.ClientOf("ann");
        using var sue = _console.ClientOf("sue");
        object Rule(object notification) => new
        {
            name = "High block rate", description = "d",
            condition = new { metric = "block_rate", @operator = "greater_than", value = 0.03 }, notification,
                enabled = true,
        };

        using var made = await ann.PostAsJsonAsync("/api/v1/alerts/rules",
            Rule(new { receivers = Array.Empty<string>() }));
        using var refused = await sue.PostAsJsonAsync("/api/v1/alerts/rules", Rule(new { }));
        using var address = await ann.PostAsJsonAsync("/api/v1/alerts/rules",
            Rule(new { slack_webhook = "http://169.254.169.254/" }));
        using var unknown = await ann.PostAsJsonAsync("/api/v1/alerts/rules",
            Rule(new { receivers = new[] { "nobody" } }));

        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var answer = (await made.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal("ann", (string?)answer["created_by"]);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal([HttpStatusCode.BadRequest, HttpStatusCode.BadRequest],
            new[] { address.StatusCode, unknown.StatusCode });
        using var gone = await ann.DeleteAsync($"/api/v1/alerts/rules/{answer["id"]}");
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Equal("[]", (await BodyAsync("ann", "/api/v1/alerts/rules")).Text);
    }

    [Fact]
    public async Task Health_NeedsNoToken_AndSaysHowThePartsAre()
    {
        using var client = _console.ClientOf(null);
        var deep = JsonNode.Parse(await client.GetStringAsync("/health/deep"))!;
        Assert.Equal(("healthy", "up"), ((string?)deep["status"], (string?)deep["components"]!["database"]!["status"]));
        Assert.NotNull(deep["components"]!["database"]!["response_time_ms"]);
        Assert.Equal("ready", await client.GetStringAsync("/ready"));
        Assert.Equal("healthy", (string?)JsonNode.Parse(await client.GetStringAsync("/health"))!["status"]);
    }

    [Fact]
    public async Task TheDescription_IsOpenApi31_AndTheOneThatIsCheckedIn()
    {
        using var client = _console.ClientOf(null);
        var served = JsonNode.Parse(await client.GetStringAsync("/openapi/v1.json"))!;
        served.AsObject().Remove("servers");
        var text = served.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
        var file = Path.Combine(RepositoryRoot(), "operator/Console/Api/openapi.json");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") await File.WriteAllTextAsync(file, text);

        Assert.StartsWith("3.1", (string?)served["openapi"], StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllTextAsync(file), text);
    }

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "WafOperator.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private async Task<(HttpStatusCode Status, string Text)> BodyAsync(string user, string path)
    {
        using var client = _console.ClientOf(user);
        using var answer = await client.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        // The trace id is another each time.
        if (JsonNode.Parse(text) is JsonObject problem && problem.Remove("traceId")) text = problem.ToJsonString();
        return (answer.StatusCode, text);
    }

    private async Task<List<string>> NamespacesAsync(string user, string path) =>
    [
        .. JsonNode.Parse((await BodyAsync(user, path)).Text)!["items"]!.AsArray()
            .Select(item => (string)item!["namespace"]!).Distinct().Order(StringComparer.Ordinal),
    ];
}
