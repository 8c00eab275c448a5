using System.Text.Json;
using System.Text.Json.Nodes;
using WafOperator.Policies.Compilation;
using WafOperator.Policies.Exclusions;
using WafOperator.Resources;
using WafOperator.Resources.Exclusions;
using WafOperator.Resources.Policies;
using WafOperator.Resources.Pools;
using WafOperator.Resources.Schema;
using WafOperator.Resources.Validation;
using WafOperator.Webhooks.Reviews;

namespace WafOperator.Webhooks.Validation;

/// <summary>
/// Admission of our own kinds: the whole validation, all errors at once, each with its field; and rule text is
/// compiled, so that a broken rule is refused with its line. Pure but for the clock; thread-safe.
/// </summary>
public sealed class ResourceReviewer(TimeProvider time, IAdmissionCache cache, PoolBounds? pools = null)
{
    private const string LastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Decides about one request.</summary>
    public AdmissionResponse Review(AdmissionRequest request)
    {
        if (request.Operation is not ("CREATE" or "UPDATE") || request.SubResource.Length > 0
            || request.Object is not { } raw) return AdmissionResponse.Allow();
        if (ResourceDefinition.Find(request.Kind) is not { } definition) return AdmissionResponse.Allow();
        if (request.Operation == "UPDATE" && CannotMatter(raw, request.OldObject)) return AdmissionResponse.Allow();
        var result = ResourceValidator.Validate(definition, raw, request.OldObject);
        List<FieldError> errors = [.. result.Errors, .. UnknownInLastApplied(definition, raw, request.OldObject)];
        List<FieldError> warnings = [.. result.Warnings];
        if (result.Resource is InferencePool pool && pools is not null) errors.AddRange(pools.Errors(pool.Spec));
        if (result.Resource is { } resource) AddFindings(resource, request, errors, warnings);
        return errors.Count == 0
            ? AdmissionResponse.Allow([.. warnings.Select(warning => warning.ToString())])
            : Refuse(definition, request, errors);
    }

    /// <summary>
    /// An object on its way out, or one whose spec stays: older, stricter or looser rules must not hold it.
    /// </summary>
    private static bool CannotMatter(JsonObject raw, JsonObject? old) =>
        (raw["metadata"] as JsonObject)?["deletionTimestamp"] is not null
        || (old is not null && JsonNode.DeepEquals(raw["spec"], old["spec"]) && LastApplied(raw) == LastApplied(old));

    /// <summary>
    /// The API server drops unknown fields before it asks. What kubectl apply was given is still in its annotation: a
    /// misspelt field there is an error, not silence.
    /// </summary>
    private static IEnumerable<FieldError> UnknownInLastApplied(ResourceDefinition definition, JsonObject raw,
        JsonObject? old)
    {
        if (LastApplied(raw) is not { } text || text == LastApplied(old)) return [];
        try
        {
            if (JsonNode.Parse(text) is not JsonObject given) return [];
            return ResourceValidator.Validate(definition, given)
                .Errors.Where(error => error.Reason == FieldErrorReason.Unknown);
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            return [];
        }
    }

    private void AddFindings(ICustomResource resource, AdmissionRequest request, List<FieldError> errors,
        List<FieldError> warnings)
    {
        foreach (var finding in FindingsOf(resource, request.Namespace))
        {
            // Whether models and pools are there is for the status: they may come later.
            if (finding.Kind is not (FindingKind.InvalidRules or FindingKind.InvalidSpec or FindingKind.RulesWarning
                or FindingKind.ExclusionInvalid or FindingKind.ExclusionOutOfBounds or FindingKind.ApiDocumentInvalid
                or FindingKind.ApiDocumentNotFound or FindingKind.ApiOperationNotFound)) continue;
            // What is not applied later is better refused now, while its author looks.
            (finding is { Severity: FindingSeverity.Error }
                or { Kind: FindingKind.ExclusionOutOfBounds or FindingKind.ApiDocumentInvalid } ? errors : warnings)
                .Add(new(finding.Path, FieldErrorReason.Invalid, finding.Message));
        }
    }

    private IReadOnlyList<Finding> FindingsOf(ICustomResource resource, string @namespace) => resource switch
    {
        WafPolicy policy => PolicyCompiler.Compile(new() { Policy = policy, Now = time.GetUtcNow() }).Findings,
        WafExclusion exclusion => PolicyCompiler.Compile(new()
        {
            Policy = PolicyOf(exclusion, @namespace),
            Exclusions = [exclusion],
            Now = time.GetUtcNow(),
        }).Findings,
        ApiSchema schema => FindingsOf(schema, @namespace),
        _ => [],
    };

    /// <summary>Its document is read where it is there already; it may come later, and change.</summary>
    private IReadOnlyList<Finding> FindingsOf(ApiSchema schema, string @namespace)
    {
        var files = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        var name = schema.Spec.Document.ConfigMap;
        if (cache.Texts(@namespace, name) is { } texts) files[name] = texts;
        return PolicyCompiler.Compile(new()
        {
            Policy = new() { Metadata = new() { Name = schema.Spec.Policy, Namespace = @namespace } },
            ApiSchemas = [schema],
            RuleFiles = files,
            Now = time.GetUtcNow(),
        }).Findings;
    }

    /// <summary>
    /// The policy's bounds where it is known; else only what holds for every policy, since it may come later.
    /// </summary>
    private WafPolicy PolicyOf(WafExclusion exclusion, string @namespace)
    {
        var name = exclusion.Spec.Policy;
        var known = cache.Policies(@namespace).FirstOrDefault(policy => policy.Metadata.Name == name);
        return new()
        {
            Metadata = new() { Name = name, Namespace = @namespace },
            Spec = new() { ExclusionBounds = known is null ? ExclusionBounds.Widest : known.Spec.ExclusionBounds },
        };
    }

    private static AdmissionResponse Refuse(ResourceDefinition definition, AdmissionRequest request,
        List<FieldError> errors) => new()
    {
        Allowed = false,
        Code = 422,
        Reason = "Invalid",
        Message = $"{definition.Kind} \"{request.Name}\" is invalid: {string.Join("; ", errors)}",
        Causes = errors,
    };

    private static string? LastApplied(JsonObject? raw) =>
        ((raw?["metadata"] as JsonObject)?["annotations"] as JsonObject)?[LastAppliedAnnotation] is JsonValue value
        && value.TryGetValue<string>(out var text) ? text : null;
}
