using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace WafOperator.Kubernetes.Objects;

/// <summary>
/// Where objects of one kind are served: group (empty for the legacy group), version, plural name, kind and scope.
/// Turn it into a <see cref="ResourceType{TObject}"/> to say what the objects are read as.
/// </summary>
public record ResourceType(string Group, string Version, string Plural, string Kind, ResourceScope Scope)
{
    /// <summary><c>v1</c> or <c>apps/v1</c>, as in an object's <c>apiVersion</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>pods</c> or <c>deployments.apps</c>, as kubectl and RBAC messages name it.</summary>
    public string QualifiedName => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>Objects kept as JSON trees, so that nothing unknown is lost.</summary>
    public ResourceType<KubernetesObject> AsJson() => ReadAs(static o => o);

    /// <summary>Objects read as <typeparamref name="T"/> by the caller's source-generated context.</summary>
    public ResourceType<Resource<T>> As<T>(JsonTypeInfo<T> typeInfo) =>
        ReadAs(o => new Resource<T>(o.Metadata, o.Read(typeInfo)));

    /// <summary>
    /// Objects projected by <paramref name="read"/>: a cache then holds only what the projection keeps.
    /// </summary>
    public ResourceType<TObject> ReadAs<TObject>(Func<KubernetesObject, TObject> read)
        where TObject : class, IKubernetesObject => new(this, read);

    /// <summary>The request path of the collection (no name), of one object, or of its subresource.</summary>
    public string PathOf(string? ns, string? name = null, string? subresource = null)
    {
        var path = new StringBuilder(Group.Length == 0 ? "/api/" : "/apis/").Append(ApiVersion);
        if (Scope == ResourceScope.Namespaced && !string.IsNullOrEmpty(ns))
            path.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        path.Append('/').Append(Plural);
        if (!string.IsNullOrEmpty(name)) path.Append('/').Append(Uri.EscapeDataString(name));
        if (!string.IsNullOrEmpty(subresource)) path.Append('/').Append(subresource);
        return path.ToString();
    }

    public override string ToString() => $"{QualifiedName}/{Version}";
}
