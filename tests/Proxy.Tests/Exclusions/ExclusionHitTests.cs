using System.Net;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Exclusions;

/// <summary>Hits of exclusions through the running sidecar: only requests that would have been decided otherwise.</summary>
public sealed class ExclusionHitTests
{
    private const string Attack = "1'%20UNION%20SELECT%20username,%20password%20FROM%20users--%20-";
    private const string Rule = "SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny,tag:'attack-sqli'\"\n";

    /// <summary>Controls of exclusions by name, target, hits of each.</summary>
    public static TheoryData<string, string, string> Rules => new()
    {
        { "a=ruleRemoveById=1", "/search?q=attack", "a" },
        { "a=ruleRemoveById=1", "/search?q=tea", "" },
        { "a=ruleRemoveTargetById=1;ARGS:q", "/search?q=attack", "a" },
        { "a=ruleRemoveTargetById=1;ARGS:q", "/search?q=tea", "" },
        { "a=ruleRemoveTargetById=1;ARGS:q", "/search?q=attack&x=attack", "" },
        { "a=ruleRemoveTargetById=1;ARGS:q", "/other?q=attack", "" },
        { "a=ruleRemoveTargetByTag=attack-sqli;ARGS:q", "/search?q=attack", "a" },
        { "a=ruleRemoveTargetById=1;ARGS:q|b=ruleRemoveTargetById=1;ARGS:x", "/search?q=attack&x=tea", "a" },
        { "a=ruleRemoveTargetById=1;ARGS:q|b=ruleRemoveTargetById=1;ARGS:x", "/search?q=attack&x=attack", "a b" },
        { "a=ruleRemoveById=1|b=ruleRemoveById=1", "/search?q=attack", "a b" },
    };

    [Theory, MemberData(nameof(Rules))]
    public async Task RuleExclusion_IsHitOnlyWhereItChangesTheDecision(string exclusions, string target, string hits)
    {
        foreach (var mode in new[] { InspectionMode.Enforce, InspectionMode.Detect })
        {
            await using var upstream = await TestUpstream.StartAsync();
            await using var sidecar = await TestSidecar.StartAsync(
                upstream.Address, TestSidecar.Policy(mode) with { Rules = RulesOf(exclusions) });
            using var client = sidecar.Client();
            using var answer = await client.GetAsync(target);

            Assert.Equal(hits, Hits(sidecar));
        }
    }

    [Fact]
    public async Task RuleExclusion_TriedAgain_CountsNoClientTwice()
    {
        var rules = RulesOf("a=ruleRemoveById=1");
        var counting = "SecAction \"id:2,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.seen=+1\"\n"
            + "SecRule IP:seen \"@gt 3\" \"id:3,phase:1,deny,status:418\"\n";
        rules = rules with { Sources = [.. rules.Sources, new RuleSource { Name = "counting", Text = counting }] };
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, TestSidecar.Policy(InspectionMode.Enforce) with { Rules = rules });
        using var client = sidecar.Client();

        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/search?q=attack")).StatusCode);
        Assert.Equal((HttpStatusCode)418, (await client.GetAsync("/search?q=attack")).StatusCode);
    }

    /// <summary>Models and families of an exclusion, target, status, hits.</summary>
    public static TheoryData<string, string, string, HttpStatusCode, string> Models => new()
    {
        { "gate payload-cnn", "", $"/search?q={Attack}", HttpStatusCode.OK, "tuned" },
        { "gate payload-cnn", "", "/search?q=green%20tea", HttpStatusCode.OK, "" },
        { "gate payload-cnn", "", $"/search?x={Attack}", HttpStatusCode.Forbidden, "" },
        { "gate payload-cnn", "", $"/search?q={Attack}&x={Attack}", HttpStatusCode.Forbidden, "" },
        { "payload-cnn", "", $"/search?q={Attack}", HttpStatusCode.Forbidden, "" },
        { "gate", "", $"/search?q={Attack}", HttpStatusCode.Forbidden, "" },
        { "payload-cmm", "", $"/search?q={Attack}", HttpStatusCode.Forbidden, "" },
        { "", "sqli", $"/search?q={Attack}", HttpStatusCode.OK, "tuned" },
        { "", "xss", $"/search?q={Attack}", HttpStatusCode.Forbidden, "" },
        { "", "path-traversal", "/search?q=../../../../../../etc/passwd", HttpStatusCode.OK, "tuned" },
        { "", "sqli", "/search?q=../../../../../../etc/passwd", HttpStatusCode.Forbidden, "" },
    };

    [Theory, MemberData(nameof(Models))]
    public async Task ModelExclusion_LeavesOutWhatItNames_AndIsHitOnlyWhereItChangesTheDecision(
        string models, string families, string target, HttpStatusCode status, string hits)
    {
        await using var upstream = await TestUpstream.StartAsync();
        await using var sidecar = await TestSidecar.StartAsync(
            upstream.Address, Scored(models, families), models: Packages());
        using var client = sidecar.Client();
        using var answer = await client.GetAsync(target);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(hits, Hits(sidecar));
    }

    private static string Hits(TestSidecar sidecar) => string.Join(
        ' ', sidecar.Sidecar.Status().ExclusionHits.Where(hit => hit.Value == 1).Select(hit => hit.Key).Order());

    private static PolicyDocument Scored(string models, string families) =>
        TestSidecar.Policy(InspectionMode.Enforce) with
        {
            Ml = new MlPolicy
            {
                Mode = InspectionMode.Enforce,
                Models = [Assignment("gate"), Assignment("payload-cnn")],
                LatencyBudget = TimeSpan.FromSeconds(5),
            },
            Exclusions =
            [
                new Exclusion
                {
                    Name = "tuned", Path = "/search", Part = PartKind.Parameter, PartName = "q",
                    Models = models.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                    Families = families.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                },
            ],
        };

    private static ModelAssignment Assignment(string model)
    {
        var archive = File.ReadAllBytes(Path.Combine(Packages(), $"{model}-1.0.0.tar"));
        return new ModelAssignment
        {
            Model = model,
            Baseline = new ModelBlob { Version = "1.0.0", Digest = ModelPackageReader.DigestOf(archive) },
        };
    }

    private static string Packages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "WafOperator.sln"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, "models", "packages");
    }

    private static RulePolicy RulesOf(string exclusions)
    {
        var text = "";
        var rules = new List<ExclusionRules>();
        foreach (var exclusion in exclusions.Split('|'))
        {
            var id = 90_010_000 + rules.Count;
            var (name, control) = (exclusion[..1], exclusion[2..]);
            text += $"SecRule REQUEST_FILENAME \"@streq /search\" \"id:{id},phase:1,pass,nolog,t:none,ctl:{control}\"\n";
            rules.Add(new ExclusionRules { Name = name, RuleIds = [id] });
        }

        return new RulePolicy
        {
            Sources =
            [
                new RuleSource { Name = "policy/exclusions", Text = text },
                new RuleSource { Name = "test", Text = Rule },
            ],
            Exclusions = rules,
        };
    }
}
