using WafOperator.E2e.Scenarios.Environment;

namespace WafOperator.E2e.Scenarios.Protection;

/// <summary>What becomes of policies: changes, mistakes, deletion.</summary>
public sealed class PolicyScenarios
{
    private static readonly TimeSpan ReachesSidecarsMax = TimeSpan.FromSeconds(5);

    [ClusterFact]
    public async Task A_change_reaches_running_sidecars_within_5_seconds_and_drops_no_request()
    {
        await using var shop = await Shop.ProtectedAsync(mode: "Detect");
        using var client = await shop.ClientAsync("shop");
        await client.PassesAsync(Requests.SqlInjection);
        await using var traffic = new Traffic(client);

        await PatchAsync(shop, """{"spec":{"mode":"Enforce"}}""");
        await Eventually.TrueAsync(ReachesSidecarsMax, "all sidecars block", () => AllAsync(client, System.Net.HttpStatusCode.Forbidden));
        await PatchAsync(shop, """{"spec":{"mode":"Detect"}}""");
        await Eventually.TrueAsync(ReachesSidecarsMax, "all sidecars only detect", () => AllAsync(client, System.Net.HttpStatusCode.OK));

        Assert.Empty(await traffic.StopAsync());
        Assert.True(traffic.Answered > 20, $"only {traffic.Answered} requests were answered");
    }

    [ClusterFact]
    public async Task A_policy_with_a_bad_rule_is_refused_with_a_message_that_names_the_field()
    {
        await using var shop = await Shop.EmptyAsync();

        var rule = await shop.Kubectl.TryAsync(["apply", "-f", "-"], WithRules("SecRule ARGS \"@rx (unclosed\" \"id:100001,phase:2,deny\""));
        Assert.NotEqual(0, rule.ExitCode);
        Assert.Contains("spec.rules.inline", rule.Text, StringComparison.Ordinal);

        var unknown = await shop.Kubectl.TryAsync(["apply", "--validate=false", "-f", "-"],
            Shop.Manifest("wafpolicy").Replace("paranoia: 1", "paranoya: 1", StringComparison.Ordinal));
        Assert.NotEqual(0, unknown.ExitCode);
        Assert.Contains("paranoya", unknown.Text, StringComparison.Ordinal);
        Assert.Contains("paranoia", unknown.Text, StringComparison.Ordinal);

        var range = await shop.Kubectl.TryAsync(["apply", "-f", "-"],
            Shop.Manifest("wafpolicy").Replace("paranoia: 1", "paranoia: 7", StringComparison.Ordinal));
        Assert.NotEqual(0, range.ExitCode);
        Assert.Contains("spec.rules.paranoia", range.Text, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task A_bad_policy_that_slips_past_keeps_the_last_good_one()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");
        await client.BlockedAsync();

        await SetValidatedOperationsAsync("""["DELETE"]""");
        try
        {
            await shop.Kubectl.ApplyAsync(WithRules("SecRule ARGS \"@rx (unclosed\" \"id:100001,phase:2,deny\""));
            await Eventually.TrueAsync(TimeSpan.FromSeconds(20), "the policy says that it is not accepted", async () =>
                await ConditionAsync(shop, "Accepted") == "False");
            await client.BlockedAsync();
            await client.PassesAsync();
        }
        finally
        {
            await SetValidatedOperationsAsync("""["CREATE","UPDATE"]""");
        }
    }

    [ClusterFact]
    public async Task Own_rules_of_the_policy_are_in_force()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");
        await client.PassesAsync("/search?q=pu-erh");

        await shop.Kubectl.ApplyAsync(WithRules("SecRule ARGS:q \"@streq pu-erh\" \"id:100002,phase:2,deny,status:403,msg:'sold out'\""));

        await Eventually.TrueAsync(ReachesSidecarsMax, "the new rule blocks", async () =>
            await client.StatusAsync("/search?q=pu-erh") == System.Net.HttpStatusCode.Forbidden);
    }

    [ClusterFact]
    public async Task Rule_files_of_a_ConfigMap_are_in_force_and_a_change_of_them_arrives()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");
        await shop.Kubectl.ApplyAsync(Shop.Manifest("wafpolicy")
            .Replace("    paranoia: 1\n", "    paranoia: 1\n    configMaps: [own-rules]\n", StringComparison.Ordinal));
        await Eventually.TrueAsync(TimeSpan.FromSeconds(20), "the policy says that its rules are missing", async () =>
            await ConditionAsync(shop, "ResolvedRefs") == "False" && await ConditionAsync(shop, "Accepted") == "True");
        await client.BlockedAsync();

