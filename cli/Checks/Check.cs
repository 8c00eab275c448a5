using WafOperator.Cli.Cluster;

namespace WafOperator.Cli.Checks;

/// <summary>When a check means something.</summary>
internal enum CheckStage
{
    /// <summary>Before an installation, and afterwards as well.</summary>
    Before,

    /// <summary>Only once something is installed.</summary>
    Installed,
}

/// <summary>One question about a cluster. Codes are an interface: they never change their meaning.</summary>
/// <param name="Code">Such as <c>WAF201</c>: the hundreds tell the subject.</param>
/// <param name="Title">What is true when nothing is found.</param>
/// <param name="Page">Where it is explained, in this repository.</param>
/// <param name="Run">Facts to findings; pure.</param>
internal sealed record Check(string Code, string Title, string Page, Func<ClusterFacts, IEnumerable<Finding>> Run)
{
    public CheckStage Stage { get; init; } = CheckStage.Installed;
}

/// <summary>What became of a check.</summary>
/// <param name="Check">The check.</param>
/// <param name="Findings">What it found; empty when all is well or it could not look.</param>
/// <param name="Unknown">Why it could not look; null when it could.</param>
internal sealed record CheckResult(Check Check, IReadOnlyList<Finding> Findings, string? Unknown);

/// <summary>Runs checks.</summary>
internal static class CheckRun
{
    /// <summary>Most findings of one check that are kept: the first ones tell what is wrong with the rest.</summary>
    public const int FindingsMax = 50;

    /// <summary>All checks of a stage, in the order of their codes. Pure.</summary>
    public static IReadOnlyList<CheckResult> All(
        ClusterFacts facts, IEnumerable<Check> checks, bool isBeforeInstallation) =>
        [.. checks.Where(check => !isBeforeInstallation || check.Stage is CheckStage.Before)
            .OrderBy(check => check.Code, StringComparer.Ordinal).Select(check => One(check, facts))];

    private static CheckResult One(Check check, ClusterFacts facts)
    {
        try
        {
            return new(check, [.. check.Run(facts).Take(FindingsMax)], null);
        }
        catch (UnknownFactException unknown)
        {
            return new(check, [], unknown.Message);
        }
    }
}
