using System.CommandLine;
using WafOperator.Console.Analysis;
using WafOperator.Console.Intake;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Console;

/// <summary>Arguments about requests that are judged when asked.</summary>
internal sealed class AnalyzeArguments
{
    private const int KeptMax = 64;

    private readonly Option<bool> _isOn = new("--analyze") { Description =
        "Judge requests that are sent to /api/v1/analyze; policies are the operator's, or those of a file." };
    private readonly Option<string?> _file = new("--analyze-policies") { Description =
        "Without a cluster: manifest with WafPolicies, their WafExclusions, ModelVersions and labelled ConfigMaps." };
    private readonly Option<string?> _policy = new("--analyze-policy") { Description =
        "NAMESPACE/NAME of the policy for calls that name none." };
    private readonly Option<string?> _rules = new("--rules") { Description = "Folder with rule sets." };
    private readonly Option<string?> _models = new("--models") { Description = "Folder with model packages." };
    private readonly Option<int> _kept = new("--analyze-kept") { Description =
        "Compiled policies that are kept in memory.", DefaultValueFactory = _ => 2 };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _isOn, _file, _policy, _rules, _models, _kept }) command.Add(option);
    }

    /// <summary>The options; null: nothing is analyzed.</summary>
    /// <exception cref="FormatException">A value cannot be used.</exception>
    public AnalyzeOptions? Read(ParseResult parsed, FetchOptions? fetch)
    {
        if (!parsed.GetValue(_isOn)) return null;
        var policy = parsed.GetValue(_policy);
        if (policy is not null && policy.Split('/') is not ([{ Length: > 0 }] or [{ Length: > 0 }, { Length: > 0 }]))
            throw new FormatException("--analyze-policy: NAMESPACE/NAME");
        return new AnalyzeOptions
        {
            PolicyFile = parsed.GetValue(_file),
            Operator = fetch is null ? null : new OperatorAddress(fetch.Operator, fetch.TokenFile, fetch.CaFile),
            DefaultPolicy = policy,
            RulesDirectory = parsed.GetValue(_rules),
            ModelsDirectory = parsed.GetValue(_models),
            PoliciesMax = parsed.GetValue(_kept) is > 0 and <= KeptMax and var kept ? kept
                : throw new FormatException($"--analyze-kept: 1 to {KeptMax}"),
        };
    }
}
