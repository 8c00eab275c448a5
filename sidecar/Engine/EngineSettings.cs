using System.Collections.Immutable;

namespace WafOperator.Engine;

/// <summary>
/// What the rules' set-up directives (<c>SecRequestBodyLimit</c>, …) say. Null where they say nothing.
/// </summary>
public sealed record EngineSettings
{
    /// <summary><c>SecRuleEngine</c>, under the options' ceiling.</summary>
    public EngineMode Mode { get; init; } = EngineMode.On;

    /// <summary><c>SecRequestBodyAccess</c>.</summary>
    public bool RequestBodyAccess { get; init; } = true;

    /// <summary><c>SecResponseBodyAccess</c>.</summary>
    public bool ResponseBodyAccess { get; init; }

    /// <summary><c>SecRequestBodyLimit</c>, in bytes.</summary>
    public long? RequestBodyBytesMax { get; init; }

    /// <summary><c>SecRequestBodyNoFilesLimit</c>, in bytes.</summary>
    public long? RequestBodyNoFilesBytesMax { get; init; }

    /// <summary><c>SecRequestBodyLimitAction ProcessPartial</c>.</summary>
    public bool ProcessPartialRequestBody { get; init; }

    /// <summary><c>SecRequestBodyJsonDepthLimit</c>.</summary>
    public int? JsonDepthMax { get; init; }

    /// <summary><c>SecArgumentsLimit</c>.</summary>
    public int? ArgumentsMax { get; init; }

    /// <summary><c>SecResponseBodyLimit</c>, in bytes.</summary>
    public long? ResponseBodyBytesMax { get; init; }

    /// <summary><c>SecResponseBodyMimeType</c>: bodies of other types are not read.</summary>
    public ImmutableArray<string> ResponseBodyTypes { get; init; } = ["text/plain", "text/html"];

    /// <summary><c>SecArgumentSeparator</c>.</summary>
    public byte ArgumentSeparator { get; init; } = (byte)'&';

    /// <summary><c>SecCollectionTimeout</c>.</summary>
    public TimeSpan CollectionTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary><c>SecComponentSignature</c>, in order.</summary>
    public ImmutableArray<string> Components { get; init; } = [];

    /// <summary><c>SecWebAppId</c>.</summary>
    public string WebAppId { get; init; } = "default";

    /// <summary><c>SecAuditLogRelevantStatus</c>.</summary>
    public string? AuditRelevantStatus { get; init; }

    /// <summary><c>SecAuditEngine</c>: <c>On</c>, <c>Off</c> or <c>RelevantOnly</c>.</summary>
    public string AuditEngine { get; init; } = "RelevantOnly";

    /// <summary><c>SecAuditLogParts</c>.</summary>
    public string AuditLogParts { get; init; } = "ABIJDEFHZ";
}
