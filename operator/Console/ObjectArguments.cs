using System.CommandLine;
using WafOperator.Outside;

namespace WafOperator.Console;

/// <summary>Arguments about objects of the cluster that the console serves.</summary>
internal sealed class ObjectArguments
{
    private readonly Option<string?> _namespace = new("--namespace") { Description =
        "The operator's namespace; with it, the cluster's WafSinks are served." };
    private readonly Option<string[]> _hosts = new("--outside-hosts") { Description =
        "Hosts that they may name: name, name:port, *.domain or *; with commas.", DefaultValueFactory = _ => ["*"] };
    private readonly Option<string[]> _networks = new("--outside-networks") { Description =
        "Networks that are not public and may be called, such as 10.0.0.0/8; with commas.",
        DefaultValueFactory = _ => [] };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _namespace, _hosts, _networks }) command.Add(option);
    }

    /// <summary>The operator's namespace; null: no objects are served.</summary>
    public string? Namespace(ParseResult parsed) =>
        parsed.GetValue(_namespace) is { Length: > 0 } name ? name : null;

    /// <summary>What may be called.</summary>
    /// <exception cref="FormatException">A value cannot be read.</exception>
    public OutsideRules Outside(ParseResult parsed) => OutsideRules.Parse(
        parsed.GetRequiredValue(_hosts).SelectMany(value => value.Split(',')),
        parsed.GetRequiredValue(_networks).SelectMany(value => value.Split(',')));
}
