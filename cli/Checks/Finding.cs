namespace WafOperator.Cli.Checks;

/// <summary>How much a finding matters.</summary>
internal enum Severity
{
    /// <summary>Nothing has to be done.</summary>
    Note,

    /// <summary>It works, and should be looked at.</summary>
    Warning,

    /// <summary>Something is not protected, or does not work.</summary>
    Error,
}

/// <summary>One thing that a check found.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Object">What it is about, as kubectl names it: <c>wafpolicy/shop -n web</c>.</param>
/// <param name="Message">What is wrong, in a sentence.</param>
/// <param name="Hint">What to do about it.</param>
internal sealed record Finding(Severity Severity, string Object, string Message, string Hint)
{
    public static Finding Error(string about, string message, string hint) => new(Severity.Error, about, message, hint);

    public static Finding Warning(string about, string message, string hint) =>
        new(Severity.Warning, about, message, hint);

    public static Finding Note(string about, string message, string hint) => new(Severity.Note, about, message, hint);
}
