using System.Text.Json.Nodes;
using WafOperator.Webhooks.Reviews;

namespace WafOperator.Webhooks.Validation;

/// <summary>
/// A ModelVersion or WafSink may name a Secret that its author may read: the operator and the console, which can read
/// more, are not to be a way to use what one may not see. Asked at admission, when the author is known; a question that
/// gets no answer is a no.
/// Thread-safe.
/// </summary>
/// <param name="mayGet">Whether a user may get a Secret (namespace, name).</param>
public sealed class SecretUse(Func<AdmissionUser, string, string, CancellationToken, Task<bool>> mayGet)
{
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Null when all Secrets that a request names may be used; else the refusal. Asked again for those named before
    /// where anything changed of what they are used for: a token goes where an address leads.
    /// </summary>
    public async Task<AdmissionResponse?> RefusalAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.SubResource.Length > 0 || request.Object is not { } raw) return null;
        if (request.OldObject is { } old && JsonNode.DeepEquals(UseOf(request.Kind, raw), UseOf(request.Kind, old)))
            return null;
        foreach (var (field, secret) in SecretsOf(request.Kind, raw))
        {
            if (await MayAsync(request, secret, cancellationToken)) continue;
            return new AdmissionResponse
            {
                Allowed = false, Code = 403, Reason = "Forbidden",
                Message = $"{field}: {request.User.Name} may not get the Secret {request.Namespace}/{secret}, and so "
                    + "may not have it used",
            };
        }

        return null;
    }

    private async Task<bool> MayAsync(AdmissionRequest request, string secret, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerTimeMax);
        try
        {
            return await mayGet(request.User, request.Namespace, secret, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>The Secrets of an object, and all that decides what is done with them.</summary>
    private static JsonNode? UseOf(string kind, JsonObject raw) =>
        raw["spec"] is JsonObject spec && kind == "ModelVersion" ? spec["artifact"] : raw["spec"];

    private static List<(string Field, string Secret)> SecretsOf(string kind, JsonObject raw)
    {
        var spec = raw["spec"] as JsonObject;
        var found = new List<(string, string)>();
        if (kind == "ModelVersion")
        {
            var artifact = spec?["artifact"] as JsonObject;
            Add("spec.artifact.credentialsSecret", artifact?["credentialsSecret"]);
            Add("spec.artifact.signature.publicKeySecret", (artifact?["signature"] as JsonObject)?["publicKeySecret"]);
        }
        else if (kind == "WafSink")
        {
            var tls = spec?["tls"] as JsonObject;
            Add("spec.credentialsSecret", spec?["credentialsSecret"]);
            Add("spec.tls.caSecret", tls?["caSecret"]);
            Add("spec.tls.clientCertificateSecret", tls?["clientCertificateSecret"]);
        }

        return found;

        void Add(string field, JsonNode? node)
        {
            if (node is JsonValue value && value.TryGetValue<string>(out var name) && name.Length > 0)
                found.Add((field, name));
        }
    }
}
