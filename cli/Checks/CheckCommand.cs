using System.CommandLine;
using WafOperator.Cli.Cluster;
using WafOperator.Cli.Running;

namespace WafOperator.Cli.Checks;

/// <summary><c>check</c>: is everything as it should be, and if not, what to do.</summary>
internal static class CheckCommand
{
    /// <summary>All checks there are.</summary>
    public static IReadOnlyList<Check> Checks { get; } =
    [
        .. ClusterChecks.All, .. OperatorChecks.All, .. WebhookChecks.All, .. PolicyChecks.All, .. PodChecks.All,
        .. ExclusionChecks.All, .. ModelChecks.All,
    ];

    public static Command Build(CliEnvironment environment)
    {
        var pre = new Option<bool>("--pre") { Description = "Only what an installation needs of the cluster." };
        var strict = new Option<bool>("--strict")
        {
            Description = "Warnings, and what could not be looked at, count as well: exit code 1.",
        };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Also what is as it should be." };
        var codes = new Option<bool>("--list") { Description = "Print all checks with their codes; asks no cluster." };
        var command = new Command(
            "check", "Look at cluster, operator, policies, pods and models, and say what is wrong and what to do.")
        {
            pre, strict, verbose, codes,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            if (invocation.Parsed.GetValue(codes))
            {
                invocation.Write(CheckList.Of(Checks));
                return ExitCodes.Ok;
            }

            var isBefore = invocation.Parsed.GetValue(pre);
            var results = CheckRun.All(await ReadAsync(invocation, isBefore, cancellationToken), Checks, isBefore);
            invocation.Write(CheckReport.Of(results, invocation.Parsed.GetValue(verbose)));
            return IsWrong(results, invocation.Parsed.GetValue(strict)) ? ExitCodes.Found : ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Whether something is wrong: errors are; strictly, warnings and what is unknown as well. Pure.</summary>
    internal static bool IsWrong(IReadOnlyList<CheckResult> results, bool isStrict) =>
        CheckReport.CountOf(results, Severity.Error) > 0
        || (isStrict && (CheckReport.CountOf(results, Severity.Warning) > 0
            || results.Any(result => result.Unknown is not null)));

    private static Task<ClusterFacts> ReadAsync(
        Invocation invocation, bool isBefore, CancellationToken cancellationToken)
    {
        var reader = new ClusterFactsReader(invocation.Client, invocation.Environment.Time, invocation.Progress);
        return isBefore ? reader.BeforeAsync(cancellationToken) : reader.AllAsync(invocation.Wide, cancellationToken);
    }
}
