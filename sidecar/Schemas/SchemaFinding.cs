namespace WafOperator.Schemas;

/// <summary>Why a request does not fit.</summary>
public enum SchemaReason
{
    /// <summary>No operation has this path: a shadow endpoint, or somebody who looks for one.</summary>
    UnknownPath,

    /// <summary>The path has operations, but none with this method.</summary>
    UnknownMethod,

    /// <summary>A parameter is missing, or is not what the schema says.</summary>
    Parameter,

    /// <summary>A query parameter that is not described.</summary>
    UndeclaredParameter,

    /// <summary>The body's type is none of the operation's.</summary>
    ContentType,

    /// <summary>The body is missing, or is not what the schema says.</summary>
    Body,

    /// <summary>It could not be checked to its end: too much work, or a body that was not read whole.</summary>
    Unchecked,
}

/// <summary>One thing that does not fit.</summary>
/// <param name="Reason">What kind of thing.</param>
/// <param name="Message">A sentence in words of the document: nothing of the request is in it.</param>
public readonly record struct SchemaFinding(SchemaReason Reason, string Message);

/// <summary>What the schema says of a request.</summary>
/// <param name="Operation">Number of the operation; -1: none.</param>
/// <param name="Findings">What does not fit, at most one of each reason; null: all fits.</param>
/// <param name="Allow">Methods of the path, where the request's is none of them.</param>
public readonly record struct SchemaVerdict(
    int Operation, IReadOnlyList<SchemaFinding>? Findings, string? Allow = null)
{
    public bool Fits => Findings is null;
}

/// <summary>How much of a body is known.</summary>
public enum BodyKnowledge
{
    /// <summary>All of it, or there is none.</summary>
    Whole,

    /// <summary>By the policy's choice bodies are not read here.</summary>
    NotRead,

    /// <summary>A part, or nothing, for a reason that a client can bring about.</summary>
    Cut,
}
