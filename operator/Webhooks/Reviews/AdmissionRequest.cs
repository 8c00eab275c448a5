using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace WafOperator.Webhooks.Reviews;

/// <summary>What the API server asks (admission.k8s.io/v1): the part that our webhooks need.</summary>
public sealed record AdmissionRequest
{
    public required string Uid { get; init; }
    public string Operation { get; init; } = "";
    public string Namespace { get; init; } = "";
    public string Name { get; init; } = "";
    public string Kind { get; init; } = "";
    public string SubResource { get; init; } = "";
    public bool IsDryRun { get; init; }

    /// <summary>Who asks, as the API server knows them.</summary>
    public AdmissionUser User { get; init; } = new("", []);

    public JsonObject? Object { get; init; }
    public JsonObject? OldObject { get; init; }

    /// <summary>Names that stand twice would be two objects to two readers.</summary>
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 128, AllowDuplicateProperties = false };

    /// <summary>
    /// Reads a review. False when it is not one; <paramref name="uid"/> is set whenever it could be found, since even a
    /// refusal of the rest must carry it.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out AdmissionRequest? request, out string? uid,
        out string problem)
    {
        (request, uid, problem) = (null, null, "the body is not JSON");
        JsonNode? review;
        // JSON is UTF-8; a node would show broken text only when it is read, perhaps in the middle of a decision.
        if (!Utf8.IsValid(body)) return false;
        try
        {
            review = JsonNode.Parse(body, null, Strict);
            problem = "the body is not an AdmissionReview of admission.k8s.io/v1 with a request and its uid";
            if (review is not JsonObject root || root["request"] is not JsonObject fields) return false;
            uid = Text(fields, "uid");
            if (Text(root, "apiVersion") != "admission.k8s.io/v1" || Text(root, "kind") != "AdmissionReview"
                || string.IsNullOrEmpty(uid)) return false;
            request = From(fields, uid);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static AdmissionRequest From(JsonObject fields, string uid) => new()
    {
        Uid = uid,
        Operation = Text(fields, "operation") ?? "",
        Namespace = Text(fields, "namespace") ?? "",
        Name = Text(fields, "name") ?? "",
        Kind = fields["kind"] is JsonObject kind ? Text(kind, "kind") ?? "" : "",
        SubResource = Text(fields, "subResource") ?? "",
        User = UserOf(fields["userInfo"] as JsonObject),
        IsDryRun = fields["dryRun"] is JsonValue dryRun && dryRun.TryGetValue<bool>(out var flag) && flag,
        Object = fields["object"] as JsonObject,
        OldObject = fields["oldObject"] as JsonObject,
    };

    private static AdmissionUser UserOf(JsonObject? user) => user is null ? new("", []) : new(
        Text(user, "username") ?? "",
        [
            .. (user["groups"] as JsonArray ?? []).OfType<JsonValue>()
                .Select(g => g.TryGetValue<string>(out var name) ? name : null).OfType<string>(),
        ]);

    private static string? Text(JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}

/// <summary>Who asks.</summary>
public sealed record AdmissionUser(string Name, IReadOnlyList<string> Groups);
