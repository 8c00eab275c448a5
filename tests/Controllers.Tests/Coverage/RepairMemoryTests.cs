using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Sidecars;
using WafOperator.Injection.Capture;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Tests.Coverage;

/// <summary>
/// What follows an eviction. A pod is written as its name, in capitals where it has a sidecar, with a question mark
/// where it does not serve.
/// </summary>
public sealed class RepairMemoryTests
{
    private static readonly OwnerReference Owner = new() { Kind = "ReplicaSet", Name = "shop", Uid = "rs" };

    [Theory]
    [InlineData("a b c", "b c D", 3, RepairNext.GoOn)]
    [InlineData("a b c", "b c D", null, RepairNext.GoOn)]
    [InlineData("a b c", "b c", 3, RepairNext.Wait)] // refused: by a quota, a webhook
    [InlineData("a b c", "b c", null, RepairNext.Wait)]
    [InlineData("a b c", "b c D?", 3, RepairNext.Wait)]
    [InlineData("a b c", "b c d", 3, RepairNext.Stop)]
    [InlineData("a b c", "b c d?", null, RepairNext.Stop)]
    [InlineData("a b c", "b c", 2, RepairNext.GoOn)] // scaled down
    [InlineData("a b c", "", 0, RepairNext.GoOn)]
    [InlineData("a b c", "b? c D", 3, RepairNext.Wait)]
    [InlineData("a? b", "b C", 2, RepairNext.GoOn)]
    public void Next_AfterTheFirstWasEvicted(string before, string now, int? wanted, object expected)
    {
        var pods = Pods(before);

        Assert.Equal(expected, RepairMemory.Of(pods[0], pods, default).Next(Pods(now), wanted));
    }

    [Theory]
    [InlineData("a b c", 3, true)]
    [InlineData("a b c", null, true)]
    [InlineData("a b", 3, false)]
    [InlineData("a b c?", 3, false)]
    [InlineData("a b c", 2, true)]
    public void IsWhole_WithAllThatIsWanted(string pods, int? wanted, bool expected) =>
        Assert.Equal(expected, CoverageRepairController.IsWhole(Owner, Pods(pods), wanted));

    private static List<PodView> Pods(string text) =>
    [
        .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => new PodView
        {
            Metadata = new ObjectMeta
            {
                Namespace = "shop", Name = word.TrimEnd('?'), Uid = word.TrimEnd('?'),
                OwnerReferences = [Owner with { Controller = true }],
            },
            Phase = "Running",
            IsReady = !word.EndsWith('?'),
            Captured = char.IsUpper(word[0])
                ? new CapturedPod { Listening = [], Redirected = [], Protected = [], Declared = [] } : null,
        }),
    ];
}
