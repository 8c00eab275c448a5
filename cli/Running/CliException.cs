namespace WafOperator.Cli.Running;

/// <summary>Something that a person can mend. The message is one sentence; the next step is another.</summary>
internal sealed class CliException(string message, string? next = null, int exitCode = ExitCodes.Failed)
    : Exception(message)
{
    /// <summary>What to type or to look at next, or null.</summary>
    public string? Next { get; } = next;

    /// <summary>Exit code of the program.</summary>
    public int ExitCode { get; } = exitCode;
}
