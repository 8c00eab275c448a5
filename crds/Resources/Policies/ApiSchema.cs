using System.ComponentModel;
using WafOperator.Resources.Schema;

namespace WafOperator.Resources.Policies;

/// <summary>What the requests of an API look like.</summary>
[Description("An ApiSchema says what the requests of an API look like, by its OpenAPI document. What does not fit is "
    + "counted, and refused where its mode is Enforce.")]
[Resource("ApiSchema", "apischemas", "wafapi")]
[PrinterColumn("Policy", "string", ".spec.policy")]
[PrinterColumn("Mode", "string", ".spec.mode")]
[PrinterColumn("Operations", "integer", ".status.operations")]
[PrinterColumn("Unseen", "integer", ".status.unseenCount")]
[PrinterColumn("Accepted", "string", ".status.conditions[?(@.type=='Accepted')].status")]
[PrinterColumn("Age", "date", ".metadata.creationTimestamp")]
public sealed record ApiSchema : ICustomResource
{
    public string ApiVersion { get; init; } = ApiGroup.ApiVersion;
    public string Kind { get; init; } = "ApiSchema";
    public ObjectMeta Metadata { get; init; } = new();

    [Description("Desired state."), RequiredField]
    public ApiSchemaSpec Spec { get; init; } = new();

    [Description("Observed state, written by the operator.")]
    public ApiSchemaStatus? Status { get; init; }
}

/// <summary>The wish of an ApiSchema.</summary>
public sealed record ApiSchemaSpec
{
    [Description("Name of the WafPolicy whose requests are compared, in the same namespace."), RequiredField,
        Length(253, Minimum = 1), Pattern(Patterns.DnsName)]
    public string Policy { get; init; } = "";

    [Description("Where the OpenAPI document is."), RequiredField]
    public ApiDocumentSource Document { get; init; } = new();

    [Description("Where the API is served, in place of what servers say in the document; / is the root. Only requests "
        + "below it are compared."), Length(200, Minimum = 1),
        Pattern("^/[^?#%]*$", Meaning = "a path that begins with /, without query and escapes")]
    public string? BasePath { get; init; }

    [Description("What is done about requests that do not fit: Off (nothing), Observe (counted and told), Enforce "
        + "(refused, where the policy and the route are in mode Enforce)."), Default("\"Observe\"")]
    public ApiSchemaMode Mode { get; init; } = ApiSchemaMode.Observe;

    [Description("Other modes for single reasons. UndeclaredParameter is Off unless it is named: documents often leave "
        + "parameters out."), Items(8, MapKeys = ["reason"])]
    public IReadOnlyList<ApiReasonMode> Reasons { get; init; } = [];

    [Description("Other modes for single operations; they go before spec.mode and spec.reasons."),
        Items(500, MapKeys = ["operation"])]
    public IReadOnlyList<ApiOperationMode> Operations { get; init; } = [];
}

/// <summary>A ConfigMap's key.</summary>
public sealed record ApiDocumentSource
{
    [Description("ConfigMap with the document, in the same namespace, with the label wafoperator.dev/rules: \"true\", "
        + "which says that the operator may read it."), RequiredField, Length(253, Minimum = 1),
        Pattern(Patterns.DnsName)]
    public string ConfigMap { get; init; } = "";

    [Description("Its key: OpenAPI 3.0 or 3.1, JSON or YAML."), Length(253, Minimum = 1),
        Pattern("^[-._a-zA-Z0-9]+$", Meaning = "a key of a ConfigMap"), Default("\"openapi.yaml\"")]
    public string Key { get; init; } = "openapi.yaml";
}

/// <summary>What is done about requests that do not fit.</summary>
public enum ApiSchemaMode { Off, Observe, Enforce }

/// <summary>Why a request does not fit.</summary>
public enum ApiReason { UnknownPath, UnknownMethod, Parameter, UndeclaredParameter, ContentType, Body, Unchecked }

/// <summary>The mode of a reason.</summary>
public sealed record ApiReasonMode
{
    [Description("Why a request does not fit."), RequiredField]
    public ApiReason Reason { get; init; }

    [Description("What is done about it."), RequiredField]
    public ApiSchemaMode Mode { get; init; }
}

/// <summary>The mode of an operation.</summary>
public sealed record ApiOperationMode
{
    [Description("operationId of the document, or method and path (GET /items/{id}) where it has none."),
        RequiredField, Length(256, Minimum = 1)]
    public string Operation { get; init; } = "";

    [Description("What is done about requests to it that do not fit; none: as spec.reasons and spec.mode say.")]
    public ApiSchemaMode? Mode { get; init; }

    [Description("Other modes for single reasons."), Items(8, MapKeys = ["reason"])]
    public IReadOnlyList<ApiReasonMode> Reasons { get; init; } = [];
}

/// <summary>What the operator found, and what sidecars counted since they started.</summary>
public sealed record ApiSchemaStatus
{
    [Description("Generation of the spec this status speaks of."), Bounds(0, long.MaxValue)]
    public long? ObservedGeneration { get; init; }

    [Description("Operations of the document."), Bounds(0, int.MaxValue)]
    public int Operations { get; init; }

    [Description("SHA-256 of the document in force, its first 12 digits."), Length(64)]
    public string? Document { get; init; }

    [Description("What the document says and is not checked, each with its place."), Items(50), Length(512)]
    public IReadOnlyList<string> Unchecked { get; init; } = [];

    [Description("How much that is in all."), Bounds(0, int.MaxValue)]
    public int UncheckedCount { get; init; }

    [Description("Requests that were compared, by the sidecars that run."), Bounds(0, long.MaxValue)]
    public long Requests { get; init; }

    [Description("What did not fit, most first: what is refused in mode Enforce, and would be in mode Observe."),
        Items(50)]
    public IReadOnlyList<ApiFindingCount> Findings { get; init; } = [];

    [Description("Paths that requests asked for and the document does not have, those that the application answered "
        + "first; numbers and other identifiers as placeholders."), Items(50)]
    public IReadOnlyList<ApiShadow> Shadows { get; init; } = [];

    [Description("Operations that nobody asked for since the document came into force."), Items(500), Length(256)]
    public IReadOnlyList<string> Unseen { get; init; } = [];

    [Description("How many these are, of the first 500 operations."), Bounds(0, int.MaxValue)]
    public int UnseenCount { get; init; }

    [Description("Accepted, Stalled, Ready."), Items(16, MapKeys = ["type"])]
    public IReadOnlyList<Condition> Conditions { get; init; } = [];
}

/// <summary>Requests that did not fit.</summary>
public sealed record ApiFindingCount
{
    [Description("The operation; none: there is no operation of that path and method."), Length(256)]
    public string? Operation { get; init; }

    [Description("Why.")]
    public ApiReason Reason { get; init; }

    [Description("How many."), Bounds(0, long.MaxValue)]
    public long Requests { get; init; }
}

/// <summary>A path that the document does not have.</summary>
public sealed record ApiShadow
{
    [Description("Method and path."), Length(256)]
    public string Path { get; init; } = "";

    [Description("How many requests asked for it."), Bounds(0, long.MaxValue)]
    public long Requests { get; init; }

    [Description("How many of them the application answered with a status below 400: then the path is there, and the "
        + "document lacks it. Others are mostly looked for by scanners."), Bounds(0, long.MaxValue)]
    public long Answered { get; init; }
}
