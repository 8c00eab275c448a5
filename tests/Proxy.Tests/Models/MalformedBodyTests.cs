using System.Net;
using System.Text;
using WafOperator.Protocols.Events;
using WafOperator.Protocols.Models;
using WafOperator.Protocols.Policies;
using WafOperator.Proxy.Tests.Harness;

namespace WafOperator.Proxy.Tests.Models;

/// <summary>
/// Bodies that cannot be read as what they are declared to be: without rules there is none that refuses them, and
/// models were shown a part of them only.
/// </summary>
public sealed class MalformedBodyTests
{
    [Theory]
    [InlineData("text/xml", "<r><a>tea</r>")]
    [InlineData("application/json", "{q:'tea'}")]
    [InlineData("multipart/form-data; boundary=b", "q=1")]
    public async Task Body_ThatCannotBeRead_IsRefusedOrSaid(string type, string body)
    {
        foreach (var mode in (InspectionMode[])[InspectionMode.Enforce, InspectionMode.Detect])
        {
            var packages = Packages();
            await using var upstream = await TestUpstream.StartAsync();
            var policy = TestSidecar.Policy(mode, rules: null) with
            {
                Logging = new DecisionLogging { Decisions = DecisionLogLevel.All },
                Ml = new MlPolicy
                {
                    Mode = mode, LatencyBudget = TimeSpan.FromSeconds(10),
                    Models = [new ModelAssignment { Model = "gate", Baseline = Gate(packages) }],
                },
            };
            await using var sidecar = await TestSidecar.StartAsync(upstream.Address, policy, models: packages);
            using var client = sidecar.Client();
            using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
            content.Headers.TryAddWithoutValidation("Content-Type", type);

            using var answer = await client.PostAsync("/", content);

            var isEnforced = mode is InspectionMode.Enforce;
            Assert.Equal(isEnforced ? HttpStatusCode.BadRequest : HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(isEnforced ? 0 : 1, upstream.Seen.Count);
            var decided = Assert.Single(await sidecar.EventsAsync());
            Assert.Equal(VerdictKind.Block, decided.WouldHave);
            Assert.Contains(UninspectedReason.Malformed, decided.Coverage!.Uninspected);
        }
    }

    private static ModelBlob Gate(string packages) => new()
    {
        Version = "1.0.0",
        Digest = ModelPackageReader.DigestOf(File.ReadAllBytes(Path.Combine(packages, "gate-1.0.0.tar"))),
    };

    private static string Packages()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "models", "packages"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "models", "packages");
    }
}
