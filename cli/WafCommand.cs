using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using WafOperator.Cli.Analysis;
using WafOperator.Cli.Checks;
using WafOperator.Cli.Completing;
using WafOperator.Cli.Events;
using WafOperator.Cli.Explaining;
using WafOperator.Cli.Importing;
using WafOperator.Cli.Models;
using WafOperator.Cli.Proxies;
using WafOperator.Cli.Replaying;
using WafOperator.Cli.Running;
using WafOperator.Cli.Status;
using WafOperator.Cli.Support;
using WafOperator.Cli.Tuning;

namespace WafOperator.Cli;

/// <summary>The program's command line: all commands, and what happens with wrong arguments.</summary>
internal static class WafCommand
{
    private const string Description =
        """
        kubectl waf: see, check and tune the WAF Operator.

        Exit codes: 0 done, 1 something is wrong with what was looked at, 2 wrong arguments, 3 it could not be done.
        """;

    /// <summary>The whole command line.</summary>
    public static RootCommand Build(CliEnvironment environment)
    {
        var root = new RootCommand(Description)
        {
            CheckCommand.Build(environment),
            StatusCommand.Build(environment),
            AnalyzeCommand.Build(environment),
            ReplayCommand.Build(environment),
            ImportCommand.Build(environment),
            ExplainCommand.Build(environment),
            EventsCommand.Build(environment),
            TuneCommand.Build(environment),
            ProxyCommand.Build(environment),
            HoldsCommand.Build(environment),
            SupportCommand.Build(environment),
        };
        foreach (var command in ModelCommands.Build(environment)) root.Add(command);
        root.Add(CompletionCommand.Build(environment));
        root.Add(CompletionCommand.BuildForKubectl(environment, root));
        foreach (var option in environment.Options.All) root.Add(option);
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        return root;
    }

    /// <summary>Runs what the arguments say; mistakes are named on the error output, with exit code 2.</summary>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> arguments, CliEnvironment environment)
    {
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false, Output = environment.Out, Error = environment.Error,
        };
        // What is being completed is not read as options of the command that completes.
        if (arguments is [CompletionCommand.NameForKubectl, ..])
            arguments = [CompletionCommand.NameForKubectl, "--", .. arguments.Skip(1)];
        var parsed = Build(environment).Parse(arguments);
        if (parsed.Action is not ParseErrorAction mistake) return await parsed.InvokeAsync(configuration);
        mistake.ShowHelp = false;
        await parsed.InvokeAsync(configuration);
        await environment.Error.WriteLineAsync($"See kubectl waf {WordsOf(parsed.CommandResult)}--help.");
        return ExitCodes.Usage;
    }

    /// <summary>A command with those above it, each with a space behind it.</summary>
    private static string WordsOf(CommandResult result) => result.Command is RootCommand ? ""
        : (result.Parent is CommandResult above ? WordsOf(above) : "") + result.Command.Name + " ";

    /// <summary>The library's own would add the commit.</summary>
    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(CliEnvironment.Version);
            return ExitCodes.Ok;
        }
    }
}
