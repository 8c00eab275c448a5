using System.Globalization;
using WafOperator.OpenApi;
using WafOperator.Protocols.Policies;
using WafOperator.Resources.Manifests;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Compilation;

/// <summary>An ApiSchema in force, for its status: operations by their number, and what is not checked.</summary>
public sealed record CompiledApi
{
    public required string Name { get; init; }

    /// <summary>Digest of the document.</summary>
    public required string Document { get; init; }

    /// <summary>Names of the operations in the order of the document.</summary>
    public required IReadOnlyList<string> Operations { get; init; }

    /// <summary>What the document says and is not checked.</summary>
    public required IReadOnlyList<string> Unchecked { get; init; }
    public required int UncheckedCount { get; init; }
}

/// <summary>
/// ApiSchemas of a policy and the ConfigMaps that they name → what sidecars are told. A document that cannot be used
/// leaves its ApiSchema out, with a finding; the policy itself stays in force. Pure.
/// </summary>
internal static class ApiSchemaCompiler
{
    /// <summary>ApiSchemas of one policy.</summary>
    public const int SchemasMax = 16;

    /// <summary>Characters of all documents of a policy, as they are written and as JSON.</summary>
    public const int CharactersMax = 2 << 20;

    /// <summary>
    /// Characters of all documents as they are served, where each quote and each letter that is not ASCII takes six:
    /// the policy's whole document has 16 MiB at most.
    /// </summary>
    public const int ServedMax = 6 << 20;

    private static readonly ManifestLimits Limits = new()
    {
        TextLengthMax = ApiLimits.CharactersMax, DepthMax = ApiLimits.DepthMax, DocumentsMax = 1,
    };

    /// <summary>
    /// What sidecars are told; null where there is nothing, so that such documents keep their revision.
    /// </summary>
    public static IReadOnlyList<ApiSchemaPolicy>? Compile(
        PolicyInputs inputs, List<Finding> findings, List<CompiledApi> compiled)
    {
        var policies = new List<ApiSchemaPolicy>();
        var (count, characters, served) = (0, 0L, 0L);
        foreach (var schema in inputs.ApiSchemas.Where(schema => IsOf(schema, inputs))
            .OrderBy(schema => schema.Metadata.Name, StringComparer.Ordinal))
        {
            // What is over the bounds is not even read: reading is most of the work, also of what is then refused.
            if (++count > SchemasMax)
            {
                findings.Add(Refusal(schema, "spec.policy", $"a policy takes {SchemasMax} ApiSchemas, by their names"));
                continue;
            }

            if (Find(schema, inputs, findings) is not { } written) continue;
            if (characters + written.Length > CharactersMax)
            {
                findings.Add(Refusal(schema, "spec.document",
                    $"the documents of a policy's ApiSchemas have {CharactersMax} characters at most"));
                continue;
            }

            characters += written.Length;
            if (Read(schema, written, findings) is not var (text, description)) continue;
            var size = text.Length + (5L * text.Count(IsEscaped));
            if (served + size > ServedMax)
            {
                findings.Add(Refusal(schema, "spec.document",
                    $"the documents of a policy's ApiSchemas have {ServedMax} characters at most as they are served, "
                    + $"where a quote or a letter that is not ASCII counts as six: this one has {size}"));
                continue;
            }

            served += size;
            CheckOperations(schema, description, findings);
            policies.Add(PolicyOf(schema, text));
            compiled.Add(new()
            {
                Name = schema.Metadata.Name ?? "", Document = ApiSchemaDigest.Of(text),
                Operations = [.. description.Operations.Select(operation => operation.Id)],
                Unchecked = [.. description.Unchecked.Select(remark => remark.ToString())],
                UncheckedCount = description.UncheckedCount,
            });
        }

        return policies.Count > 0 ? policies : null;
    }

    /// <summary>What is compiled of each ApiSchema of the policy, by name.</summary>
    public static IReadOnlyDictionary<string, long> Generations(PolicyInputs inputs) => inputs.ApiSchemas
        .Where(schema => IsOf(schema, inputs))
        // In files there may be several of one name.
        .GroupBy(schema => schema.Metadata.Name ?? "", StringComparer.Ordinal)
        .ToDictionary(same => same.Key, same => same.Last().Metadata.Generation ?? 0, StringComparer.Ordinal);

