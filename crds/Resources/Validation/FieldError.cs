namespace WafOperator.Resources.Validation;

/// <summary>What is wrong with a field, for machines.</summary>
public enum FieldErrorReason
{
    Required, Unknown, WrongType, NotSupported, TooLong, TooShort, TooMany, TooFew, OutOfRange, Pattern, Duplicate,
        Rule, Immutable, Invalid,
}

/// <summary>
/// One error: the field's path as kubectl writes it (<c>spec.rules.sets[0]</c>), and a sentence that says what to do.
/// </summary>
public sealed record FieldError(string Path, FieldErrorReason Reason, string Message)
{
    /// <summary>Id of the CEL rule that was broken, or null.</summary>
    public string? RuleId { get; init; }

    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}
