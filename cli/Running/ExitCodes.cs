namespace WafOperator.Cli.Running;

/// <summary>Exit codes of all commands, as the help text tells them.</summary>
internal static class ExitCodes
{
    /// <summary>Done, and nothing was found that counts as wrong.</summary>
    public const int Ok = 0;

    /// <summary>Done, and something is wrong with what was looked at.</summary>
    public const int Found = 1;

    /// <summary>The arguments are wrong.</summary>
    public const int Usage = 2;

    /// <summary>It could not be done: no cluster, no right, no such file.</summary>
    public const int Failed = 3;

    /// <summary>A person ended it before it was done, as shells say it of Ctrl-C.</summary>
    public const int Interrupted = 130;
}
