using WafOperator.Kubernetes.Objects;

namespace WafOperator.Kubernetes.Client;

/// <summary>Which verb on which resource: the subject of every error message and metric.</summary>
public sealed record ApiTarget(ApiVerb Verb, string Resource, string Namespace, string Name)
{
    internal static ApiTarget Of(ApiVerb verb, ResourceType type, NamespacedName key, string? subresource = null) =>
        new(verb, Qualified(type, subresource), key.Namespace, key.Name);

    /// <summary>The verb as RBAC writes it.</summary>
    public string VerbName => Verb switch
    {
        ApiVerb.Get => "get",
        ApiVerb.List => "list",
        ApiVerb.Watch => "watch",
        ApiVerb.Create => "create",
        ApiVerb.Update => "update",
        ApiVerb.Patch => "patch",
        _ => "delete",
    };

    /// <summary>As in "patch deployments.apps/status shop/web".</summary>
    public override string ToString()
    {
        var where = (Namespace.Length, Name.Length) switch
        {
            (0, 0) => "",
            (_, 0) => $" in namespace {Namespace}",
            (0, _) => $" {Name}",
            _ => $" {Namespace}/{Name}",
        };
        return $"{VerbName} {Resource}{where}";
    }

    private static string Qualified(ResourceType type, string? subresource) =>
        subresource is null ? type.QualifiedName : $"{type.QualifiedName}/{subresource}";
}
