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
    [InlineData("a b", "b c", "")]
    public void Forgiven_AreKeysThatWentWithoutAnotherComing(string? before, string? now, string expected) =>
        Assert.Equal(expected, string.Join(' ', RejectionWatch.Forgiven(Map(before), Map(now))));

    private static KubernetesObject? Map(string? keys) => keys is null ? null : KubernetesObject.From(new JsonObject
    {
        ["metadata"] = new JsonObject { ["namespace"] = "shop", ["name"] = RejectedModels.ConfigMapName },
        ["data"] = new JsonObject(keys.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(key => KeyValuePair.Create<string, JsonNode?>(key, "2026-11-30 worse"))),
    });
}
