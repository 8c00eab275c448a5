using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Tests.Objects;

public sealed class ConditionsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, 500, TimeSpan.Zero);

    private static readonly Condition Ready =
        new() { Type = "Ready", Status = "False", Reason = "Waiting", Message = "…", ObservedGeneration = 1 };

    [Fact]
    public void With_StatusUnchanged_KeepsTheTransitionTime()
    {
        var first = Conditions.With([], Ready, Noon);
        var second = Conditions.With(
            first, Ready with { Reason = "StillWaiting", ObservedGeneration = 2 }, Noon.AddHours(1));
        var condition = Assert.Single(second);
        Assert.Equal("StillWaiting", condition.Reason);
        Assert.Equal(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero), condition.LastTransitionTime);
    }

    [Fact]
    public void With_StatusChanged_MovesTheTransitionTimeOfThatConditionOnly()
    {
        var first = Conditions.With(Conditions.With([], Ready, Noon), Ready with { Type = "Accepted" }, Noon);
        var second = Conditions.With(first, Ready with { Status = "True" }, Noon.AddHours(1));
        Assert.Equal(["Ready", "Accepted"], second.Select(c => c.Type));
        Assert.Equal(13, Conditions.Find(second, "Ready")!.LastTransitionTime.Hour);
        Assert.Equal(12, Conditions.Find(second, "Accepted")!.LastTransitionTime.Hour);
    }

    [Fact]
    public void ToJson_ThenRead_GivesTheSameConditions()
    {
        var conditions = Conditions.With(Conditions.With([], Ready, Noon), Ready with { Type = "Accepted" }, Noon);
        var node = new System.Text.Json.Nodes.JsonObject
        {
            ["status"] = new System.Text.Json.Nodes.JsonObject { ["conditions"] = Conditions.ToJson(conditions) },
        };
        Assert.Equal(conditions, Conditions.Read(KubernetesObject.From(node)));
        Assert.Contains("\"2026-11-22T12:00:00Z\"", node.ToJsonString(), StringComparison.Ordinal);
    }
}
