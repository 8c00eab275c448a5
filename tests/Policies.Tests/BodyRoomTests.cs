using WafOperator.Policies.Compilation;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Tests;

/// <summary>A limit on bodies above what the sidecar's memory holds is said.</summary>
public sealed class BodyRoomTests
{
    [Theory]
    [InlineData("1Mi", "384Mi", null)]
    [InlineData("15Mi", "384Mi", null)]
    [InlineData("16Mi", "384Mi", "holds 15Mi for one client")]
    [InlineData("128Mi", "384Mi", "refused with 503")]
    [InlineData("128Mi", "4Gi", null)]
    public void ALimit_AboveWhatIsHeld_IsSaidWithItsField(string limit, string memory, string? words)
    {
        foreach (var isRoute in new[] { false, true })
        {
            var body = new BodyInspectionSpec { Limit = limit };
            var compilation = PolicyCompiler.Compile(new()
            {
                Policy = new()
                {
                    Metadata = new() { Name = "shop", Namespace = "shop" },
                    Spec = new()
                    {
                        Body = isRoute ? null : body, Sidecar = new() { MemoryLimit = memory },
                        Routes = isRoute ? [new() { PathPrefix = "/import", Body = body }] : [],
                    },
                },
                Now = DateTimeOffset.UnixEpoch,
            });

            Assert.False(compilation.HasErrors);
            if (words is null) Assert.Empty(compilation.Findings);
            else
            {
                var finding = Assert.Single(compilation.Findings);
                Assert.Equal(isRoute ? "spec.routes[0].body.limit" : "spec.body.limit", finding.Path);
                Assert.Contains(words, finding.Message, StringComparison.Ordinal);
            }
        }
    }
}
