using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Validation;

/// <summary>Outcome of a validation: the typed object when there are no errors; warnings do not refuse.</summary>
public sealed record ValidationResult(ICustomResource? Resource, IReadOnlyList<FieldError> Errors,
    IReadOnlyList<FieldError> Warnings)
{
    public bool IsValid => Errors.Count == 0;
}

/// <summary>
/// Everything that can be said of one object by itself: unknown fields, types, bounds, patterns, enums, the CEL rules
/// in C#, and what a schema cannot say. The same checks run in the admission webhook, in the sidecar's file mode and in
/// tests. Pure.
/// </summary>
public static class ResourceValidator
{
    /// <summary>
    /// Checks an object of one of our kinds. <paramref name="old"/> is its stored form, for immutable fields.
    /// </summary>
    public static ValidationResult Validate(JsonObject raw, JsonObject? old = null)
    {
        var kind = raw["kind"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        if (ResourceDefinition.Find(kind) is { } definition) return Validate(definition, raw, old);
        var near = kind is null ? null : NearestName.Of(kind, ResourceDefinition.All.Select(known => known.Kind));
        var hint = near is null ? "" : $"; did you mean {near}?";
        return new(null, [new("kind", FieldErrorReason.NotSupported,
            $"\"{kind}\" is not a kind of {ApiGroup.Name}{hint}")], []);
    }

    /// <summary>Checks an object of a known kind.</summary>
    public static ValidationResult Validate(ResourceDefinition definition, JsonObject raw, JsonObject? old = null)
    {
        var errors = new List<FieldError>();
        var warnings = new List<FieldError>();
        var filled = (JsonObject)raw.DeepClone();
        SchemaDefaults.Apply(filled, definition.Schema);
        var filledOld = (JsonObject?)old?.DeepClone();
        SchemaDefaults.Apply(filledOld, definition.Schema);
        CheckIdentity(filled, definition, errors);
        new StructuralValidator(errors).Check(filled, definition.Schema, "", filledOld);
        if (errors.Count > 0) return new(null, errors, warnings);
        var resource = ReadTyped(definition, filled, errors);
        if (resource is not null) ResourceChecks.Check(resource, errors, warnings);
        return new(errors.Count == 0 ? resource : null, errors, warnings);
    }

    private static void CheckIdentity(JsonObject raw, ResourceDefinition definition, List<FieldError> errors)
    {
        if (raw["apiVersion"] is JsonValue value && value.TryGetValue<string>(out var version)
            && version == ApiGroup.ApiVersion) return;
        errors.Add(new("apiVersion", FieldErrorReason.NotSupported,
            $"must be {ApiGroup.ApiVersion} for a {definition.Kind}"));
        // Said once: the structural check need not say it again.
        raw["apiVersion"] = ApiGroup.ApiVersion;
    }

    private static ICustomResource? ReadTyped(ResourceDefinition definition, JsonObject raw, List<FieldError> errors)
    {
        try
        {
            return definition.Read(raw);
        }
        catch (JsonException error)
        {
            // Only metadata is not in our schema: the API server has checked it, a file has not.
            errors.Add(new(error.Path?.TrimStart('$', '.') ?? "", FieldErrorReason.WrongType, "has the wrong type"));
            return null;
        }
    }
}
