using System.Text.Json.Nodes;
using WafOperator.Controllers.Models;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Controllers.Tests.Models;

/// <summary>Which packages somebody forgave.</summary>
public sealed class RejectionWatchTests
{
    [Theory]
    [InlineData("a b", "a", "b")]
    [InlineData("a b", null, "a b")]
    [InlineData("a b", "", "a b")]
    [InlineData("a", "a b", "")]
    [InlineData(null, "a", "")]
    [InlineData("a b", "b c", "a")]
    [InlineData("a b", "c", "a b")]
    public void Forgiven_AreKeysThatWentWithoutAnotherComing(string? before, string? now, string expected) =>
        Assert.Equal(expected, string.Join(' ', RejectionWatch.Forgiven(Map(before), Map(now))));

    /// <summary>What had to make room in a full list was not forgiven; what went beside it was.</summary>
    [Theory]
    [InlineData(200, 1, 1, 0)]
    [InlineData(200, 2, 1, 2)]
    [InlineData(200, 1, 0, 1)]
    [InlineData(199, 1, 1, 1)]
    [InlineData(199, 0, 1, 0)]
    public void Forgiven_OfAFullList_AreMoreThanHadToGo(int before, int taken, int added, int expected)
    {
        var keys = Enumerable.Range(0, before + added).Select(i => $"k{i:d3}").ToList();

        var forgiven = RejectionWatch.Forgiven(
            Map(string.Join(' ', keys.Take(before))), Map(string.Join(' ', keys.Skip(taken))));

        Assert.Equal(expected, forgiven.Count);
    }

    private static KubernetesObject? Map(string? keys) => keys is null ? null : KubernetesObject.From(new JsonObject
    {
        ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = RejectedModels.ConfigMapName },
        ["data"] = new JsonObject(keys.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(key => KeyValuePair.Create<string, JsonNode?>(key, "2026-11-30 worse"))),
    });
}
