using System.Net;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>The released models in a running sidecar: what a decision record says of them.</summary>
public sealed class ModelEventTests
{
    private const string Attack = "1' union select username, password from users-- -";

    /// <summary>Finds what CRS's rule of this number finds, and decides nothing by itself.</summary>
    private const string Rule = "SecRule ARGS \"@contains union select\" \"id:942100,phase:2,pass,log,msg:'SQL'\"";

    [Fact]
    public async Task AnAttack_IsBlocked_AndTheEventSaysWhichPartFamilyAndBytes()
    {
        var found = await SendAsync("q", Rule);

        Assert.Equal((VerdictKind.Block, "Model", "critical"), (found.Verdict, found.Reason, found.Risk));
        var gate = Assert.Single(found.Models, m => m.Model == "gate");
        Assert.Equal(("query:q", "sqli"), (gate.Part, gate.Family));
        Assert.Contains("union select", gate.Excerpt, StringComparison.Ordinal);
        Assert.Contains("rules add", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Coverage_SaysHowManyPartsModelsSaw_BesideThoseOfRules()
    {
        var found = await SendAsync("q", Rule);

        Assert.InRange(found.Coverage!.PartsScored, 1, found.Coverage.Parts);
        Assert.True(found.Coverage.Parts > 1, "rules see headers as well");
    }

    [Fact]
    public async Task AnAttackInASecretParameter_IsNotQuoted()
    {
        var found = await SendAsync("password", rules: null);

        Assert.Equal(VerdictKind.Block, found.Verdict);
        Assert.All(found.Models, m => Assert.Equal("[redacted]", m.Excerpt));
        Assert.DoesNotContain("rules add", found.Message, StringComparison.Ordinal);
    }

    private static async Task<SecurityEvent> SendAsync(string name, string? rules)
    {
        var packages = Packages();
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Enforce, rules) with
        {
            Ml = new MlPolicy
            {
                Mode = InspectionMode.Enforce,
                Models = [Assignment(packages, "gate"), Assignment(packages, "payload-cnn")],
                LatencyBudget = TimeSpan.FromSeconds(10),
            },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy, models: packages);
        using var client = sidecar.Client();
        using var answer = await client.GetAsync($"/search?{name}={Uri.EscapeDataString(Attack)}");

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        return Assert.Single(await sidecar.EventsAsync());
    }

    private static ModelAssignment Assignment(string packages, string family) => new()
    {
        Model = family,
        Baseline = new ModelBlob
        {
            Version = "1.0.0",
            Digest = ModelPackageReader.DigestOf(File.ReadAllBytes(Path.Combine(packages, $"{family}-1.0.0.tar"))),
        },
    };

    private static string Packages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
