using System.Net;
using System.Text.Json.Nodes;
using WafOperator.Policies.Files;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.CodeFields;

/// <summary>Declared fields that carry code, with the Core Rule Set and the released models, over HTTP.</summary>
public sealed class CodeFieldTests
{
    private const string Declared = "  codeFields: [{path: /post, name: content}]\n";
    private const string Sql = "1' UNION SELECT username, password FROM users-- -";
    private const string Script = "<script>alert(document.cookie)</script>";

    [Theory]
    [InlineData("Joint")]
    [InlineData("Rules")]
    [InlineData("Either")]
    public async Task PostsWithCode_PassInTheField_AndAreNoted(string decision)
    {
        await using var site = await CodeSite.StartAsync($"{Declared}  decision: {decision}\n");

        foreach (var post in CodePosts.First.Concat(CodePosts.Others))
            await site.PostAsync("/post", ("content", post));

        var events = await site.EventsAsync();
        var refused = events.Where(found => found.Verdict is not VerdictKind.Allow).ToList();
        // By the rules' score alone two count: one about the protocol (lines of a request), and those about Java, which
        // read the raw body of forms.
        Assert.Equal(decision is "Joint" ? 0 : 2, refused.Count);
        Assert.All(refused, found => Assert.Contains(
            found.Rules, rule => rule.Id == 921110 || rule.Variable == "REQUEST_BODY"));
        var noted = events.Where(found => found.CodeFields is not null).ToList();
        Assert.True(noted.Count >= CodePosts.First.Count, $"{noted.Count} events say what was noted");
        Assert.All(noted, found => Assert.Equal("/post content", Assert.Single(found.CodeFields!).Field));
        Assert.Contains(noted, found => found.CodeFields![0].Rules.Count > 0);
        if (decision is "Joint") Assert.Contains(noted, found => found.CodeFields![0].ByModels);
    }

    [Fact]
    public async Task WithoutTheField_SuchPostsAreRefused()
    {
        await using var site = await CodeSite.StartAsync("");
        var refused = 0;
        foreach (var post in CodePosts.First.Concat(CodePosts.Others))
            if (await site.PostAsync("/post", ("content", post)) is HttpStatusCode.Forbidden) refused++;

        Assert.True(refused >= 15, $"{refused} of 20 were refused");
    }

    /// <summary>Where it is declared, what is sent in which field of a form, status.</summary>
    public static TheoryData<string, string, string, string, HttpStatusCode> Places => new()
    {
        { "{path: /post, name: content}", "/post", "content", $"see {Script} here", HttpStatusCode.OK },
        { "{path: /post, name: content}", "/posts", "content", $"see {Script} here", HttpStatusCode.Forbidden },
        { "{path: /post, name: content}", "/post", "title", $"see {Script} here", HttpStatusCode.Forbidden },
        { "{path: /post, name: content}", "/post;x=1", "content", $"see {Script} here", HttpStatusCode.Forbidden },
        { "{path: /post, name: content}", $"/post?content={Script}", "content", "tea", HttpStatusCode.Forbidden },
        { "{path: /post, name: content}", $"/post?content=see%20{Script}%20here", "content", $"see {Script} here",
            HttpStatusCode.Forbidden },
        { "{path: '/wiki/*', name: 'text*'}", "/wiki/a/b", "text_body", $"see {Script} here", HttpStatusCode.OK },
        { "{path: '/wiki/*', name: 'text*'}", "/wiki/a", "summary", $"see {Script} here", HttpStatusCode.Forbidden },
    };

    [Theory, MemberData(nameof(Places))]
    public async Task ADeclaredField_HoldsAtItsPathAndName(
        string field, string target, string name, string value, HttpStatusCode status)
    {
        await using var site = await CodeSite.StartAsync($"  codeFields: [{field}]\n");

        Assert.Equal(status, await site.PostAsync(target, (name, value)));
    }

    [Theory]
    [InlineData("Sqli", "you may say 1' UNION SELECT username, password FROM users-- -", HttpStatusCode.OK)]
    [InlineData("Sqli", "you may say " + Script, HttpStatusCode.Forbidden)]
    [InlineData("Xss", "you may say " + Script, HttpStatusCode.OK)]
    [InlineData("Xss", "you may say 1' UNION SELECT username, password FROM users-- -", HttpStatusCode.Forbidden)]
    public async Task OtherFamilies_AreRefusedAsEverywhere(string family, string value, HttpStatusCode status)
    {
        await using var site = await CodeSite.StartAsync(
            $"  codeFields: [{{path: /post, name: content, families: [{family}]}}]\n");

        Assert.Equal(status, await site.PostAsync("/post", ("content", value)));
    }

