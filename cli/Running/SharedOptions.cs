using System.CommandLine;
using WafOperator.Cli.Output;

namespace WafOperator.Cli.Running;

/// <summary>Options that every command takes, named as kubectl names them; those of one command line.</summary>
internal sealed class SharedOptions
{
    public Option<string?> Kubeconfig { get; } = new("--kubeconfig")
    {
        Description = "Kubeconfig to use (default: KUBECONFIG, else ~/.kube/config).", HelpName = "FILE",
        Recursive = true,
    };

    public Option<string?> Context { get; } = new("--context")
    {
        Description = "Context of the kubeconfig.", HelpName = "NAME", Recursive = true,
    };

    public Option<string?> Namespace { get; } = new("--namespace", "-n")
    {
        Description = "Namespace (default: the context's).", HelpName = "NAME", Recursive = true,
    };

    public Option<bool> AllNamespaces { get; } = new("--all-namespaces", "-A")
    {
        Description = "All namespaces.", Recursive = true,
    };

    public Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "json, yaml or name; default: text for people.", HelpName = "FORMAT", Recursive = true,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Enum.TryParse<OutputFormat>(text, ignoreCase: true, out var format)
                && Enum.IsDefined(format) && !char.IsAsciiDigit(text[0])) return format;
            result.AddError($"--output: {text} is not one of json, yaml, name, text");
            return OutputFormat.Text;
        },
    };

    public Option<string> Color { get; } = Choice("--color", "When to use colours: auto, always or never.");

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [Kubeconfig, Context, Namespace, AllNamespaces, Output, Color];

    public SharedOptions() => Output.CompletionSources.Add("json", "yaml", "name", "text");

    private static Option<string> Choice(string name, string description)
    {
        var option = new Option<string>(name)
        {
            Description = description, HelpName = "WHEN", Recursive = true, DefaultValueFactory = _ => "auto",
        };
        option.AcceptOnlyFromAmong("auto", "always", "never");
        return option;
    }
}
