using System.CommandLine;
using WafOperator.Controllers.Models;
using WafOperator.Outside;
using WafOperator.Webhooks.Validation;

namespace WafOperator.Operator.Host;

/// <summary>Arguments that bound what authors of resources can have the operator do.</summary>
internal sealed class BoundArguments
{
    private readonly Option<string[]> _hosts = Several(
        "--outside-hosts",
        "Hosts that artifacts, rollout webhooks and Prometheus may be at: name, name:port, *.domain or *.", "*");

    private readonly Option<string[]> _networks = Several(
        "--outside-networks", "Networks that are not public and may be called, such as 10.0.0.0/8.");

    private readonly Option<bool> _unsigned = Flag(
        "--allow-unsigned-models", "Accept packages without a signature, or signed by a key of their own namespace.",
        false);

    private readonly Option<string?> _trusted = new("--trusted-keys")
    {
        Description = "Folder with public keys (*.pem) that may sign packages.",
    };

    private readonly Option<bool> _close = Flag("--close-pools", "Make a NetworkPolicy for each InferencePool.", true);

    private readonly Option<string[]> _reached = Several(
        "--pools-reached-from",
        "Namespaces that reach InferencePools besides the operator's and sidecars of the same namespace.");

    private readonly Option<string[]> _images = Several(
        "--pool-images", "Beginnings of image names that rungs of InferencePools may have.");

    private readonly Option<string[]> _priorities = Several(
        "--pool-priority-classes", "Priority classes that InferencePools may have.");

    private readonly Option<string[]> _taints = Several(
        "--pool-taints", "Keys of taints that InferencePools may tolerate, besides their accelerators'.");

    public IEnumerable<Option> All =>
        [_hosts, _networks, _unsigned, _trusted, _close, _reached, _images, _priorities, _taints];

    /// <summary>The options with what the arguments say.</summary>
    /// <exception cref="FormatException">An argument or a key cannot be read.</exception>
    public OperatorOptions Apply(ParseResult parsed, OperatorOptions options) => options with
    {
        Outside = OutsideRules.Parse(parsed.GetRequiredValue(_hosts), parsed.GetRequiredValue(_networks)),
        Trust = PackageTrust.Read(parsed.GetValue(_trusted), parsed.GetValue(_unsigned), options.ModelsFolder),
        ClosePools = parsed.GetValue(_close),
        PoolsReachedFrom = parsed.GetRequiredValue(_reached),
        Pools = new PoolBounds
        {
            Images = parsed.GetRequiredValue(_images), PriorityClasses = parsed.GetRequiredValue(_priorities),
            Taints = parsed.GetRequiredValue(_taints),
        },
    };

    private static Option<bool> Flag(string name, string description, bool fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };

    /// <summary>A list, separated by commas or given several times.</summary>
    private static Option<string[]> Several(string name, string description, params string[] fallback) => new(name)
    {
        Description = description + " Several are separated by commas.",
        DefaultValueFactory = _ => fallback,
        CustomParser = result => [.. result.Tokens.SelectMany(token => Parts(token.Value))],
    };

    private static string[] Parts(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
