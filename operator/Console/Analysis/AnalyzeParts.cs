using WafOperator.Console.Outgoing;
using WafOperator.Protocols.Distribution;
using WafOperator.Proxy;
using WafOperator.Proxy.Judging;

namespace WafOperator.Console.Analysis;

/// <summary>What analyzing works with, made of its options; lives as long as the program.</summary>
internal sealed class AnalyzeParts : IDisposable
{
    private readonly OperatorClient? _operator;

    private AnalyzeParts(OperatorClient? client, Judges judges) => (_operator, Judges) = (client, judges);

    public Judges Judges { get; }

    /// <exception cref="FormatException">There is neither a policy file nor an operator.</exception>
    public static AnalyzeParts Build(AnalyzeOptions options)
    {
        var client = options is { PolicyFile: null, Operator: { } address } ? Connections.ToOperator(address) : null;
        IPolicySource source = options.PolicyFile is { } file ? new FilePolicies(file, TimeProvider.System)
            : client is not null ? new OperatorPolicies(client)
            : throw new FormatException("--analyze-policies: a file, or an operator to ask (--operator)");
        var judging = new JudgeOptions
        {
            RulesDirectory = options.RulesDirectory,
            ModelsDirectory = options.ModelsDirectory,
            Packages = options.Operator is { } origin ? new PackageOrigin(origin, null) : null,
            RequestWithin = AnalyzeLimits.Within,
        };
        return new AnalyzeParts(client, new Judges(source, judging, options.PoliciesMax, TimeProvider.System));
    }

    public void Dispose()
    {
        Judges.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _operator?.Dispose();
    }
}