    private static bool IsEscaped(char c) =>
        c is < ' ' or > '~' or '"' or '\\' or '<' or '>' or '&' or '\'' or '+' or '`';

    private static bool IsOf(ApiSchema schema, PolicyInputs inputs) =>
        schema.Spec.Policy == inputs.Policy.Metadata.Name && schema.Metadata.DeletionTimestamp is null;

    /// <summary>The document as it is written in its ConfigMap.</summary>
    private static string? Find(ApiSchema schema, PolicyInputs inputs, List<Finding> findings)
    {
        var source = schema.Spec.Document;
        if (!inputs.RuleFiles.TryGetValue(source.ConfigMap, out var files))
        {
            findings.Add(new(FindingSeverity.Warning, FindingKind.ApiDocumentNotFound, "spec.document.configMap",
                $"there is no ConfigMap {source.ConfigMap} with the label wafoperator.dev/rules: \"true\"",
                SubjectOf(schema)));
            return null;
        }

        if (files.TryGetValue(source.Key, out var written)) return written;
        findings.Add(new(FindingSeverity.Warning, FindingKind.ApiDocumentNotFound, "spec.document.key",
            $"the ConfigMap {source.ConfigMap} has no key {source.Key}", SubjectOf(schema)));
        return null;
    }

    private static (string Text, ApiDescription Description)? Read(
        ApiSchema schema, string written, List<Finding> findings)
    {
        var (text, problem) = YamlToJson.Convert(written, Limits);
        if (text is null)
        {
            findings.Add(Refusal(schema, "spec.document", problem!));
            return null;
        }

        var reading = ApiReader.Read(text);
        if (reading.Description is { } description) return (text, description);
        findings.Add(Refusal(schema, "spec.document", reading.Problem!.ToString()));
        return null;
    }

    /// <summary>A mode for an operation that is not there is told; the schema is in force without it.</summary>
    private static void CheckOperations(ApiSchema schema, ApiDescription description, List<Finding> findings)
    {
        var known = description.Operations.Select(operation => operation.Id).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < schema.Spec.Operations.Count; i++)
        {
            var named = schema.Spec.Operations[i].Operation;
            if (known.Contains(named)) continue;
            findings.Add(new(FindingSeverity.Warning, FindingKind.ApiOperationNotFound,
                string.Create(CultureInfo.InvariantCulture, $"spec.operations[{i}].operation"),
                $"the document has no operation {named}", SubjectOf(schema)));
        }
    }

    private static ApiSchemaPolicy PolicyOf(ApiSchema schema, string text) => new()
    {
        Name = schema.Metadata.Name ?? "",
        Document = text,
        BasePath = schema.Spec.BasePath,
        Mode = ModeOf(schema.Spec.Mode),
        Reasons = [.. schema.Spec.Reasons.Select(ReasonOf)],
        Operations =
        [
            .. schema.Spec.Operations.Select(operation => new ApiOperationPolicy
            {
                Operation = operation.Operation, Mode = operation.Mode is { } mode ? ModeOf(mode) : null,
                Reasons = [.. operation.Reasons.Select(ReasonOf)],
            }),
        ],
    };

    private static ApiReasonPolicy ReasonOf(ApiReasonMode reason) =>
        new(reason.Reason.ToString(), ModeOf(reason.Mode));

    private static InspectionMode ModeOf(ApiSchemaMode mode) => mode switch
    {
        ApiSchemaMode.Off => InspectionMode.Off,
        ApiSchemaMode.Enforce => InspectionMode.Enforce,
        _ => InspectionMode.Detect,
    };

    private static Finding Refusal(ApiSchema schema, string path, string message) => new(
        FindingSeverity.Warning, FindingKind.ApiDocumentInvalid, path, message, SubjectOf(schema));

    /// <summary>How findings name an ApiSchema.</summary>
    internal static string SubjectOf(string? name) => $"ApiSchema/{name}";

    private static string SubjectOf(ApiSchema schema) => SubjectOf(schema.Metadata.Name);
}
