using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources.Validation;

namespace WafOperator.Webhooks.Reviews;

/// <summary>What we answer. Immutable.</summary>
public sealed record AdmissionResponse
{
    private const int WarningLengthMax = 256;
    private const int WarningsMax = 10;

    public required bool Allowed { get; init; }
    public JsonArray? Patch { get; init; }

    /// <summary>HTTP code, reason and message of a refusal, as a Status has them.</summary>
    public int Code { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public IReadOnlyList<FieldError> Causes { get; init; } = [];
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public static AdmissionResponse Allow(IReadOnlyList<string>? warnings = null) =>
        new() { Allowed = true, Warnings = warnings ?? [] };

    /// <summary>The object is wrong: the user must change it.</summary>
    public static AdmissionResponse Forbid(string message) =>
        new() { Allowed = false, Code = 403, Reason = "Forbidden", Message = message };

    /// <summary>The webhook cannot answer now: whoever asked tries again.</summary>
    public static AdmissionResponse Unavailable(string message) =>
        new() { Allowed = false, Code = 503, Reason = "ServiceUnavailable", Message = message };

    /// <summary>The webhook failed: a bug.</summary>
    public static AdmissionResponse Failed() => new()
    {
        Allowed = false,
        Code = 500,
        Reason = "InternalError",
        Message = "the WAF operator could not decide; its log says why",
    };

    /// <summary>Writes the AdmissionReview that answers a request.</summary>
    public void Write(string uid, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, "admission.k8s.io/v1"u8);
        writer.WriteString("kind"u8, "AdmissionReview"u8);
        writer.WriteStartObject("response"u8);
        writer.WriteString("uid"u8, uid);
        writer.WriteBoolean("allowed"u8, Allowed);
        if (Patch is { Count: > 0 })
        {
            writer.WriteString("patchType"u8, "JSONPatch"u8);
            writer.WriteBase64String("patch"u8, JsonSerializer.SerializeToUtf8Bytes((JsonNode)Patch));
        }
        if (!Allowed) WriteStatus(writer);
        if (Warnings.Count > 0) WriteWarnings(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteStatus(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("status"u8);
        writer.WriteString("status"u8, "Failure"u8);
        writer.WriteNumber("code"u8, Code);
        writer.WriteString("reason"u8, Reason);
        writer.WriteString("message"u8, Message);
        if (Causes.Count > 0)
        {
            writer.WriteStartObject("details"u8);
            writer.WriteStartArray("causes"u8);
            foreach (var cause in Causes)
            {
                writer.WriteStartObject();
                writer.WriteString("reason"u8, CauseReason(cause.Reason));
                writer.WriteString("field"u8, cause.Path);
                writer.WriteString("message"u8, cause.Message);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private void WriteWarnings(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("warnings"u8);
        foreach (var warning in Warnings.Take(WarningsMax))
            writer.WriteStringValue(warning.Length <= WarningLengthMax ? warning : warning[..(WarningLengthMax - 1)]
                + "…");
        writer.WriteEndArray();
    }

    /// <summary>Causes of <c>metav1.Status</c>, which clients know.</summary>
    private static string CauseReason(FieldErrorReason reason) => reason switch
    {
        FieldErrorReason.Required => "FieldValueRequired",
        FieldErrorReason.Duplicate => "FieldValueDuplicate",
        FieldErrorReason.NotSupported => "FieldValueNotSupported",
        FieldErrorReason.Unknown => "FieldValueForbidden",
        FieldErrorReason.Immutable => "FieldValueForbidden",
        _ => "FieldValueInvalid",
    };
}
