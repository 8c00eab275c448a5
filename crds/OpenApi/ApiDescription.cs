namespace WafOperator.OpenApi;

/// <summary>What an OpenAPI document says of requests, everything resolved. Immutable.</summary>
public sealed record ApiDescription
{
    /// <summary>The version that the document names, such as <c>3.0.3</c>.</summary>
    public required string Version { get; init; }

    /// <summary>Paths below which the API is served, without a slash at the end; "" is the root.</summary>
    public required IReadOnlyList<string> BasePaths { get; init; }

    /// <summary>Operations in the order of the document.</summary>
    public required IReadOnlyList<ApiOperation> Operations { get; init; }

    /// <summary>
    /// What the document says and nobody checks, each once; at most <see cref="ApiLimits.RemarksMax"/>.
    /// </summary>
    public required IReadOnlyList<ApiRemark> Unchecked { get; init; }

    /// <summary>All of these, counted.</summary>
    public required int UncheckedCount { get; init; }
}

/// <summary>A place in a document (a JSON pointer) and a sentence about it.</summary>
public sealed record ApiRemark(string Place, string Message)
{
    public override string ToString() => Place.Length == 0 ? Message : $"{Place}: {Message}";
}

/// <summary>One method of one path.</summary>
public sealed record ApiOperation
{
    /// <summary><c>operationId</c>, or method and path where the document names none.</summary>
    public required string Id { get; init; }

    /// <summary>In capitals.</summary>
    public required string Method { get; init; }

    /// <summary>Template of the path, as written.</summary>
    public required string Path { get; init; }
    public required IReadOnlyList<PathSegment> Segments { get; init; }
    public IReadOnlyList<ApiParameter> Parameters { get; init; } = [];

    /// <summary>Null: requests have no body.</summary>
    public ApiBody? Body { get; init; }

    /// <summary>The document describes parameters that are not checked: others than described may come.</summary>
    public bool HasUncheckedParameters { get; init; }
}

/// <summary>
/// One segment of a path: texts and parameters in turn, beginning and ending with a text that may be empty.
/// </summary>
/// <param name="Texts">Texts, one more than parameters.</param>
/// <param name="Names">Names of the parameters.</param>
public sealed record PathSegment(IReadOnlyList<string> Texts, IReadOnlyList<string> Names)
{
    public bool IsLiteral => Names.Count == 0;
}

/// <summary>Where a parameter is.</summary>
public enum ParameterPlace { Path, Query, Header, Cookie }

/// <summary>How a parameter's value is written.</summary>
public enum ParameterStyle
{
    /// <summary>One value.</summary>
    Single,

    /// <summary>Items between commas.</summary>
    Commas,

    /// <summary>Items between spaces.</summary>
    Spaces,

    /// <summary>Items between bars.</summary>
    Bars,

    /// <summary>The parameter once for each item.</summary>
    Repeated,

    /// <summary>Members in brackets behind the name: <c>filter[color]=red</c>.</summary>
    DeepObject,

    /// <summary>JSON.</summary>
    Json,
}

/// <summary>A parameter.</summary>
public sealed record ApiParameter
{
    /// <summary>Name; of headers in lower case.</summary>
    public required string Name { get; init; }
    public required ParameterPlace Place { get; init; }
    public required ParameterStyle Style { get; init; }
    public bool IsRequired { get; init; }

    /// <summary>It may be there without a value.</summary>
    public bool AllowsEmpty { get; init; }
    public required ValueSchema Schema { get; init; }
}

/// <summary>How a body is checked.</summary>
public enum BodyKind { Unchecked, Json, Form }

/// <summary>The body of an operation.</summary>
public sealed record ApiBody
{
    public bool IsRequired { get; init; }

    /// <summary>Media types in the order in which they are asked: those without a wildcard first.</summary>
    public required IReadOnlyList<ApiMedia> Media { get; init; }
}

/// <summary>A body of one media type.</summary>
/// <param name="Type">Media type in lower case; <c>*/*</c> and <c>text/*</c> stand for many.</param>
/// <param name="Kind">How it is checked.</param>
/// <param name="Schema">What it has to be.</param>
public sealed record ApiMedia(string Type, BodyKind Kind, ValueSchema Schema);

/// <summary>A document that was read, or why it is refused.</summary>
/// <param name="Description">Null when it is refused.</param>
/// <param name="Problem">Place and reason of the refusal.</param>
public sealed record ApiReading(ApiDescription? Description, ApiRemark? Problem);

/// <summary>What is read of a document that a stranger may have written.</summary>
public static class ApiLimits
{
    /// <summary>Characters of a document; a ConfigMap holds 1 MiB.</summary>
    public const int CharactersMax = 1 << 20;

    /// <summary>Nesting of the document's objects and lists.</summary>
    public const int DepthMax = 64;

    /// <summary>Operations.</summary>
    public const int OperationsMax = 2000;

    /// <summary>Schemas within each other, references followed.</summary>
    public const int SchemaDepthMax = 200;

    /// <summary>Schemas, each counted where it is written.</summary>
    public const int SchemasMax = 20_000;

    /// <summary>Parameters of an operation.</summary>
    public const int ParametersMax = 128;

    /// <summary>Members that an object must have.</summary>
    public const int RequiredMax = 256;

    /// <summary>Items of an enumeration.</summary>
    public const int EnumMax = 2000;

    /// <summary>Schemas in one allOf, anyOf or oneOf.</summary>
    public const int BranchesMax = 64;

    /// <summary>References that lead to references.</summary>
    public const int ReferenceHopsMax = 16;

    /// <summary>Segments of a path.</summary>
    public const int SegmentsMax = 32;

    /// <summary>Base paths.</summary>
    public const int ServersMax = 16;

    /// <summary>Different patterns.</summary>
    public const int PatternsMax = 500;

    /// <summary>Remarks that are kept.</summary>
    public const int RemarksMax = 50;

    /// <summary>Characters of names and places.</summary>
    public const int NameLengthMax = 256;
}