        await shop.Kubectl.ApplyAsync(RuleFiles("pu-erh"));
        await Eventually.TrueAsync(ReachesSidecarsMax, "the file's rule blocks", async () =>
            await client.StatusAsync("/search?q=pu-erh") == System.Net.HttpStatusCode.Forbidden);
        await shop.Kubectl.ApplyAsync(RuleFiles("sencha"));
        await Eventually.TrueAsync(ReachesSidecarsMax, "the changed data file is in force", async () =>
            await client.StatusAsync("/search?q=pu-erh") == System.Net.HttpStatusCode.OK
            && await client.StatusAsync("/search?q=sencha") == System.Net.HttpStatusCode.Forbidden);
        await client.BlockedAsync();
    }

    [ClusterFact]
    public async Task Deleting_the_policy_keeps_traffic_flowing()
    {
        await using var shop = await Shop.ProtectedAsync();
        using var client = await shop.ClientAsync("shop");
        await using var traffic = new Traffic(client);

        await shop.Kubectl.RunAsync("delete", "wafpolicy", "shop");
        await Task.Delay(TimeSpan.FromSeconds(6));

        Assert.Empty(await traffic.StopAsync());
    }

    [ClusterFact]
    public async Task Applying_the_same_manifests_again_shows_no_difference()
    {
        await using var shop = await Shop.ProtectedAsync();

        foreach (var manifest in new[] { "wafpolicy", "shop" })
        {
            var diff = await shop.Kubectl.TryAsync(["diff", "-f", "-"], Shop.Manifest(manifest));
            Assert.True(diff.ExitCode == 0, $"kubectl diff of {manifest}: {diff.Text}");
        }
    }

    [ClusterFact]
    public async Task Two_policies_for_one_workload_the_older_wins_and_the_other_says_so()
    {
        await using var shop = await Shop.ProtectedAsync();
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        await shop.Kubectl.ApplyAsync(Shop.Manifest("wafpolicy")
            .Replace("name: shop\nspec", "name: latecomer\nspec", StringComparison.Ordinal)
            .Replace("mode: Enforce", "mode: \"Off\"", StringComparison.Ordinal));

        await Eventually.TrueAsync(TimeSpan.FromSeconds(20), "the younger policy says Conflicted", async () =>
            (await shop.Kubectl.GetAsync("wafpolicy", "latecomer")).ToString().Contains("Conflicted", StringComparison.Ordinal));
        using var client = await shop.ClientAsync("shop");
        await client.BlockedAsync();
    }

    private static Task<string> PatchAsync(Shop shop, string patch) =>
        shop.Kubectl.RunAsync("patch", "wafpolicy", "shop", "--type", "merge", "-p", patch);

    private static string WithRules(string inline) => Shop.Manifest("wafpolicy")
        .Replace("    paranoia: 1\n", $"    paranoia: 1\n    inline: |\n      {inline}\n", StringComparison.Ordinal);

    private static string RuleFiles(string soldOut) => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: own-rules
          labels: {wafoperator.dev/rules: "true"}
        data:
          sold-out.conf: |
            SecRule ARGS:q "@pmFromFile sold-out.data" "id:100003,phase:2,deny,status:403,msg:'sold out'"
          sold-out.data: |
            {{soldOut}}
        """;

    /// <summary>Which operations on our kinds are validated.</summary>
    private static async Task SetValidatedOperationsAsync(string operations)
    {
        var configuration = await Shop.Everywhere.GetAsync("validatingwebhookconfiguration", "waf-operator");
        var names = configuration.GetProperty("webhooks").EnumerateArray()
            .Select(webhook => webhook.GetProperty("name").GetString()).ToList();
        var path = $"/webhooks/{names.IndexOf("resources.wafoperator.dev")}/rules/0/operations";
        await Shop.Everywhere.RunAsync(
            "patch", "validatingwebhookconfiguration", "waf-operator", "--type", "json",
            "-p", $$"""[{"op":"replace","path":"{{path}}","value":{{operations}}}]""");
    }

    private static async Task<string?> ConditionAsync(Shop shop, string type)
    {
        var output = await shop.Kubectl.RunAsync(
            "get", "wafpolicy", "shop", "-o", $"jsonpath={{.status.conditions[?(@.type=='{type}')].status}}");
        return output.Trim();
    }

    /// <summary>Several requests on new connections, so that each replica is asked.</summary>
    private static async Task<bool> AllAsync(HttpClient client, System.Net.HttpStatusCode expected)
    {
        for (var i = 0; i < 6; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Requests.SqlInjection);
            request.Headers.ConnectionClose = true;
            using var response = await client.SendAsync(request);
            if (response.StatusCode != expected) return false;
        }
        return true;
    }
}
