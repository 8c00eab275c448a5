using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Protocols.Status;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>What counts for the question whether enforcing is safe, in a running sidecar with the released models.</summary>
public sealed class SafeToEnforceTests
{
    private const string Attack = "1' union select username, password from users-- -";

    private const string Rules = """
        SecRuleEngine On
        SecRule ARGS "@contains gift" "id:10,phase:2,deny,status:403,msg:'a rule that is wrong'"
        SecRule ARGS "@contains union" "id:11,phase:2,deny,status:403,msg:'SQL'"
        """;

    [Theory]
    [InlineData("/?q=green+tea", 1, 0)]
    // Only the rules object: they would block, whatever models say.
    [InlineData("/?q=a+gift", 1, 1)]
    // Rules and models agree: an attack, and no word about false positives.
    [InlineData("/?q=" + Attack, 0, 0)]
    // Only the models object.
    [InlineData("/?q=1'+or+'1'='1'+or+sleep(5)--+-", 1, 1)]
    public async Task ARequest_CountsByWhatEnforceWouldDo(string target, long requests, long wouldBlock)
    {
        var report = await SendAsync(target);

        Assert.Equal((requests, wouldBlock), (report.Requests, report.WouldBlock));
    }

    private static async Task<LearningReport> SendAsync(string target)
    {
        await using var upstream = await TestUpstream.StartAsync();
        var policy = TestSidecar.Policy(InspectionMode.Detect, Rules) with
        {
            Decision = DecisionKind.Either,
            Ml = new MlPolicy
            {
                Mode = InspectionMode.Detect,
                Models = [Assignment("gate"), Assignment("payload-cnn")],
                MediumAction = RiskActionKind.Block,
                LatencyBudget = TimeSpan.FromSeconds(10),
                Learning = new LearningPolicy { Mode = LearningKind.Propose },
            },
        };
        await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy, models: Packages());
        using var client = sidecar.Client();
        using var answer = await client.GetAsync(target);
        Assert.True(answer.IsSuccessStatusCode);
        return sidecar.Sidecar.Status().Learning!;
    }

    private static ModelAssignment Assignment(string family) => new()
    {
        Model = family,
        Baseline = new ModelBlob
        {
            Version = "1.0.0",
            Digest = ModelPackageReader.DigestOf(File.ReadAllBytes(Path.Combine(Packages(), $"{family}-1.0.0.tar"))),
        },
    };

    private static string Packages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
