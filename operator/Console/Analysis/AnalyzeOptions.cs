using WafOperator.Protocols.Distribution;

namespace WafOperator.Console.Analysis;

/// <summary>How requests are analyzed; policies are the operator's or, without one, of a file.</summary>
public sealed record AnalyzeOptions
{
    /// <summary>A manifest with policies, their exclusions, models and rules; null: the operator is asked.</summary>
    public string? PolicyFile { get; init; }

    /// <summary>The operator, or null.</summary>
    public OperatorAddress? Operator { get; init; }

    /// <summary>NAMESPACE/NAME of the policy for calls that name none; null: the only one of a file.</summary>
    public string? DefaultPolicy { get; init; }

    /// <summary>Folder with rule sets, or null.</summary>
    public string? RulesDirectory { get; init; }

    /// <summary>Folder with model packages, or null.</summary>
    public string? ModelsDirectory { get; init; }

    /// <summary>Compiled policies that are kept, some 100 MB each with the Core Rule Set and models.</summary>
    public int PoliciesMax { get; init; } = 2;
}

/// <summary>Bounds of a call.</summary>
public static class AnalyzeLimits
{
    /// <summary>Bytes of a call's body.</summary>
    public const int BytesMax = 8 << 20;

    /// <summary>Requests of a call.</summary>
    public const int RequestsMax = 1_000;

    /// <summary>Time for all of a call, compiling the policy included.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    /// <summary>Calls at once.</summary>
    public const int CallsMax = 8;

    /// <summary>Calls of one user at once.</summary>
    public const int CallsPerUserMax = 2;

    /// <summary>Characters of a policy's or namespace's name.</summary>
    public const int NameMax = 253;

    /// <summary>Requests that cannot be read and are told one by one; the others are counted.</summary>
    public const int ProblemsMax = 20;
}
