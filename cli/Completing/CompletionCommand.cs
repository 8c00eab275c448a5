using System.CommandLine;
using WafOperator.Cli.Running;

namespace WafOperator.Cli.Completing;

/// <summary>
/// Completion: <c>completion</c> prints what shells and kubectl need, <c>__complete</c> answers them, in the form that
/// kubectl's own completion reads (a suggestion a line, then <c>:4</c>: no files).
/// </summary>
internal static class CompletionCommand
{
    /// <summary>The hidden command that shells and kubectl ask.</summary>
    public const string NameForKubectl = "__complete";

    private const string NoFiles = ":4";

    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["kubectl"] = """
            #!/bin/sh
            # Save as kubectl_complete-waf, executable, on PATH: kubectl 1.26 and later asks it for completions.
            exec kubectl-waf __complete "$@"

            """,
        ["bash"] = """
            # source <(kubectl-waf completion bash)
            _kubectl_waf() {
              local words
              words="$(kubectl-waf __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:')"
              COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _kubectl_waf kubectl-waf

            """,
        ["zsh"] = """
            #compdef kubectl-waf
            # kubectl-waf completion zsh > "${fpath[1]}/_kubectl-waf"
            _kubectl-waf() {
              local -a found
              found=(${(f)"$(kubectl-waf __complete "${(@)words[2,CURRENT]}" 2>/dev/null | grep -v '^:')"})
              compadd -a found
            }
            compdef _kubectl-waf kubectl-waf

            """,
        ["fish"] = """
            # kubectl-waf completion fish > ~/.config/fish/completions/kubectl-waf.fish
            function __kubectl_waf
                set -l words (commandline -opc) (commandline -ct)
                kubectl-waf __complete $words[2..-1] 2>/dev/null | string match -v ':*'
            end
            complete -c kubectl-waf -f -a '(__kubectl_waf)'

            """,
        ["powershell"] = """
            # kubectl-waf completion powershell | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName kubectl-waf -ScriptBlock {
                param($word, $ast, $position)
                $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
                if ($word -eq '') { $words += '' }
                kubectl-waf __complete @words 2>$null | Where-Object { $_ -notlike ':*' -and $_ -like "$word*" }
            }

            """,
    };

    public static Command Build(CliEnvironment environment)
    {
        var shell = new Argument<string>("shell") { Description = "kubectl, bash, zsh, fish or powershell." };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new Command(
            "completion", "Print the script that completes this program: in kubectl itself, or in a shell.") { shell };
        command.Runs(environment, (invocation, _) =>
        {
            environment.Out.Write(Scripts[invocation.Parsed.GetRequiredValue(shell)].ReplaceLineEndings("\n"));
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }

    /// <summary>What kubectl calls; hidden.</summary>
    public static Command BuildForKubectl(CliEnvironment environment, RootCommand root)
    {
        var words = new Argument<string[]>("words") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(NameForKubectl, "Suggestions for the last word.") { Hidden = true };
        command.Add(words);
        command.Runs(environment, (invocation, _) =>
        {
            foreach (var suggestion in Suggest(root, invocation.Parsed.GetValue(words) ?? []))
                environment.Out.WriteLine(suggestion);
            environment.Out.WriteLine(NoFiles);
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }

    /// <summary>Suggestions for the last word of a line.</summary>
    internal static IEnumerable<string> Suggest(RootCommand root, IReadOnlyList<string> words)
    {
        var last = words.Count == 0 ? "" : words[^1];
        // The library completes the text behind the last space.
        var line = string.Join(' ', words.Take(Math.Max(0, words.Count - 1)).Append(last));
        return root.Parse(line).GetCompletions(line.Length)
            .Select(item => item.InsertText ?? item.Label)
            .Where(text => text.StartsWith(last, StringComparison.Ordinal) && !text.StartsWith("-?",
                StringComparison.Ordinal)
                && text is not ("/?" or "/h"))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
    }
}
