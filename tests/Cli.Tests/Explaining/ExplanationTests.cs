using System.Text.Json.Nodes;
using WafOperator.Cli.Explaining;
using WafOperator.Cli.Tests.Checks;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;
using static WafOperator.Cli.Tests.Checks.HealthyCluster;

namespace WafOperator.Cli.Tests.Explaining;

public sealed class ExplanationTests
{
    private static string Text(Explanation explanation) => string.Join('\n', explanation.ToReport("x").Json["sections"]!
        .AsArray().SelectMany(section => section!["lines"]!.AsArray().Select(line => line!.GetValue<string>())));

    private static string Of(
        string path, Func<WafPolicySpec, WafPolicySpec>? spec = null, params WafExclusion[] exclusions) =>
        Text(UrlExplanation.Of(Policy(spec), exclusions, "GET", path, Now));

    [Fact]
    public void TheLongestRoute_Holds()
    {
        static WafPolicySpec Routes(WafPolicySpec spec) => spec with
        {
            Routes = [new() { PathPrefix = "/a", Mode = PolicyMode.Detect }, new() { PathPrefix = "/a/b",
                Mode = PolicyMode.Off }],
        };
        Assert.Contains("the route /a/b holds", Of("/a/b/c", Routes), StringComparison.Ordinal);
        Assert.Contains("mode Off", Of("/a/b", Routes), StringComparison.Ordinal);
        Assert.Contains("the route /a holds", Of("/a/bc", Routes), StringComparison.Ordinal);
        Assert.Contains("no route is for it", Of("/ab", Routes), StringComparison.Ordinal);
    }

    [Fact]
    public void LimitsAndLists_AreNamed()
    {
        var text = Of("/login/x", spec => spec with
        {
            RateLimits = [new() { Name = "login", Requests = 5, PathPrefix = "/login" },
                new() { Name = "api", PathPrefix = "/api" }],
            AccessLists = new AccessListsSpec { DenyPaths = ["/login/x"] },
        });
        Assert.Contains("rate limit login", text, StringComparison.Ordinal);
        Assert.DoesNotContain("rate limit api", text, StringComparison.Ordinal);
        Assert.Contains("denied: accessLists.denyPaths has /login/x", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/search", "/search", true)]
    [InlineData("/search", "/search/more", false)]
    [InlineData("/search*", "/search/more", true)]
    [InlineData(null, "/any", true)]
    public void Exclusions_OfThePath_AreNamed(string? pattern, string path, bool holds)
    {
        var exclusion = new WafExclusion
        {
            Metadata = new() { Name = "mine" },
            Spec = new() { Policy = "shop", Rules = ["942100"], Reason = "why", Match = new() { Path = pattern } },
        };
        Assert.Equal(holds, Of(path, null, exclusion).Contains("mine: 942100", StringComparison.Ordinal));
    }

    [Fact]
    public void APod_IsToldItsPolicyAndWhy()
    {
        var text = Text(PodExplanation.Of(ShopPod("shop-1"), [Policy()], [HealthyCluster.Deployment()]));
        Assert.Contains("WafPolicy shop is for it: spec.targetRefs names Deployment shop", text,
            StringComparison.Ordinal);
        Assert.Contains("it is ready", text, StringComparison.Ordinal);
    }

    [Fact]
    public void APodWithoutItsSidecar_IsToldTheNextStep()
    {
        var pod = ShopPod("shop-1", annotations: "", containers: """{"name":"shop","image":"s"}""");
        var text = Text(PodExplanation.Of(pod, [Policy()], [HealthyCluster.Deployment()]));
        Assert.Contains("its requests are not inspected", text, StringComparison.Ordinal);
    }
}
