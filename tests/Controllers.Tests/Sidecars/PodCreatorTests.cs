using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Controllers.Coverage;
using WafOperator.Controllers.Models;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Policies;

namespace WafOperator.Controllers.Tests.Sidecars;

public sealed class PodCreatorTests
{
    private static readonly WorkloadView Shop = View("shop", TargetKind.Deployment, "uid-d");
    private static readonly WorkloadView Store = View("store", TargetKind.StatefulSet, "uid-s");

    [Theory]
    [InlineData("ReplicaSet", "shop-5d4f8c7b9", "any", "shop", "Deployment")]
    [InlineData("StatefulSet", "store", "uid-s", "store", "StatefulSet")]
    [InlineData("StatefulSet", "store", "uid-forged", "store", null)]
    [InlineData("Deployment", "shop", "uid-d", "shop", null)]
    [InlineData("ReplicaSet", "coredns-5d4f8c7b9", "any", "shop", null)]
    [InlineData("ReplicaSet", "shop-5d4f8c7b9", "any", "forged", null)]
    [InlineData("Node", "node-1", "any", "shop", null)]
    public void Of_FindsOnlyWhatTheCacheKnows(string kind, string name, string uid, string app, string? expected)
    {
        var pod = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = new JsonObject { ["app"] = app },
                ["ownerReferences"] = new JsonArray(new JsonObject
                {
                    ["apiVersion"] = "apps/v1", ["kind"] = kind, ["name"] = name, ["uid"] = uid, ["controller"] = true,
                }),
            },
        };

        var found = PodCreator.Of(
            "shop", pod, key => key == Shop.Metadata.Key ? Shop : null,
            key => key == Store.Metadata.Key ? Store : null);

        Assert.Equal(expected, found?.Kind);
        if (expected is not null) Assert.Equal(expected == "Deployment" ? "uid-d" : "uid-s", found!.Uid);
    }

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(1, 2, false)]
    [InlineData(2, 2, true)]
    [InlineData(1, 3, false)]
    [InlineData(2, 3, true)]
    [InlineData(3, 30, true)]
    [InlineData(3, 31, false)]
    [InlineData(0, 0, false)]
    public void LoadFailure_NeedsSeveralPodsOrAShare(int failed, int all, bool expected) =>
        Assert.Equal(expected, RolloutCounting.IsEnough(failed, all));

    private static WorkloadView View(string name, TargetKind kind, string uid) => new(
        new ObjectMeta { Namespace = "shop", Name = name, Uid = uid }, kind,
        LabelSelector.FromLabels(JsonSerializer.SerializeToElement(new { app = name })));
}