    /// <summary>What an attacker tries in the field itself, or around it.</summary>
    [Theory]
    [InlineData("content", ";cat</etc/passwd")]
    [InlineData("content", "../../../../../../etc/passwd")]
    [InlineData("content", "<svg/onload=alert(document.domain)>")]
    [InlineData("content", "text rO0ABXNyABdqYXZhLnV0aWwuUHJpb3JpdHlRdWV1ZQ== in words")]
    [InlineData("content", "O:8:\"Example1\":1:{s:10:\"cache_file\";s:15:\"../../index.php\";} and words")]
    [InlineData("other", Sql)]
    [InlineData("content[$ne]", "a text with words")]
    public async Task WhatIsNoCode_OrElsewhere_IsRefused(string name, string value)
    {
        await using var site = await CodeSite.StartAsync(Declared);

        Assert.Equal(
            HttpStatusCode.Forbidden,
            await site.PostAsync("/post", ("content", CodePosts.First[1]), (name, value)));
    }

    [Fact]
    public async Task JsonAndMultipart_HaveFieldsAsWell_ButNoFiles()
    {
        await using var site = await CodeSite.StartAsync(
            "  codeFields: [{path: /api, name: json.blocks.array_*.html}, {path: /post, name: content}]\n");
        var body = new JsonObject
        {
            ["blocks"] = new JsonArray(
                new JsonObject { ["html"] = CodePosts.First[0] }, new JsonObject { ["html"] = CodePosts.Others[0] }),
        };

        Assert.Equal(HttpStatusCode.OK, await site.SendAsync("/api", new StringContent(
            body.ToJsonString(), System.Text.Encoding.UTF8, "application/json")));
        body["title"] = "see " + Script;
        Assert.Equal(HttpStatusCode.Forbidden, await site.SendAsync("/api", new StringContent(
            body.ToJsonString(), System.Text.Encoding.UTF8, "application/json")));

        using var form = new MultipartFormDataContent { { new StringContent(CodePosts.First[0]), "content" } };
        Assert.Equal(HttpStatusCode.OK, await site.SendAsync("/post", form));
        using var upload = new MultipartFormDataContent
        {
            { new StringContent("a picture"), "content", "see <script>alert(document.cookie)<\\script>.png" },
        };
        Assert.Equal(HttpStatusCode.Forbidden, await site.SendAsync("/post", upload));
    }

    [Fact]
    public async Task WhatWasNoted_IsCounted()
    {
        await using var site = await CodeSite.StartAsync(Declared);
        await site.PostAsync("/post", ("content", CodePosts.First[0]));
        await site.PostAsync("/post", ("content", "nothing but words about tea"));

        Assert.Equal(1, site.Sidecar.Metric("waf_code_field_requests_total{field=\"/post content\"}"));
    }
}

/// <summary>An application behind a sidecar whose policy is compiled from a manifest.</summary>
internal sealed class CodeSite : IAsyncDisposable
{
    private const string CoreRules = "/usr/share/modsecurity-crs";
    private readonly TestUpstream _upstream;
    private readonly HttpClient _client;

    private CodeSite(TestUpstream upstream, TestSidecar sidecar) =>
        (_upstream, Sidecar, _client) = (upstream, sidecar, sidecar.Client());

    public TestSidecar Sidecar { get; }

    public static async Task<CodeSite> StartAsync(string spec, string mode = "Enforce")
    {
        var upstream = await TestUpstream.StartAsync();
        var sidecar = await TestSidecar.StartAsync(
            upstream.Address, Policy(spec, mode),
            options => options with { RulesDirectory = CoreRules, ModelsDirectory = Packages() });
        return new CodeSite(upstream, sidecar);
    }

    public static PolicyDocument Policy(string spec, string mode = "Enforce")
    {
        var found = PolicyFile.Load(
            "apiVersion: wafoperator.dev/v1alpha1\nkind: WafPolicy\nmetadata: {name: main, namespace: shop}\n"
            + $"spec:\n  mode: {mode}\n{spec}", DateTimeOffset.UtcNow);
        Assert.Empty(found.Errors);
        var ml = new MlPolicy
        {
            Mode = found.Document!.Mode, MediumAction = RiskActionKind.Block, HighAction = RiskActionKind.Block,
            LatencyBudget = TimeSpan.FromSeconds(10), Models = [Assignment("gate"), Assignment("payload-cnn")],
            Learning = found.Document.Ml?.Learning ?? new(),
        };
        return found.Document with
        {
            Decision = spec.Contains("decision:", StringComparison.Ordinal) ? found.Document.Decision
                : DecisionKind.Joint,
            Ml = ml,
        };
    }

    public async Task<HttpStatusCode> PostAsync(string target, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        return await SendAsync(target, form);
    }

    public async Task<HttpStatusCode> SendAsync(string target, HttpContent body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = body };
        request.Headers.TryAddWithoutValidation("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0");
        request.Headers.TryAddWithoutValidation("Accept", "text/html");
        using var answer = await _client.SendAsync(request);
        return answer.StatusCode;
    }

    public Task<IReadOnlyList<SecurityEvent>> EventsAsync() => Sidecar.EventsAsync();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Sidecar.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    private static ModelAssignment Assignment(string family) => new()
    {
        Model = family,
        Baseline = new ModelBlob
        {
            Version = "1.5.0",
            Digest = ModelPackageReader.DigestOf(File.ReadAllBytes(Path.Combine(Packages(), $"{family}-1.5.0.tar"))),
        },
    };

    private static string Packages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
