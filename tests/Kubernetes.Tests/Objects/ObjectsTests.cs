using System.Text;
using System.Text.Json;
using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Tests.Objects;

public sealed class ObjectsTests
{
    private const string Pod = """
        {"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","generation":3,
         "creationTimestamp":"2026-11-22T08:00:00Z","deletionTimestamp":null,"labels":{"app":"web"},"annotations":null,
         "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"rs","uid":"o","controller":true}],
         "managedFields":[{"manager":"kubectl"}],"unknown":1},
         "spec":{"nodeName":"n","future":{"x":[1,2]},"none":null}}
        """;

    private static KubernetesObject Compact(string json)
    {
        using var document = JsonDocument.Parse(json);
        return KubernetesObject.Compact(document.RootElement, BuiltIn.Pods);
    }

    [Fact]
    public void Compact_ServedItem_KeepsAllButManagedFieldsAndGainsItsKind()
    {
        var pod = Compact(Pod);
        Assert.Equal(("v1", "Pod", "shop/web"), (pod.ApiVersion, pod.Kind, pod.Key.ToString()));
        Assert.Equal("[1,2]", pod.At("spec", "future", "x")!.Value.GetRawText());
        Assert.Null(pod.At("metadata", "managedFields"));
        Assert.Equal(1, pod.Json.Number("metadata", "unknown"));
        Assert.Null(pod.At("spec", "none"));
        Assert.Null(pod.At("spec", "nodeName", "deeper"));
        Assert.Equal(
            ("rs", 3L, false), (pod.Metadata.Controller!.Name, pod.Metadata.Generation, pod.Metadata.IsBeingDeleted));
        Assert.Empty(pod.Metadata.Annotations);
        Assert.Empty(pod.Metadata.Finalizers);
    }

    [Fact]
    public void ToNode_ChangedCopy_LeavesTheOriginalAlone()
    {
        var pod = Compact(Pod);
        var node = pod.ToNode();
        node["metadata"]!["name"] = "changed";
        Assert.Equal("web", pod.Metadata.Name);
        Assert.Equal("web", pod.Text("metadata", "name"));
        Assert.Equal("changed", KubernetesObject.From(node).Metadata.Name);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{\"metadata\":7}")]
    [InlineData("{\"metadata\":{\"labels\":[]}}")]
    [InlineData("{\"metadata\":{\"generation\":\"x\"}}")]
    [InlineData("{")]
    public void Parse_NotAnObject_ThrowsItsDeclaredException(string json) =>
        Assert.ThrowsAny<JsonException>(() => KubernetesObject.Parse(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("shop", "web", null, "/api/v1/namespaces/shop/pods/web")]
    [InlineData("shop", "", null, "/api/v1/namespaces/shop/pods")]
    [InlineData("", "", null, "/api/v1/pods")]
    [InlineData("shop", "web", "eviction", "/api/v1/namespaces/shop/pods/web/eviction")]
    [InlineData("a/b", "../x?y", null, "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy")]
    public void PathOf_Pods_IsTheServersPath(string ns, string name, string? subresource, string expected) =>
        Assert.Equal(expected, BuiltIn.Pods.PathOf(ns, name, subresource));

    [Fact]
    public void PathOf_ClusterScopedGroup_HasNoNamespace() => Assert.Equal(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/x",
        BuiltIn.CustomResourceDefinitions.PathOf("ignored", "x"));

    [Theory]
    [InlineData("{}", true)]
    [InlineData("""{"matchLabels":{"app":"web"}}""", true)]
    [InlineData("""{"matchLabels":{"app":"web","tier":"db"}}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"In","values":["api","web"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"tier","operator":"NotIn","values":["web"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"tier","operator":"Exists"}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"app","operator":"Gt","values":["1"]}]}""", null)]
    [InlineData("""{"matchExpressions":[{"operator":"Exists"}]}""", null)]
    public void LabelSelector_LabelsOfAPod_MatchesAsKubernetesDoes(string selector, bool? expected)
    {
        using var document = JsonDocument.Parse(selector);
        var read = LabelSelector.Read(document.RootElement);
        Assert.Equal(expected, read?.Matches(new Dictionary<string, string> { ["app"] = "web" }));
    }

    [Fact]
    public void OwnerReference_ToJson_NamesTheController()
    {
        var owner = OwnerReference.ControllerOf(BuiltIn.Deployments, new ObjectMeta { Name = "web", Uid = "u" });
        Assert.Equal(
            """{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"u","controller":true,"""
                + "\"blockOwnerDeletion\":true}",
            owner.ToJson().ToJsonString());
    }
}
