using System.Reflection;

namespace WafOperator.Cli.Running;

/// <summary>
/// Everything that commands are given from outside: variables, streams, clock. Only the program's start reads the real
/// ones.
/// </summary>
internal sealed record CliEnvironment
{
    /// <summary>Reads an environment variable.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>Results go here.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Everything else goes here: progress, warnings, mistakes.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard input, for files named <c>-</c>.</summary>
    public required Func<Stream> In { get; init; }

    /// <summary>Whether a person looks at the output.</summary>
    public bool IsOutTerminal { get; init; }

    /// <summary>Whether a person looks at the errors, where progress is drawn.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Options that all commands share.</summary>
    public SharedOptions Options { get; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Version of the program, such as 0.1.0.</summary>
    public static string Version =>
        typeof(CliEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>The environment of this process.</summary>
    public static CliEnvironment OfProcess() => new()
    {
        Variable = Environment.GetEnvironmentVariable,
        Out = Console.Out,
        Error = Console.Error,
        In = Console.OpenStandardInput,
        IsOutTerminal = !Console.IsOutputRedirected,
        IsErrorTerminal = !Console.IsErrorRedirected,
    };
}
