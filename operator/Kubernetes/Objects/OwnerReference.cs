using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Objects;

/// <summary>Names the object whose deletion deletes this one. Owner and owned live in the same namespace.</summary>
public sealed record OwnerReference
{
    public string ApiVersion { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Name { get; init; } = "";

    public string Uid { get; init; } = "";

    public bool? Controller { get; init; }

    public bool? BlockOwnerDeletion { get; init; }

    /// <summary>A controlling reference to <paramref name="owner"/>, to put on what it creates.</summary>
    public static OwnerReference ControllerOf(ResourceType type, ObjectMeta owner) => new()
    {
        ApiVersion = type.ApiVersion,
        Kind = type.Kind,
        Name = owner.Name,
        Uid = owner.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>The reference as it stands in <c>metadata.ownerReferences</c>.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["apiVersion"] = ApiVersion,
            ["kind"] = Kind,
            ["name"] = Name,
            ["uid"] = Uid,
        };
        if (Controller is { } controller) json["controller"] = controller;
        if (BlockOwnerDeletion is { } block) json["blockOwnerDeletion"] = block;
        return json;
    }
}
