using System.Text.Json.Nodes;
using WafOperator.Kubernetes.Client;
using WafOperator.Kubernetes.Objects;
using WafOperator.Kubernetes.Watching;

namespace WafOperator.Kubernetes.Tests.Watching;

public sealed class InformerCacheTests
{
    private static KubernetesObject Thing(string name, string version, string label, string uid = "u") =>
        KubernetesObject.From(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["namespace"] = $"n{name.Length % 2}",
                ["name"] = name,
                ["uid"] = uid + name,
                ["resourceVersion"] = version,
                ["labels"] = new JsonObject { ["l"] = label },
            },
        });

    [Fact]
    public void Replace_SameVersions_ChangesNothing()
    {
        var cache = new InformerCache<KubernetesObject>();
        var list = new ResourceList<KubernetesObject>([Thing("a", "1", "x"), Thing("b", "2", "x")], "2", null, []);
        Assert.Equal(2, cache.Replace(list).Count);
        Assert.Empty(cache.Replace(list));
        var recreated = list with { Items = [Thing("a", "1", "x", uid: "other"), Thing("b", "2", "x")] };
        Assert.Single(cache.Replace(recreated));
    }

    [Fact]
    public void ManyRandomChanges_CacheAndIndexes_EqualAPlainModel()
    {
        const int seed = 42;
        var random = new Random(seed);
        var cache = new InformerCache<KubernetesObject>();
        var early = cache.AddIndex(o => o.Metadata.Labels.Values);
        var model = new Dictionary<NamespacedName, KubernetesObject>();
        for (var round = 0; round < 5000; round++)
        {
            var thing = Thing(new string('x', random.Next(1, 12)), $"{round}", $"{random.Next(4)}");
            switch (random.Next(10))
            {
                case 0:
                    var some = model.Values.Where(_ => random.Next(3) > 0);
                    var kept = some.Append(thing).DistinctBy(o => o.Key).ToList();
                    cache.Replace(new ResourceList<KubernetesObject>(kept, $"{round}", null, []));
                    model = kept.ToDictionary(o => o.Key);
                    break;
                case < 4:
                    cache.Apply(new WatchEvent<KubernetesObject>.Deleted(thing));
                    model.Remove(thing.Key);
                    break;
                case 4:
                    var change = cache.Apply(
                        new WatchEvent<KubernetesObject>.Unreadable(thing.Metadata, "bad", false))!.Value;
                    Assert.Same(model.GetValueOrDefault(thing.Key), change.Current);
                    break;
                default:
                    cache.Apply(new WatchEvent<KubernetesObject>.Changed(thing));
                    model[thing.Key] = thing;
                    break;
            }
        }

        var late = cache.AddIndex(o => o.Metadata.Labels.Values);
        Assert.Equal(model.Values.Select(Print).Order(), cache.List().Select(Print).Order());
        for (var label = 0; label < 4; label++)
        {
            var expected = model.Values.Where(o => o.Metadata.Labels["l"] == $"{label}").Select(Print).Order().ToList();
            Assert.Equal(expected, early.Find($"{label}").Select(Print).Order());
            Assert.Equal(expected, late.Find($"{label}").Select(Print).Order());
        }

        static string Print(KubernetesObject o) => $"{o.Key} {o.Metadata.ResourceVersion}";
    }
}
