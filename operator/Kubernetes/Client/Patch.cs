using System.Text.Json.Nodes;

namespace WafOperator.Kubernetes.Client;

/// <summary>A change to one object: its kind, its body and how it is done.</summary>
public sealed record Patch(PatchKind Kind, JsonNode Body)
{
    public PatchOptions Options { get; init; } = new();

    internal string ContentType => Kind switch
    {
        PatchKind.Json => "application/json-patch+json",
        PatchKind.Merge => "application/merge-patch+json",
        _ => "application/strategic-merge-patch+json",
    };

    /// <summary>RFC 6902.</summary>
    public static Patch Json(params JsonObject[] operations) =>
        new(PatchKind.Json, new JsonArray([.. operations]));

    /// <summary>RFC 7396.</summary>
    public static Patch Merge(JsonObject body) => new(PatchKind.Merge, body);

    /// <summary>RFC 7396 on the status subresource.</summary>
    public static Patch MergeStatus(JsonObject body) =>
        new(PatchKind.Merge, body) { Options = new PatchOptions { Subresource = "status" } };

    // The body may be a Secret.
    public override string ToString() => $"{Kind} patch";
}
